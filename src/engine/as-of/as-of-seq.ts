/**
 * Which part of what a workspace holds was known at an instant. Every unit of work has one link of
 * the hash chain, and every link its commit time; times never go back along the chain. So what was
 * known is all that stands up to the last seq of the last link that is not later.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { EngineContext } from "../context.ts";
import type { ChainLink, Store } from "../ports.ts";

/** What it takes to find an instant in the chain. */
interface SeqContext extends Pick<EngineContext, "clocks" | "store"> {
  readonly loop: Pick<EngineContext["loop"], "exclusively">;
}

/**
 * The last seq that was given by an instant; 0: nothing was known. Asked in turn with the commits:
 * a unit under way carries an earlier time, and would otherwise join an answer that was already
 * given. Throws `asof.future` and `asof.too_early`.
 */
export async function seqAsOf(
  { loop, clocks, store }: SeqContext,
  workspace: string,
  atMs: number,
): Promise<number> {
  // Inside a unit, so that no other node has one under way either. A refusal is an answer of it: a
  // unit that fails is rolled back, and with it what waits in memory for the units behind it.
  const find = async (): Promise<number | TollgateError> => {
    const nowMs = (await clocks.of(workspace)).nowMs();
    if (atMs > nowMs) {
      const [at, now] = [atMs, nowMs].map((ms) => new Date(ms).toISOString());
      const detail = `${at} is still to come: it is ${now}, and until then more may be known.`;
      return new TollgateError("asof.future", detail, "asOf");
    }
    return seqAt(store, workspace, atMs);
  };
  const found = await loop.exclusively(() => store.transact(workspace, find), workspace);
  if (found instanceof TollgateError) throw found;
  return found;
}

const LAST = Number.MAX_SAFE_INTEGER;

/** Halves the stretch of seqs in which the first link lies that is later than an instant. */
export async function seqAt(
  store: Store,
  workspace: string,
  atMs: number,
): Promise<number | TollgateError> {
  const isLater = (link: ChainLink | undefined) => (link?.committedAtMs ?? 0) > atMs;
  const newest = await store.linkBefore(workspace, LAST);
  if (newest === undefined) return 0;
  if (!isLater(newest)) return lastSeqOf(newest, atMs, null);
  // The link of `low` is not later; the one that begins with `next` is.
  let [low, known, next] = [0, undefined as ChainLink | undefined, newest];
  while (next.firstSeq - low > 1) {
    const middle = low + Math.floor((next.firstSeq - low) / 2);
    const link = await store.linkBefore(workspace, middle);
    if (link !== undefined && isLater(link)) next = link;
    else [low, known] = [Math.max(middle, link?.lastSeq ?? 0), link];
  }
  return known === undefined ? 0 : lastSeqOf(known, atMs, next);
}

function lastSeqOf(link: ChainLink, atMs: number, next: ChainLink | null): number | TollgateError {
  if (link.committedAtMs !== null) return link.lastSeq;
  const at = new Date(atMs).toISOString();
  const from = next?.committedAtMs ?? null;
  const earliest =
    from === null
      ? "No commit has a time yet; the next one will."
      : `The earliest instant that can be answered is ${new Date(from).toISOString()}.`;
  const detail = `What was known at ${at} was recorded before commit times were. ${earliest}`;
  return new TollgateError("asof.too_early", detail, "asOf");
}
