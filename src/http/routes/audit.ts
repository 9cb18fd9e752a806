/** The audit log: what people have changed. */
import type { JournalKind } from "../../domain/event/journal.ts";
import { AUDIT_KINDS } from "../../engine/acts/read-audit.ts";
import { optionalInstant } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { CURSOR, closed, described, ID, LIMIT, named, oneOf, TIME_SENT } from "../schema.ts";
import { auditView } from "../views/audit-view.ts";

interface AuditBody {
  readonly kind?: JournalKind;
  readonly subject?: string;
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
  readonly cursor?: number;
  readonly limit: number;
}

const readAudit = route<unknown, AuditBody>({
  method: "GET",
  path: "/v1/audit",
  operationId: "readAudit",
  summary: "What people have changed, newest first: who, when, why, before and after.",
  scope: "admin",
  query: closed({
    "kind?": oneOf(AUDIT_KINDS),
    "subject?": described(ID, "What was changed: a card, a customer, a budget, a key."),
    "by?": described(ID, "Who decided it, or a key by its id or label."),
    "from?": described(TIME_SENT, "Recorded at this RFC 3339 instant or later."),
    "to?": described(TIME_SENT, "Recorded before this one."),
    "cursor?": CURSOR,
    "limit?": LIMIT,
  }),
  answers: { 200: json("A page of changes.", named("AuditPage")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query }) => {
    const { kind = null, subject = null, by = null, cursor: beforeSeq = null, limit } = query;
    const fromMs = optionalInstant(query.from, "from");
    const toMs = optionalInstant(query.to, "to");
    const filter = { kind, subject, by, fromMs, toMs, beforeSeq, limit };
    const page = await engine.audit(workspace, filter);
    return ok({ entries: page.entries.map(auditView), next: page.next });
  },
});

/** The audit log. */
export const AUDIT_ROUTES = [readAudit];
