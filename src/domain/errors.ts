import { EXPORT_ERRORS } from "./export/export-errors.ts";

/**
 * The closed catalogue of errors. A code is API: it never changes its meaning.
 * Each entry gives the HTTP status, one sentence of meaning and what to do.
 */
export const ERRORS = {
  "request.malformed": [400, "The body is not what this route reads.", "Send JSON or NDJSON."],
  "request.too_large": [413, "The body exceeds the size limit.", "Send fewer events a request."],
  "request.unsupported_type": [
    415,
    "This content type or encoding is not read here.",
    "Send application/json or application/x-ndjson, plain or gzip.",
  ],
  "request.route_unknown": [404, "No such route.", "See /v1/openapi.json for the routes."],
  "request.headers_too_large": [
    431,
    "The request line and headers exceed the size limit.",
    "Send shorter headers and paths.",
  ],
  "request.timeout": [408, "The request did not arrive in time.", "Send it again, in one go."],
  "field.unknown": [
    400,
    "The field is not part of this document.",
    "Remove it, or check its spelling.",
  ],
  "field.missing": [400, "A required field is missing.", "Add it."],
  "field.invalid": [
    400,
    "The field has a wrong type or form.",
    "Correct it; see the OpenAPI document.",
  ],
  "field.out_of_range": [
    400,
    "The value is outside its stated bounds.",
    "Correct it; see the limits page.",
  ],
  "auth.missing": [401, "No API key was given.", "Send 'Authorization: Bearer tg_…'."],
  "auth.invalid": [
    401,
    "The API key is unknown or revoked.",
    "Create a key with an admin key: POST /v1/keys.",
  ],
  "auth.forbidden": [
    403,
    "The API key lacks the scope that this route needs.",
    "Use a key with that scope.",
  ],
  "asof.future": [400, "The instant is still to come.", "Ask for an instant that has passed."],
  "asof.too_early": [
    409,
    "What was known then was recorded before commit times were.",
    "Ask for the earliest instant that the message names, or a later one.",
  ],
  "run.not_found": [404, "No such run.", "Check the run id."],
  "run.too_large": [
    422,
    "The run and those below it have more steps than are read at once.",
    "Read it without them (?steps=false), and its steps by pages: GET /v1/runs/{run}/steps.",
  ],
  "run.customer_mismatch": [
    409,
    "The run belongs to another customer.",
    "Send the step under the run's own customer, or open another run.",
  ],
  "run.cycle": [409, "The parent link would put the run above itself.", "Correct the parent run."],
  "run.parent_differs": [409, "The run already has another parent.", "Keep the first parent."],
  "run.too_deep": [409, "The run tree would exceed its depth limit.", "Attach the run higher up."],
  "run.standing": [
    409,
    "A standing run cannot be opened, closed or linked.",
    "Give the work a run id of its own.",
  ],
  "step.not_found": [404, "No such step.", "Send the step first, then its correction."],
  "step.voided": [409, "The step was voided; a void is final.", "Send a new step with a new id."],
  "event.conflict": [
    409,
    "The same identity arrived with other content; the first one stays counted.",
    "Look at /v1/conflicts and settle it, or amend the step.",
  ],
  "outcome.not_found": [404, "No such outcome on this run.", "Record the outcome first."],
  "outcome.conflict": [
    409,
    "This outcome was already recorded with other content.",
    "Reverse it, then record it under a new key.",
  ],
  "customer.not_found": [404, "No such customer.", "Create it, or send a step that names it."],
  "customer.card_fixed": [
    409,
    "The customer has usage: its time zone, anchor day, start and currency stay.",
    "Change its card from now on, in the same currency; else set up another customer.",
  ],
  "usage.format_unknown": [
    400,
    "The usage format is not known.",
    "Use one of the formats listed in the OpenAPI document, or send buckets.",
  ],
  "usage.inconsistent": [
    400,
    "The usage block contradicts itself.",
    "Send the provider's block unchanged.",
  ],
  "ratecard.invalid": [400, "The rate card is not valid.", "Correct the field at the path given."],
  "ratecard.not_found": [404, "No such rate card.", "Apply it first: POST /v1/rate-cards."],
  "ratecard.backdated": [
    409,
    "The version would take effect before now.",
    "Let it take effect now or later, or ask for a re-rate.",
  ],
  "price.invalid": [400, "The price list is not valid.", "Correct the field at the path given."],
  "price.backdated": [
    409,
    "The prices would change what is already rated.",
    "Let them take effect now or later, or ask for a re-rate.",
  ],
  "rate.invalid": [
    400,
    "It is no rate between currencies.",
    "Send a decimal above 0 with at most nine places.",
  ],
  "rate.backdated": [
    409,
    "The rate would change what a card has converted.",
    "Let it take effect later.",
  ],
  "rate.missing": [
    409,
    "The card charges costs in a currency to which no rate is in force from its start.",
    "Record one first: POST /v1/rates.",
  ],
  "period.open": [
    409,
    "The period has not ended.",
    "Wait for its end, or close it early on request ('early': true).",
  ],
  "period.closed": [
    409,
    "The period is already closed; a closed statement never changes.",
    "Read it at /v1/statements.",
  ],
  "report.too_large": [
    422,
    "The report would read or hold more than it may.",
    "Ask for one customer, or for a shorter time.",
  ],
  "statement.not_found": [404, "No such statement.", "Close the period first."],
  "statement.line_not_found": [404, "The statement has no such line.", "See its lines."],
  "statement.voided": [
    409,
    "The statement was voided; another one stands in its place.",
    "Use the statement that replaces it.",
  ],
  "statement.credited": [
    409,
    "The statement has credit notes or disputes.",
    "Take its credit notes back first (credit void), or credit the rest of it.",
  ],
  "credit.not_found": [404, "No such credit note.", "See the credit notes of the statement."],
  "credit.exceeded": [
    409,
    "More would be given back than was billed.",
    "Give at most what is left of it.",
  ],
  "simulation.too_large": [
    409,
    "The simulation would hold more in memory than is allowed.",
    "Name customers, and simulate them in several parts.",
  ],
  "simulation.busy": [503, "Another simulation is under way.", "Ask again when it has ended."],
  "grant.not_found": [404, "No such grant.", "See the customer's credit."],
  "grant.insufficient": [
    409,
    "Less is left of the grant than this would take.",
    "Take at most what is left of it.",
  ],
  "topup.not_found": [404, "No such payment request.", "See the customer's credit."],
  "topup.settled": [
    409,
    "The payment request was decided otherwise before.",
    "Ask for another payment.",
  ],
  "customer.parent_refused": [
    409,
    "The customer cannot stand below this one.",
    "Choose a parent that is not below it, with the same billing calendar and currency.",
  ],
  "dispute.not_found": [404, "No such dispute.", "See /v1/disputes."],
  "dispute.billed_to_other": [409, "Another one was billed for it.", "Issue a credit note."],
  "dispute.resolved": [409, "The dispute was decided otherwise before.", "Open another one."],
  "booking.conflict": [
    409,
    "The same identity was booked with other content.",
    "Give it an id of its own.",
  ],
  "commitment.invalid": [
    400,
    "The commitments are not valid.",
    "Correct the field at the path given.",
  ],
  "commitment.backdated": [
    409,
    "The commitment would begin in a period that is closed.",
    "Let it begin with a period that is open.",
  ],
  "commitment.fixed": [
    409,
    "A closed statement has drawn the commitment; its terms stay.",
    "End it with a period that is open, and add another one under its own key.",
  ],
  "budget.invalid": [400, "The budget is not valid.", "Correct the field at the path given."],
  "budget.exhausted": [
    409,
    "A budget has no room for it.",
    "Wait for others to end, or have the limit raised.",
  ],
  "budget.not_found": [404, "No such budget.", "See /v1/budgets."],
  "entitlement.invalid": [
    400,
    "What the customer may use is not valid.",
    "Correct the field at the path given.",
  ],
  "entitlement.missing": [
    403,
    "The customer may not use this.",
    "See /v1/customers/{customer}/entitlements, or have it allowed.",
  ],
  "hold.not_found": [404, "No such hold.", "Ask for one: POST /v1/runs/{run}/holds."],
  "hold.conflict": [
    409,
    "A hold for the same step was granted by other terms.",
    "Release it first, or give the step an id of its own.",
  ],
  "hold.too_many": [
    503,
    "Too many holds count at once.",
    "Record or release steps, then ask again.",
  ],
  "hold.too_many_balances": [422, "Too many balances at once.", "Ask for fewer holds at once."],
  "hold.undecided": [
    503,
    "There was no decision in time.",
    "Ask again with the same identities, or do as `onUndecided` says.",
  ],
  "run.ended": [409, "The run has ended: nothing is set aside for it.", "Open another run."],
  "run.no_customer": [
    409,
    "Nobody knows whose run it is, so no budget can decide.",
    "Open the run with its customer, in the same request if you like.",
  ],
  "run.condensed": [
    409,
    "The run is condensed: its periods are closed, and its steps may be gone.",
    "Open another run. A retry of what was kept is still answered as a duplicate.",
  ],
  "steps.removed": [
    409,
    "Steps that the answer would need were removed.",
    "Ask for what is after the instant that the message names.",
  ],
  "policy.invalid": [400, "The policy is not valid.", "Correct the field at the path given."],
  "policy.not_found": [404, "No such policy.", "See /v1/policies."],
  "live.too_many": [
    503,
    "Too many live views are open.",
    "Close some, or read the run's state instead.",
  ],
  "stop.not_found": [404, "Nothing is stopped here.", "See GET /v1/stops."],
  "change.proposed": [
    409,
    "The change waits for another key.",
    "Have another key approve it: POST /v1/changes/{id}/approve.",
  ],
  "change.unapproved": [409, "The change wants a second key.", "Send it over HTTP, by a key."],
  "change.not_found": [404, "No such change.", "See GET /v1/changes."],
  "change.settled": [409, "The change was decided before.", "See GET /v1/changes."],
  "change.same_key": [
    403,
    "Who proposes a change does not approve it.",
    "Use another key, of another person.",
  ],
  "alert.route_not_found": [404, "No such route of alerts.", "See GET /v1/alerts/routes."],
  "alert.delivery_not_found": [404, "No such delivery.", "See GET /v1/alerts/deliveries."],
  "receipt.no_root": [
    409,
    "A receipt is of a whole run tree.",
    "Ask for the receipt of the root run.",
  ],
  "conflict.not_found": [404, "No such open conflict.", "See /v1/conflicts."],
  "invoice.not_found": [404, "No such invoice.", "Import it first: POST /v1/invoices."],
  ...EXPORT_ERRORS,
  "workspace.exists": [409, "There is a workspace of that name.", "Give it another name."],
  "workspace.not_sandbox": [
    409,
    "Only a sandbox has a clock that can be moved.",
    "Make a sandbox: POST /v1/workspaces.",
  ],
  "clock.backward": [409, "A clock never goes back.", "Give a time that is still to come."],
  "key.not_found": [404, "No such API key.", "See /v1/keys."],
  "store.unknown": [
    503,
    "The store failed; whether the write happened is unknown.",
    "Send the same events again: identities make that safe.",
  ],
  "store.unreachable": [
    503,
    "The database of DATABASE_URL cannot be used.",
    "Check that it is up, its address, and what the user of the address may do.",
  ],
  "store.month_in_use": [503, "Somebody holds the month of old steps.", "Run it again later."],
  "store.locked": [
    503,
    "Another process holds this data folder.",
    "Stop it, or talk to it over HTTP.",
  ],
  "store.read_only": [
    503,
    "The data folder cannot be written to.",
    "Let the user that runs Tollgate write to the folder and its files, or name a copy.",
  ],
  "store.version": [
    409,
    "Another version of Tollgate wrote this data.",
    "Run the version that wrote it, or a newer one; 'tollgate serve' brings older data up to date.",
  ],
  "store.not_empty": [
    409,
    "The database that data would move into holds something already.",
    "Name an empty database, or go on with the move that was begun there.",
  ],
  "store.moving": [
    503,
    "A data folder is being moved into this database.",
    "Let 'tollgate migrate-store' end; run it again if it was cut off.",
  ],
  "store.missing": [
    404,
    "There is no data at the place that was named.",
    "Name the data folder with '--data'; 'tollgate serve' makes one.",
  ],
  "store.corrupt": [
    500,
    "The store contradicts itself.",
    "Run 'tollgate verify' and restore from a backup.",
  ],
  "server.busy": [503, "Too many requests wait for the store.", "Retry after the time given."],
  "server.draining": [503, "The server is shutting down.", "Retry; a supervisor starts it again."],
  "cli.usage": [400, "The command line is not understood.", "See 'tollgate help'."],
  internal: [500, "An unexpected error.", "Report it with the request id."],
} as const satisfies Record<string, readonly [status: number, meaning: string, remedy: string]>;

export type ErrorCode = keyof typeof ERRORS;

/** What went wrong in one place of an input: shown to callers, so it never holds a secret. */
export interface Problem {
  readonly code: ErrorCode;
  /** What happened, with the value. */
  readonly detail: string;
  /** JSON path of the offending field, such as `events[3].usage.output_text`. */
  readonly field?: string;
}

/** The one error class. Everything thrown on purpose is one of these. */
export class TollgateError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;

  constructor(code: ErrorCode, detail: string, field?: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = "TollgateError";
    this.code = code;
    this.field = field;
  }

  get status(): number {
    return ERRORS[this.code][0];
  }

  toProblem(): Problem {
    const base = { code: this.code, detail: this.message };
    return this.field === undefined ? base : { ...base, field: this.field };
  }
}
