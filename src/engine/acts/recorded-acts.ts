/** Reads acts of the journal as what they recorded. */
import { canonicalJson } from "../../domain/canonical-json.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { JournalKind } from "../../domain/event/journal.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { Digest, Reads } from "../ports.ts";

/** The documents of all acts of a kind, oldest first. Acts by hand are as many as people make. */
export async function recordedActs<T>(
  store: Pick<Reads, "acts">,
  workspace: string,
  of: { readonly kind: JournalKind; readonly subject?: string },
): Promise<T[]> {
  const found: T[] = [];
  let afterSeq = 0;
  for (;;) {
    const page = await store.acts(workspace, { ...of, afterSeq, limit: PAGE_MAX_ROWS });
    found.push(...page.map((entry) => JSON.parse(entry.document) as T));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAX_ROWS) return found;
    afterSeq = last.seq;
  }
}

/** The document of the newest act on a subject; undefined where there is none. */
export async function recordedAct<T>(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  { kind, subject }: { readonly kind: JournalKind; readonly subject: string },
): Promise<T | undefined> {
  const act = await store.lastAct(workspace, kind, subject);
  return act === undefined ? undefined : (JSON.parse(act.document) as T);
}

/** Who an act by hand is of, and what identifies it. */
export interface ByHand {
  /** Identity of the act; null: it follows from what the act says, so repeating changes nothing. */
  readonly id: string | null;
  readonly reason: string;
  /** Who decided it. */
  readonly by: string;
}

/** The identity of an act by hand, and a digest of all that it says. */
export function identify(
  digest: Digest,
  prefix: string,
  request: ByHand,
): { readonly id: string; readonly key: string } {
  const key = digest.content(canonicalJson(request));
  const id = request.id ?? `${prefix}_${digest.sha256(canonicalJson(request)).slice(0, 20)}`;
  return { id, key };
}

/** Throws `booking.conflict` where an act of the same identity says something else. */
export function requireSame(
  known: { readonly id: string; readonly key: string },
  key: string,
): void {
  if (known.key === key) return;
  const detail = `"${known.id}" was booked before with other content.`;
  throw new TollgateError("booking.conflict", detail, "id");
}
