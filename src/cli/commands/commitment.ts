import { TollgateError } from "../../domain/errors.ts";
import { requiredOptions } from "../by-hand-options.ts";
import { readDocument } from "../document-file.ts";
import { type CommitmentView, renderCommitments } from "../render/commitments.ts";
import type { Session } from "../session.ts";
import { commandOfVerbs, type Scene, told, type Verb } from "../verbs.ts";

interface CommitmentsView {
  readonly customer: string;
  readonly commitments: readonly CommitmentView[];
}

const VERBS: readonly Verb[] = [
  {
    form: "list CUSTOMER",
    run: async (scene, [customer]) => show(scene, await scene.session.get(pathOf(customer))),
  },
  {
    // A file holds a list of commitments, or an object with one; JSON or YAML, as cards are.
    form: "set CUSTOMER FILE",
    run: async (scene, [customer, file = ""]) => {
      const document = await readDocument(file, scene.here, "commitment.invalid");
      const body = Array.isArray(document) ? { commitments: document } : document;
      return show(scene, await scene.session.put(pathOf(customer), body));
    },
  },
  {
    form: "end CUSTOMER KEY",
    run: async (scene, [customer, key = ""]) => {
      const { until } = requiredOptions(scene.args, ["until"]);
      return show(scene, await end(scene.session, { path: pathOf(customer), key, until }));
    },
  },
];

/** Sets, lists and ends what a customer has agreed to use up. */
export const commitment = commandOfVerbs({
  name: "commitment",
  summary: "Set what a customer has agreed to use up, and show how much of it is drawn",
  options: {
    until: { type: "string", value: "DATE", meaning: "end: periods from this date on are free" },
  },
  verbs: VERBS,
});

function pathOf(customer = ""): string {
  return `/v1/customers/${encodeURIComponent(customer)}/commitments`;
}

/** Sends all of them again, one with another end. */
async function end(
  session: Session,
  { path, key, until }: { readonly path: string; readonly key: string; readonly until: string },
): Promise<CommitmentsView> {
  const { commitments } = await session.get<CommitmentsView>(path);
  if (!commitments.some((one) => one.key === key)) {
    throw new TollgateError("cli.usage", `The customer has no commitment "${key}".`, "KEY");
  }
  const changed = commitments.map((one) => {
    const {
      soFar: _,
      lastPeriod: _last,
      ...terms
    } = one as CommitmentView & { lastPeriod: unknown };
    return one.key === key ? { ...terms, until } : terms;
  });
  return session.put(path, { commitments: changed });
}

function show(scene: Scene, answer: CommitmentsView): number {
  return told(scene, answer, () => renderCommitments(answer.commitments));
}
