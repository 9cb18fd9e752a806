/**
 * The audit log: what people have changed, as the journal has it. Nothing is written for it but who
 * asked (`act.signed`, in the unit of work of the act) and keys, so it cannot differ from what was
 * done, and the hash chain covers it like everything else.
 */
import { JOURNAL_KINDS, type JournalEntry, type JournalKind } from "../../domain/event/journal.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { Signature } from "../actor.ts";
import type { Reads } from "../ports.ts";
import { newestActs } from "./newest-acts.ts";

/** What events say, what follows from them, and what other entries say as well. */
const NOT_DECIDED: ReadonlySet<JournalKind> = new Set([
  ...(["run.opened", "run.closed", "run.abandoned", "step.amended", "step.voided"] as const),
  ...(["outcome.recorded", "outcome.reversed", "outcome.settled"] as const),
  ...(["budget.stage_reached", "budget.stages_armed", "credit.posted", "alert.told"] as const),
  ...(["alert.look_due", "alert.looked"] as const),
  "policy.reached",
  "run.restated",
  ...(["parent.left", "parent.credited"] as const),
  "act.signed",
]);

/** Kinds of the audit log. */
export const AUDIT_KINDS: readonly JournalKind[] = JOURNAL_KINDS.filter(
  (kind) => !NOT_DECIDED.has(kind),
);

/** Kinds whose newest act on a subject holds: the one before it says what was before. */
const REPLACING: ReadonlySet<JournalKind> = new Set([
  ...(["card.applied", "prices.imported", "customer.saved", "workspace.saved"] as const),
  ...(["commitments.saved", "entitlements.saved", "credit.ruled", "alert.route_saved"] as const),
  ...(["policy.saved", "target.saved", "clock.advanced"] as const),
]);

/** Which entries to read, newest first. */
export interface AuditQuery {
  /** Null: all. */
  readonly kind: JournalKind | null;
  readonly subject: string | null;
  /** Who decided or asked: the name that an act states, or a key's id or label. */
  readonly by: string | null;
  /** Recorded at this instant or later, and before that one. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Goes on behind this one, the `next` of the page before; null: from the newest on. */
  readonly beforeSeq: number | null;
  readonly limit: number;
}

type Document = Readonly<Record<string, unknown>>;

/** One change. */
export interface AuditEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: JournalKind;
  /** What was changed: a card, a customer, a budget, a key. */
  readonly subject: string;
  /** Who decided it, as the act says, else the key's label or id; null: nobody said. */
  readonly by: string | null;
  /** The key that asked; null: this installation did it itself, or the act is older than keys. */
  readonly key: string | null;
  readonly reason: string | null;
  /** What held before; null: nothing did, or the act adds and replaces nothing. */
  readonly before: unknown;
  readonly after: unknown;
}

/** A page of changes. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Where to go on; null: that was all. */
  readonly next: number | null;
}

/** Entries that a page looks at before it answers with what it has found. */
const LOOKED_AT_MAX_COUNT = 10 * PAGE_MAX_ROWS;
const PAGE_ROWS = 200;

/** Reads a page; one that many others lie between may be short of its limit. */
export async function readAudit(
  store: Reads,
  workspace: string,
  query: AuditQuery,
): Promise<AuditPage> {
  const kinds = query.kind === null ? AUDIT_KINDS : [query.kind];
  const of = query.subject === null ? {} : { subject: query.subject };
  const found: AuditEntry[] = [];
  let beforeSeq = query.beforeSeq ?? Number.MAX_SAFE_INTEGER;
  for (let looked = 0; looked < LOOKED_AT_MAX_COUNT; looked += PAGE_ROWS) {
    const wanted = { kinds, ...of, beforeSeq, limit: PAGE_ROWS };
    const entries = await newestActs(store, workspace, wanted);
    const signatures = await signaturesOf(store, workspace, entries);
    for (const entry of entries) {
      beforeSeq = entry.seq;
      if (query.fromMs !== null && entry.receivedAtMs < query.fromMs) {
        return { entries: found, next: null };
      }
      const signature = signatures.find(({ fromSeq, toSeq }) => {
        return fromSeq <= entry.seq && entry.seq <= toSeq;
      });
      const change = await changeOf(store, workspace, { entry, signature: signature ?? null });
      if (!isWanted(change, query)) continue;
      found.push(change);
      if (found.length === query.limit) return { entries: found, next: beforeSeq };
    }
    if (entries.length < PAGE_ROWS) return { entries: found, next: null };
  }
  return { entries: found, next: beforeSeq };
}

/** A signature stands right behind the acts that it is of. */
async function signaturesOf(
  store: Reads,
  workspace: string,
  entries: readonly JournalEntry[],
): Promise<Signature[]> {
  const [newest, oldest] = [entries[0]?.seq ?? 0, entries.at(-1)?.seq ?? 0];
  const found: Signature[] = [];
  for (let afterSeq = oldest; found.at(-1) === undefined || afterSeq < newest; ) {
    const page = await store.acts(workspace, { kind: "act.signed", afterSeq, limit: PAGE_ROWS });
    found.push(...page.map(({ document }) => JSON.parse(document) as Signature));
    if (page.length < PAGE_ROWS) break;
    afterSeq = page.at(-1)?.seq ?? newest;
  }
  return found;
}

interface Signed {
  readonly entry: JournalEntry;
  readonly signature: Signature | null;
}

async function changeOf(
  store: Reads,
  workspace: string,
  { entry, signature }: Signed,
): Promise<AuditEntry> {
  const { seq, kind, id, receivedAtMs } = entry;
  const { reason, by, before, was, after, sealed: _, ...rest } = documentOf(entry);
  const stated = after === undefined ? rest : after;
  return {
    ...{ seq, atMs: receivedAtMs, kind, subject: id },
    by: textOrNull(by) ?? (signature === null ? null : signature.label || signature.key),
    key: signature?.key ?? null,
    reason: textOrNull(reason) ?? signature?.reason ?? null,
    before: before ?? was ?? (await formerly(store, workspace, entry)),
    after: stated,
  };
}

function documentOf({ document }: JournalEntry): Document {
  return JSON.parse(document) as Document;
}

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

async function formerly(
  store: Reads,
  workspace: string,
  { kind, id, seq }: JournalEntry,
): Promise<unknown> {
  if (!REPLACING.has(kind)) return null;
  const filter = { kind, subject: id, beforeSeq: seq, limit: 1 };
  const [former] = await store.acts(workspace, filter);
  if (former === undefined) return null;
  const { reason: _, by: __, before: ___, after, sealed: ____, ...rest } = documentOf(former);
  return after === undefined ? rest : after;
}

function isWanted(
  { by, key, atMs }: AuditEntry,
  { by: wanted, toMs }: Pick<AuditQuery, "by" | "toMs">,
): boolean {
  const isBy = wanted === null || by === wanted || key === wanted;
  return isBy && (toMs === null || atMs < toMs);
}
