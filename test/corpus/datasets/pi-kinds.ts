/** The cost that pi states for each kind of token of a message. */
import { type CallTokens, MILLIONTH_FIRST, NO_TOKENS } from "../arithmetic.ts";
import { type JsonObject, objectAt, textOf } from "../number-text.ts";
import type { Peer } from "../priced-call.ts";
import { judgePart } from "../recorded-call.ts";
import type { StatedFigure } from "../types.ts";

/** The kinds of token that pi tells apart. */
export const KINDS = ["input", "output", "cacheRead", "cacheWrite"] as const;

/** An assistant message of a session. */
export interface PiMessage {
  readonly step: string;
  readonly usage: JsonObject;
  readonly tokens: CallTokens;
  readonly peers: readonly Peer[];
  /** The same calls with the cost of one kind of token. */
  readonly peersOfKind: (kind: string) => readonly Peer[];
}

/** One figure for each kind that the message used. The total states them in sum. */
export function kindFigures({ step, usage, tokens, peersOfKind }: PiMessage): StatedFigure[] {
  return KINDS.flatMap((kind) => {
    const text = textOf(objectAt(usage.cost)[kind]);
    if (text === undefined) return [];
    const part = { ...NO_TOKENS, [kind]: tokens[kind] };
    const lost = { isCacheLost: false, isReasoningLost: false };
    const call = { step, cost: text, tokens: part, ...lost, peers: peersOfKind(kind) };
    const figure: StatedFigure = {
      name: `cost of ${kind} of ${step}`,
      text,
      kind: "cost",
      partOfSum: true,
      judge: (metered, stated) => judgePart({ ...call, cost: stated }, metered, [MILLIONTH_FIRST]),
    };
    return [figure];
  });
}
