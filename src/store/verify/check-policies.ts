/**
 * Policies and what they found, which stand in acts alone: each change begins at what was there,
 * each finding is by a rule that was set and is put on record once until its run is let go on, and
 * each stop by a policy has its finding.
 */
import { canonicalJson } from "../../domain/canonical-json.ts";
import { AMOUNT_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import type { Acts, Document, RecordedAct } from "./acts.ts";
import { isBorneOut } from "./check-policy-levels.ts";
import type { DataFile } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined } from "./key-parts.ts";

/** Checks the acts of policies against one another and against the runs. */
export function checkPolicies(file: DataFile, acts: Acts): void {
  const expect = ({ ws, seq }: RecordedAct, holds: boolean, problem: string) =>
    file.findings.expect(holds, ["journal", keyText(file.workspace(ws), seq), problem]);
  let former: RecordedAct | null = null;
  for (const act of acts.all("policy.saved")) {
    const isSame = former?.ws === act.ws && former.subject === act.subject;
    const was = isSame ? (former?.document.after ?? null) : null;
    const isWhatWas = canonicalJson(act.document.before) === canonicalJson(was);
    expect(act, isWhatWas, "changes a policy from what it was not");
    former = act;
  }
  for (const act of acts.all("policy.reached")) {
    const run = file.first("SELECT 1 FROM runs WHERE ws = ? AND id = ?", act.ws, act.subject);
    expect(act, run !== undefined, `finds a run "${act.subject}" that there is not`);
    expect(act, isByRule(acts, act), "is a finding by no rule that was set");
    expect(act, isBeyond(act.document), "finds a run beyond what it is not beyond");
    expect(act, isOnly(acts, act), "repeats a finding");
    expect(
      act,
      run === undefined || isBorneOut(file, acts, act),
      "finds more than the rows of its run hold",
    );
  }
  for (const act of acts.all("work.stopped")) {
    const { policy, of, id } = act.document;
    if (policy === undefined) continue;
    const found = of === "run" ? acts.of("policy.reached", act.ws, id as string) : [];
    const isFound = found.some(({ seq, document }) => {
      return seq < act.seq && isSameRule(policy as Document, document);
    });
    expect(act, isFound, "is a stop by a policy that found nothing");
  }
}

function isSameRule(stop: Document, found: Document): boolean {
  return (["policy", "rule", "level", "moreThan"] as const).every((name) => {
    return stop[name] === found[name];
  });
}

/** A unit of work that had begun still looks by the policies of before. */
function isByRule(acts: Acts, { ws, seq, document }: RecordedAct): boolean {
  const { policy, rule, mode, action, moreThan } = document;
  return acts.of("policy.saved", ws, policy as string).some(({ seq: at, document: saved }) => {
    if (at > seq || saved.after === null) return false;
    const after = saved.after as { readonly mode: string; readonly rules: readonly Document[] };
    const isRule = (one: Document) =>
      one.rule === rule && one.do === action && one.moreThan === moreThan;
    return after.mode === mode && after.rules.some(isRule);
  });
}

/** Minutes are told to a tenth, so a run may be beyond by less than is seen. */
function isBeyond({ rule, level, moreThan }: Document): boolean {
  const [above, bound] = [level, moreThan].map((text) => parseScaled(String(text), AMOUNT_SCALE));
  if (above === undefined || bound === undefined) return false;
  return rule === "wall_time" ? above >= bound : above > bound;
}

function isOnly(acts: Acts, act: RecordedAct): boolean {
  const { ws, subject, seq } = act;
  const begins = acts
    .of("work.resumed", ws, JSON.stringify(["run", subject]))
    .filter((resumed) => resumed.document.levels !== undefined && resumed.seq < seq)
    .at(-1)?.seq;
  const since = acts.of("policy.reached", ws, subject).filter((one) => one.seq > (begins ?? 0));
  const name = ruleName(act.document);
  return since.find((one) => ruleName(one.document) === name)?.seq === seq;
}

function ruleName({ policy, rule, mode, action, moreThan }: Document): string {
  return joined(...[policy, rule, mode, action, moreThan].map(String));
}
