/** Which rules a run is beyond. */
import {
  appliesTo,
  formatRuleLevel,
  type Policy,
  type PolicyHit,
  type PolicyRule,
  type PolicySubject,
} from "./policy.ts";
import { type LookingAt, levelOf, type WatchedRun } from "./run-levels.ts";

/** A run, named, with what selects it. */
export interface JudgedRun extends WatchedRun {
  readonly id: string;
  readonly subject: PolicySubject;
}

/** The rules that a run is beyond, in the order of the policies. */
export function judgeRun(policies: readonly Policy[], run: JudgedRun, at: LookingAt): PolicyHit[] {
  const hits: PolicyHit[] = [];
  for (const policy of policies) {
    if (!appliesTo(policy, run.subject)) continue;
    let before: PolicyRule | null = null;
    let level = 0n;
    for (const rule of policy.rules) {
      // Stages stand one after the other, and look at the same.
      if (before === null || !looksAtTheSame(before, rule)) level = levelOf(rule, run, at);
      before = rule;
      if (level > rule.moreThan) hits.push(hitOf(policy, rule, { run: run.id, level }));
    }
  }
  return hits;
}

function looksAtTheSame(a: PolicyRule, b: PolicyRule): boolean {
  if (a.kind !== b.kind || a.within !== b.within || a.rises !== b.rises) return false;
  if (a.measure !== b.measure || a.currency !== b.currency) return false;
  return a.exceptTools.length === 0 && b.exceptTools.length === 0;
}

function hitOf(
  { key, mode }: Policy,
  { kind, action, delayMs, moreThan }: PolicyRule,
  { run, level }: { readonly run: string; readonly level: bigint },
): PolicyHit {
  return {
    ...{ policy: key, rule: kind, mode, action, delayMs, run },
    level: formatRuleLevel(kind, level),
    moreThan: formatRuleLevel(kind, moreThan),
  };
}

/** What has to be kept of runs, so that every rule of some policies can be looked at. */
export interface Wanted {
  /** Last steps of a run. */
  readonly steps: number;
  readonly children: boolean;
  readonly minute: boolean;
}

/** What the rules of policies look at, all together. */
export function wantedBy(policies: readonly Policy[]): Wanted {
  const rules = policies.flatMap((policy) => policy.rules);
  const looksAt = (kind: PolicyRule["kind"]) => rules.some((rule) => rule.kind === kind);
  return {
    steps: Math.max(0, ...rules.map(({ within }) => within)),
    children: looksAt("fan_out"),
    minute: looksAt("spend_per_minute"),
  };
}
