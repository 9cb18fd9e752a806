/** Policies, and the rules that runs were beyond, as tables. */
import type { Styles } from "./styles.ts";
import { renderTable } from "./table.ts";

/** A rule as the API answers it. */
interface RuleView {
  readonly rule: string;
  readonly moreThan: string;
  readonly do: string;
  readonly within?: number;
  readonly delayMs?: number;
  readonly measure?: string;
}

type WhereView = Readonly<Record<string, readonly string[]>>;

/** A policy as the API answers it. */
export interface PolicyView {
  readonly key: string;
  readonly name: string;
  readonly mode: string;
  readonly where: WhereView;
  readonly except: WhereView;
  readonly rules: readonly RuleView[];
}

/** A rule that a run was beyond, as the API answers it. */
export interface ReachedView {
  readonly policy: string;
  readonly rule: string;
  readonly do: string;
  readonly mode: string;
  readonly run: string;
  readonly level: string;
  readonly moreThan: string;
  readonly at: string;
}

/** One row a policy. */
export function renderPolicies(policies: readonly PolicyView[], styles: Styles): string[] {
  const rows = policies.map((policy) => [
    ...[policy.key, policy.mode, forText(policy)],
    policy.rules.map((rule) => `${rule.do} at ${rule.rule} > ${rule.moreThan}`).join(", "),
  ]);
  return renderTable({ columns: columns("policy", "mode", "for", "rules"), rows }, styles);
}

/** One row a rule. */
export function renderPolicy(policy: PolicyView, styles: Styles): string[] {
  const rows = policy.rules.map(({ rule, moreThan, do: action, within, delayMs, measure }) => [
    ...[rule, `> ${moreThan}`, measure ?? "", action],
    within === undefined ? "" : `in the last ${within} steps`,
    delayMs === undefined ? "" : `one hold in ${delayMs} ms`,
  ]);
  const titles = ["rule", "more than", "of", "do", "", ""];
  const head = `${policy.key} (${policy.mode}): ${policy.name}, for ${forText(policy)}`;
  return [styles.bold(head), ...renderTable({ columns: columns(...titles), rows }, styles)];
}

/** One row a rule that a run was beyond, oldest first. */
export function renderReached(reached: readonly ReachedView[], styles: Styles): string[] {
  const rows = reached.map((one) => [
    ...[one.at, one.policy, one.rule, one.level, one.moreThan],
    one.mode === "observe" ? `would ${one.do}` : one.do,
  ]);
  const titles = ["at", "policy", "rule", "level", "more than", ""];
  return renderTable({ columns: columns(...titles), rows }, styles);
}

function columns(...titles: readonly string[]) {
  return titles.map((title) => ({ title, align: "left" as const }));
}

function forText({ where, except }: Pick<PolicyView, "where" | "except">): string {
  const text = (of: WhereView) =>
    Object.entries(of)
      .map(([name, values]) => `${name} ${values.join("|")}`)
      .join(", ");
  const [chosen, but] = [text(where), text(except)];
  return `${chosen === "" ? "every run" : chosen}${but === "" ? "" : ` but ${but}`}`;
}
