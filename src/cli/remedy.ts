/**
 * What to do about a failure, for a person at a terminal. The catalogue speaks to programs: where
 * it names a route or the OpenAPI document, the command that does it is told here.
 */
import { ERRORS, type ErrorCode } from "../domain/errors.ts";

const REMEDIES: Partial<Record<ErrorCode, string>> = {
  "alert.delivery_not_found": "See 'tollgate alerts deliveries'.",
  "alert.route_not_found": "See 'tollgate alerts routes'.",
  "auth.forbidden": "Make one that may with an admin key: 'tollgate keys create --scopes LIST'.",
  "auth.invalid": "Make one with an admin key: 'tollgate keys create'.",
  "auth.missing": "Give --key, or set TOLLGATE_KEY.",
  "budget.not_found": "See 'tollgate budget list'.",
  "change.not_found": "See 'tollgate changes list'.",
  "change.proposed": "Have another key approve it: 'tollgate changes approve ID'.",
  "change.settled": "See 'tollgate changes list'.",
  "credit.not_found": "See 'tollgate credit list STATEMENT'.",
  "customer.not_found": "Check its name; the first step that names a customer makes it.",
  "dispute.not_found": "See 'tollgate dispute list'.",
  "entitlement.missing": "See 'tollgate entitlement show CUSTOMER', or have it allowed.",
  "grant.not_found": "See 'tollgate credits balance CUSTOMER'.",
  "invoice.not_found": "Import it first: 'tollgate invoice import FILE'.",
  "key.not_found": "See 'tollgate keys list'.",
  "period.closed": "See 'tollgate statement list'.",
  "period.open": "Wait for its end, or close it early: --early.",
  "policy.not_found": "See 'tollgate policy list'.",
  "rate.missing": "Record one first: 'tollgate rates import FILE'.",
  "ratecard.not_found": "Apply it first: 'tollgate card apply FILE'.",
  "request.malformed": "Correct what was given.",
  "run.too_large": "Show it without its steps: 'tollgate run ID --totals'.",
  "statement.line_not_found": "See 'tollgate statement ID'.",
  "statement.not_found": "See 'tollgate statement list'.",
  "store.unknown":
    "Look whether it is done before you do it again; events may be sent again always.",
  "stop.not_found": "See 'tollgate stop list'.",
  "target.not_found": "See 'tollgate target list'.",
  "topup.not_found": "See 'tollgate credits balance CUSTOMER'.",
  "workspace.not_sandbox": "Make a sandbox: 'tollgate workspace create NAME'.",
};

const OF_THE_COMMAND = new Set<ErrorCode>([
  ...(["cli.usage", "field.unknown", "field.missing", "field.invalid"] as const),
  ...(["field.out_of_range", "usage.format_unknown"] as const),
]);

/** What the catalogue says of documents; where none of their fields is named, it leads nowhere. */
const AT_PATH = ERRORS["ratecard.invalid"][2];

/** The remedy of a document that is wrong: of a field, or of the file as a whole. */
export function documentRemedy(isOfField: boolean): string {
  return isOfField ? AT_PATH : "Correct the file.";
}

/** The remedy of a code; `command` is the one that was called, where there is such a one. */
export function remedyOf(code: ErrorCode, command: string | undefined): string {
  if (OF_THE_COMMAND.has(code)) {
    return command === undefined ? "See 'tollgate help'." : `See 'tollgate help ${command}'.`;
  }
  return REMEDIES[code] ?? ERRORS[code][2];
}
