/** Changes that wait for a second key. */
import { TollgateError } from "../../domain/errors.ts";
import { parseAmount } from "../../domain/money/decimal.ts";
import { json, ok, type RouteContext, route } from "../route.ts";
import { CURSOR, closed, DECIMAL, ID, LIMIT, named, nullable } from "../schema.ts";
import { changeView } from "../views/audit-view.ts";

interface ListQuery {
  readonly limit: number;
  readonly cursor?: number;
}

const listChanges = route<unknown, ListQuery>({
  method: "GET",
  path: "/v1/changes",
  operationId: "listChanges",
  summary: "Changes that wait, or waited, for a second key, oldest first.",
  scope: "admin",
  query: closed({ "limit?": LIMIT, "cursor?": CURSOR }),
  answers: { 200: json("A page of changes.", named("ChangeList")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query: { limit, cursor = 0 } }) => {
    const page = await engine.changes.list(workspace, { afterSeq: cursor, limit });
    return ok({ changes: page.found.map(changeView), next: page.next });
  },
});

interface OfChange {
  readonly id: string;
}

const approve = route<OfChange>({
  method: "POST",
  path: "/v1/changes/{id}/approve",
  operationId: "approveChange",
  summary: "Carry a change out; the key that proposed it may not.",
  scope: "admin",
  params: closed({ id: ID }),
  body: { schema: closed({}), isOptional: true },
  answers: { 200: json("The change.", named("Change")) },
  errors: ["change.not_found", "change.settled", "change.same_key"],
  handle: async (context, { workspace, params: { id } }) => {
    const { engine, carryOut } = context;
    const change = await engine.changes.requireOpen(workspace, { id, isApproval: true });
    // Carried out first: a crash in between leaves it open, and the same act again changes nothing.
    await carryOut?.(change);
    await engine.changes.decide(workspace, { id, state: "approved" });
    return ok(await viewOf(context, workspace, id));
  },
});

const reject = route<OfChange>({
  method: "POST",
  path: "/v1/changes/{id}/reject",
  operationId: "rejectChange",
  summary: "End a change without carrying it out; the key that proposed it may too.",
  scope: "admin",
  params: closed({ id: ID }),
  body: { schema: closed({}), isOptional: true },
  answers: { 200: json("The change.", named("Change")) },
  errors: ["change.not_found", "change.settled"],
  handle: async (context, { workspace, params: { id } }) => {
    await context.engine.changes.decide(workspace, { id, state: "rejected" });
    return ok(await viewOf(context, workspace, id));
  },
});

async function viewOf({ engine }: RouteContext, workspace: string, id: string): Promise<object> {
  return changeView(await engine.changes.find(workspace, id));
}

const readApprovals = route({
  method: "GET",
  path: "/v1/approvals",
  operationId: "readApprovals",
  summary: "Read from which amount on changes of cards and budgets want a second key.",
  scope: "admin",
  answers: { 200: json("The setting.", named("Approvals")) },
  handle: async ({ engine }, { workspace }) => {
    const { approvalFrom } = await engine.workspace(workspace);
    return ok({ from: approvalFrom });
  },
});

const saveApprovals = route<unknown, unknown, { readonly from: string | null }>({
  method: "PUT",
  path: "/v1/approvals",
  operationId: "saveApprovals",
  summary: "Say from which amount on they do; null: none. Where it is set, this waits as well.",
  scope: "admin",
  body: { schema: closed({ from: nullable({ ...DECIMAL, maxLength: 48 }) }) },
  answers: { 200: json("The setting.", named("Approvals")) },
  mayWait: true,
  handle: async ({ engine }, { workspace, body: { from } }) => {
    const amount = from === null ? 0n : parseAmount(from);
    if (amount === undefined || amount < 0n) {
      throw new TollgateError("field.invalid", `"${from}" is no amount of money.`, "from");
    }
    await engine.saveWorkspace(workspace, { approvalFrom: from });
    return ok({ from });
  },
});

/** Changes that wait. */
export const CHANGE_ROUTES = [listChanges, approve, reject, readApprovals, saveApprovals];
