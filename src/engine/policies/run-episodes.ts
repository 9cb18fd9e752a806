/**
 * Where the levels of a run begin. Whoever lets a run go on gives it the whole of every rule again;
 * what it had come to by then stands in the act. What it was beyond since then stands in acts too.
 */
import { present } from "../../domain/assert.ts";
import type { JournalKind } from "../../domain/event/journal.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { formatAmount, parseAmount } from "../../domain/money/decimal.ts";
import type { PolicyHit } from "../../domain/policy/policy.ts";
import { type Episode, WHOLE_RUN } from "../../domain/policy/run-levels.ts";
import type { Run } from "../../domain/run/run.ts";
import type { Reads } from "../ports.ts";

/** What a run had come to when somebody let it go on, as the act records it. */
export interface EpisodeDocument {
  readonly steps: number;
  readonly children: number;
  readonly cost: string;
  readonly charge: string;
  readonly atMs: number;
}

/** A run as it stands when it is let go on. */
export function episodeOf(
  { own, tree }: Run,
  { children, atMs }: { readonly children: number; readonly atMs: number },
): EpisodeDocument {
  const [cost, charge] = [formatAmount(tree.cost), formatAmount(tree.charge)];
  return { steps: own.steps, children, cost, charge, atMs };
}

function readEpisode({ steps, children, cost, charge, atMs }: EpisodeDocument): Episode {
  const amount = (text: string) => present(parseAmount(text), `amount "${text}"`);
  return { steps, children, cost: amount(cost), charge: amount(charge), atMs };
}

/** What an act that put a rule on record says. */
export interface ReachedDocument extends PolicyHit {
  readonly customer: string | null;
  readonly agent: string | null;
  readonly root: string;
  /** `ask`: a step that was asked for; `event`: what was recorded. */
  readonly cause: "ask" | "event";
}

/** What an act that put a rule on record says. */
export function readReached(document: string): ReachedDocument {
  return JSON.parse(document) as ReachedDocument;
}

/** Since when a run goes on, and the seq of the act that let it. */
export async function lastEpisode(
  store: Reads,
  workspace: string,
  run: string,
): Promise<{ readonly episode: Episode; readonly seq: number }> {
  const subject = JSON.stringify(["run", run]);
  let found = { episode: WHOLE_RUN, seq: 0 };
  for await (const { seq, document } of actsOf(store, workspace, {
    kind: "work.resumed",
    subject,
  })) {
    const { levels } = JSON.parse(document) as { readonly levels?: EpisodeDocument };
    // A budget that has room again lets its own pause go, and forgives no rule.
    if (levels !== undefined) found = { episode: readEpisode(levels), seq };
  }
  return found;
}

/** The rules that a run was beyond since an act. */
export async function reachedSince(
  store: Reads,
  workspace: string,
  { run, seq: from }: { readonly run: string; readonly seq: number },
): Promise<PolicyHit[]> {
  const hits: PolicyHit[] = [];
  const of = { kind: "policy.reached", subject: run } as const;
  for await (const { seq, document } of actsOf(store, workspace, of)) {
    if (seq <= from) continue;
    const { customer: _, agent: __, root: ___, cause: ____, ...hit } = readReached(document);
    hits.push(hit);
  }
  return hits;
}

/** Acts on a subject, oldest first. */
export async function* actsOf(
  store: Reads,
  workspace: string,
  of: { readonly kind: JournalKind; readonly subject: string },
) {
  for (let afterSeq = 0; ; ) {
    const page = await store.acts(workspace, { ...of, afterSeq, limit: PAGE_MAX_ROWS });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAX_ROWS) return;
    afterSeq = last.seq;
  }
}
