/** What a customer has agreed to use up. */
import { timeText } from "../instant.ts";
import { ManyProblems } from "../problem.ts";
import { json, ok, type RouteContext, route } from "../route.ts";
import { closed, ID, named } from "../schema.ts";
import { commitmentView } from "../views/commitment-view.ts";

interface OfCustomer {
  readonly customer: string;
}

const PATH = "/v1/customers/{customer}/commitments";
const PARAMS = closed({ customer: ID });

const readCommitments = route<OfCustomer>({
  method: "GET",
  path: PATH,
  operationId: "readCommitments",
  summary: "Read a customer's commitments, how much is drawn, and when they will be used up.",
  scope: "read",
  params: PARAMS,
  answers: { 200: json("The commitments, in their order.", named("Commitments")) },
  errors: ["customer.not_found"],
  handle: async (context, { workspace, params }) =>
    ok(await commitments(context, workspace, params.customer)),
});

const saveCommitments = route<OfCustomer>({
  method: "PUT",
  path: PATH,
  operationId: "saveCommitments",
  summary: "Set a customer's commitments, all of them, in the order in which usage draws them.",
  scope: "admin",
  params: PARAMS,
  body: { schema: named("NewCommitments"), isParsedByHandler: true },
  answers: { 200: json("The commitments as they are now.", named("Commitments")) },
  errors: [
    ...(["customer.not_found", "commitment.invalid"] as const),
    ...(["commitment.backdated", "commitment.fixed"] as const),
  ],
  handle: async (context, { workspace, params: { customer }, body }) => {
    const saved = await context.engine.commitments.save(workspace, { customer, document: body });
    if ("problems" in saved) throw new ManyProblems(saved.problems);
    return ok(await commitments(context, workspace, customer));
  },
});

async function commitments({ engine }: RouteContext, workspace: string, id: string) {
  const found = await engine.commitments.read(workspace, id);
  return {
    customer: found.customer,
    now: timeText(found.nowMs),
    method: "linear",
    commitments: found.commitments.map(commitmentView),
  };
}

/** Commitments. */
export const COMMITMENT_ROUTES = [readCommitments, saveCommitments];
