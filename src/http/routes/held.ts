/** Events that do not count: without a customer, or at odds with one that counts. */
import type { Conflict } from "../../engine/ports.ts";
import { timeText } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import { CURSOR, closed, LIMIT, named, oneOf, TEXT } from "../schema.ts";
import { FORMS } from "../text-forms.ts";
import { heldEventView } from "../views/held-event-view.ts";

interface Page {
  readonly limit: number;
  readonly cursor?: number;
}

const PAGE = closed({ "limit?": LIMIT, "cursor?": CURSOR });

/** Where the page behind this one begins: behind what arrived last. */
function nextOf(rows: readonly { readonly seq: number }[], limit: number): number | null {
  return rows.length < limit ? null : (rows.at(-1)?.seq ?? null);
}

const listSuspense = route<unknown, Page>({
  method: "GET",
  path: "/v1/suspense",
  operationId: "listSuspense",
  summary: "List events that wait for their run's customer, oldest first.",
  scope: "read",
  query: PAGE,
  answers: { 200: json("Events in suspense.", named("SuspendedPage")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query }) => {
    const { limit, cursor } = query;
    const rows = await engine.store.listSuspended(workspace, limit, cursor);
    const events = rows.map(({ run, source, id, seq, receivedAtMs, document }) => {
      const receivedAt = timeText(receivedAtMs);
      return { run, source, id, receivedAt, seq, event: heldEventView(document) };
    });
    return ok({ events, next: nextOf(rows, limit) });
  },
});

const listConflicts = route<unknown, Page>({
  method: "GET",
  path: "/v1/conflicts",
  operationId: "listConflicts",
  summary: "List steps of which two differing exact records arrived, oldest first.",
  scope: "read",
  query: PAGE,
  answers: { 200: json("Open conflicts.", named("ConflictPage")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query: { limit, cursor } }) => {
    const rows = await engine.store.listConflicts(workspace, limit, cursor);
    return ok({ conflicts: rows.map(conflictView), next: nextOf(rows, limit) });
  },
});

interface SettleBody {
  readonly keep: "first" | "second";
  readonly reason: string;
}

const settleConflict = route<{ readonly conflict: string }, unknown, SettleBody>({
  method: "POST",
  path: "/v1/conflicts/{conflict}/settle",
  operationId: "settleConflict",
  summary: "Decide which of two records counts; keeping the second amends the step by it.",
  scope: "admin",
  params: closed({ conflict: { type: "string", pattern: FORMS.conflict.pattern } }),
  body: {
    schema: closed({ keep: oneOf(["first", "second"]), reason: { ...TEXT, minLength: 1 } }),
  },
  answers: { 200: json("The settled conflict.", named("Conflict")) },
  errors: ["conflict.not_found", "step.voided", "step.not_found", "run.condensed"],
  handle: async ({ engine }, { workspace, params, body }) => {
    const settlement = { conflict: Number(params.conflict), ...body };
    return ok(conflictView(await engine.settleConflict(workspace, settlement)));
  },
});

function conflictView({ run, source, id, seq, receivedAtMs, document, settled }: Conflict): object {
  return {
    conflict: String(seq),
    ...{ run, source, id },
    receivedAt: timeText(receivedAtMs),
    settled,
    second: heldEventView(document),
  };
}

/** Suspense and conflicts. */
export const HELD_ROUTES = [listSuspense, listConflicts, settleConflict];
