/** Which statements were voided, and what was issued in their place. */

import { recordedAct } from "../acts/recorded-acts.ts";
import type { Reads } from "../ports.ts";
import type { Voiding } from "./correction-records.ts";
import type { StatementHead } from "./statement-list.ts";

/** What a statement stands for, and what stands for it: null, where that is none. */
export interface Succession {
  readonly replaces: string | null;
  readonly replacedBy: string | null;
}

/** That of a statement which was closed just now for the first time. */
export const NO_SUCCESSION: Succession = { replaces: null, replacedBy: null };

/** How a statement was voided; undefined: it stands. */
export function voidingOf(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  id: string,
): Promise<Voiding | undefined> {
  return recordedAct<Voiding>(store, workspace, { kind: "statement.voided", subject: id });
}

/** Reads what a statement stands for, and what stands for it. */
export async function successionOf(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  id: string,
): Promise<Succession> {
  const of = { kind: "statement.reissued", subject: id } as const;
  const reissued = await recordedAct<{ readonly replaces: string }>(store, workspace, of);
  const voiding = await voidingOf(store, workspace, id);
  return { replaces: reissued?.replaces ?? null, replacedBy: voiding?.replacedBy ?? null };
}

/**
 * The same for a page, in its order. Who was voided stands beside what replaced it, both being of
 * one customer's period; so one that has no such neighbour is not looked up, unless its neighbour
 * may be on another page.
 */
export async function successionsOf(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  page: readonly StatementHead[],
): Promise<readonly Succession[]> {
  const isBeside = (index: number, one: StatementHead) => {
    const other = page[index];
    return other === undefined || (other.customer === one.customer && other.period === one.period);
  };
  const found: Succession[] = [];
  for (const [index, one] of page.entries()) {
    const mayHave = isBeside(index - 1, one) || isBeside(index + 1, one);
    found.push(mayHave ? await successionOf(store, workspace, one.id) : NO_SUCCESSION);
  }
  return found;
}
