/** Targets, and lines for them. */
import { TollgateError } from "../../domain/errors.ts";
import { LINE_STATES, type LineState } from "../../domain/export/export-line.ts";
import { DOCUMENT_MAX_BYTES, NOTICE_MAX_BYTES, SECRET_MAX_CHARS } from "../../domain/limits.ts";
import type { LinePlace } from "../../engine/export/export-ports.ts";
import { exportRunLines } from "../export-run-lines.ts";
import { ManyProblems } from "../problem.ts";
import { json, ok, route } from "../route.ts";
import {
  COUNT,
  closed,
  described,
  FLAG,
  ID,
  type JsonSchema,
  named,
  oneOf,
  TEXT,
} from "../schema.ts";
import {
  carriedView,
  driftView,
  lineView,
  requestView,
  unknownLineView,
} from "../views/export-view.ts";

const DECIDED = {
  reason: { ...TEXT, minLength: 1 },
  by: { ...ID, description: "Who decided it." },
};
const TARGET_PARAM = closed({ target: ID });
const CUSTOMER_QUERY = closed({ "customer?": described(ID, "Only this one. (Default: all.)") });
const DOCUMENT: JsonSchema = { type: "object", description: "See docs/export.md." };
const SECRET: JsonSchema = { type: "string", minLength: 1, maxLength: SECRET_MAX_CHARS };

interface TargetParam {
  readonly target: string;
}
interface Decided {
  readonly reason: string;
  readonly by: string;
}
interface OfCustomer {
  readonly customer?: string;
}

const listTargets = route({
  method: "GET",
  path: "/v1/targets",
  operationId: "listTargets",
  summary: "Billing systems that lines go to, and the connectors that there are.",
  scope: "read",
  answers: { 200: json("The targets, by id.", named("TargetList")) },
  handle: async ({ engine }, { workspace }) => {
    const targets = await engine.exports.targets(workspace);
    return ok({ targets, connectors: engine.exports.connectors });
  },
});

const saveTarget = route<TargetParam, unknown, Decided & { readonly document: unknown }>({
  method: "PUT",
  path: "/v1/targets/{target}",
  operationId: "saveTarget",
  summary: "Set a target: connector, account, mode and what our names are called there.",
  scope: "admin",
  params: TARGET_PARAM,
  body: { schema: closed({ document: DOCUMENT, ...DECIDED }), maxBytes: DOCUMENT_MAX_BYTES },
  answers: { 200: json("The target.", named("Target")) },
  errors: ["target.invalid", "target.locked", "field.unknown", "field.out_of_range"],
  handle: async ({ engine }, { workspace, params: { target: id }, body }) => {
    const saved = await engine.exports.saveTarget(workspace, { id, ...body });
    if ("target" in saved) return ok(saved.target);
    throw new ManyProblems(saved.problems);
  },
});

const saveSecret = route<TargetParam & { readonly name: string }, unknown, { secret: string }>({
  method: "PUT",
  path: "/v1/targets/{target}/secrets/{name}",
  operationId: "saveTargetSecret",
  summary: "Keep a secret of a target, encrypted. It is never given back.",
  scope: "admin",
  params: closed({ target: ID, name: ID }),
  body: { schema: closed({ secret: SECRET }) },
  answers: { 200: json("What is missing now.", named("TargetCheck")) },
  errors: ["target.not_found", "target.invalid", "secret.no_key", "field.out_of_range"],
  handle: async ({ engine }, { workspace, params: { target, name }, body }) => {
    await engine.exports.saveSecret(workspace, { target, name, text: body.secret });
    return ok({ missing: await engine.exports.check(workspace, target, false) });
  },
});

const checkTarget = route<TargetParam, { readonly ask?: boolean }>({
  method: "GET",
  path: "/v1/targets/{target}/check",
  operationId: "checkTarget",
  summary: "What must be set before everything can be sent.",
  scope: "read",
  params: TARGET_PARAM,
  query: closed({ "ask?": described(FLAG, "Whether the target is asked too.") }),
  answers: { 200: json("What is missing.", named("TargetCheck")) },
  errors: ["target.not_found", "target.invalid", "secret.missing", "secret.unreadable"],
  handle: async ({ engine }, { workspace, params: { target }, query }) =>
    ok({ missing: await engine.exports.check(workspace, target, query.ask === true) }),
});

const planExport = route<TargetParam, OfCustomer>({
  method: "GET",
  path: "/v1/targets/{target}/plan",
  operationId: "planExport",
  summary: "A dry run: the lines that are due and the exact requests. Nothing is sent.",
  scope: "read",
  params: TARGET_PARAM,
  query: CUSTOMER_QUERY,
  answers: { 200: json("What would be sent.", named("ExportPlan")) },
  errors: ["target.not_found", "target.invalid"],
  handle: async ({ engine }, { workspace, params: { target }, query }) => {
    const of = { target, customer: query.customer ?? null };
    const { lines, requests, carried, missing, hasMore } = await engine.exports.plan(workspace, of);
    return ok({
      ...{ lines: lines.map(lineView), requests: requests.map(requestView) },
      ...{ carried: carried.map(carriedView), missing, hasMore },
    });
  },
});

const runExport = route<TargetParam, unknown, OfCustomer>({
  method: "POST",
  path: "/v1/targets/{target}/runs",
  operationId: "runExport",
  summary: "Plan, send and confirm what is due.",
  scope: "admin",
  params: TARGET_PARAM,
  body: { schema: closed({ "customer?": ID }), isOptional: true },
  answers: {
    200: {
      description: "Lines of JSON: how far it is, then what it came to.",
      content: { "application/x-ndjson": named("ExportRunLine") },
    },
  },
  errors: ["target.not_found", "target.invalid"],
  handle: async ({ engine }, { workspace, params: { target }, body }) => {
    // What is refused is told by the status, before the first line.
    await engine.exports.check(workspace, target, false);
    const lines = exportRunLines(engine, workspace, { target, customer: body.customer ?? null });
    return { status: 200, body: null, lines, type: "application/x-ndjson" };
  },
});

interface StatusQuery extends OfCustomer {
  readonly state?: LineState;
  readonly cursor?: string;
}

const OPEN: readonly LineState[] = ["ready", "in_flight", "accepted", "rejected", "unknown"];

const exportStatus = route<TargetParam, StatusQuery>({
  method: "GET",
  path: "/v1/targets/{target}/lines",
  operationId: "exportStatus",
  summary: "Lines of a target, and how many are in each state.",
  scope: "read",
  params: TARGET_PARAM,
  query: closed({
    "state?": described(oneOf(LINE_STATES), "(Default: all that are not done.)"),
    "customer?": ID,
    "cursor?": described(TEXT, "`next` of the page before."),
  }),
  answers: { 200: json("A page of lines.", named("ExportStatus")) },
  errors: ["target.not_found", "field.invalid"],
  handle: async ({ engine }, { workspace, params: { target }, query }) => {
    const { counts, lines, next } = await engine.exports.status(workspace, {
      ...{ target, states: query.state === undefined ? OPEN : [query.state] },
      ...{ customer: query.customer ?? null, after: readPlace(query.cursor) },
    });
    return ok({
      target,
      counts: Object.fromEntries(counts.map(({ state, count }) => [state, count])),
      lines: lines.map(lineView),
      next: next === null ? null : JSON.stringify([next.customer, next.item, next.no]),
    });
  },
});

function readPlace(cursor: string | undefined): LinePlace | null {
  if (cursor === undefined) return null;
  try {
    const [customer, item, no] = JSON.parse(cursor);
    if (typeof customer === "string" && typeof item === "string" && Number.isSafeInteger(no)) {
      return { customer, item, no };
    }
  } catch {
    // Told below, like what is JSON and no place.
  }
  throw new TollgateError("field.invalid", "This is no `next` of a page.", "cursor");
}

const reconcile = route<TargetParam, unknown, OfCustomer>({
  method: "POST",
  path: "/v1/targets/{target}/reconcile",
  operationId: "reconcileExport",
  summary: "Read back what the target has, settle lines in doubt by it, and tell what differs.",
  scope: "admin",
  params: TARGET_PARAM,
  body: { schema: closed({ "customer?": ID }), isOptional: true },
  answers: { 200: json("Where they and we differ.", named("ExportDrift")) },
  errors: ["target.not_found", "target.invalid", "export.unlisted"],
  handle: async ({ engine }, { workspace, params: { target }, body }) => {
    const of = { target, customer: body.customer ?? null };
    const { drifts, unknown, ...read } = await engine.exports.reconcile(workspace, of);
    const lines = unknown?.map(unknownLineView) ?? null;
    return ok({ ...read, drifts: drifts.map(driftView), unknown: lines });
  },
});

const LINE_PARAM = closed({ target: ID, key: ID });

const retryLine = route<TargetParam & { readonly key: string }, unknown, Decided>({
  method: "POST",
  path: "/v1/targets/{target}/lines/{key}/retry",
  operationId: "retryExportLine",
  summary: "Try a line again; one that was refused gets a revision by the names of now.",
  scope: "admin",
  params: LINE_PARAM,
  body: { schema: closed(DECIDED) },
  answers: { 200: json("The line that stands for it now.", named("ExportLine")) },
  errors: ["target.not_found", "target.invalid", "export.line_not_found", "export.line_state"],
  handle: async ({ engine }, { workspace, params, body }) =>
    ok(lineView(await engine.exports.retry(workspace, { ...params, ...body }))),
});

const skipLine = route<TargetParam & { readonly key: string }, unknown, Decided>({
  method: "POST",
  path: "/v1/targets/{target}/lines/{key}/skip",
  operationId: "skipExportLine",
  summary: "Leave a line out for good: what it was for is settled elsewhere.",
  scope: "admin",
  params: LINE_PARAM,
  body: { schema: closed(DECIDED) },
  answers: { 200: json("The line.", named("ExportLine")) },
  errors: ["target.not_found", "target.invalid", "export.line_not_found", "export.line_state"],
  handle: async ({ engine }, { workspace, params, body }) =>
    ok(lineView(await engine.exports.skip(workspace, { ...params, ...body }))),
});

const hearNotice = route<{ readonly workspace: string; readonly target: string }>({
  method: "POST",
  path: "/v1/notices/{workspace}/{target}",
  operationId: "hearNotice",
  summary: "A webhook of a target's own, such as what it refused after taking it. Signed by it.",
  scope: null,
  params: closed({ workspace: ID, target: ID }),
  body: { schema: {}, isParsedByHandler: true, maxBytes: NOTICE_MAX_BYTES },
  answers: { 200: json("How many lines it settled.", closed({ settled: COUNT })) },
  errors: ["notice.refused", "secret.unreadable"],
  handle: async ({ engine }, { params: { workspace, target }, sent }) => {
    const { headers, text } = sent();
    const settled = await engine.exports.hear(workspace, target, { headers, body: text });
    return ok({ settled });
  },
});

/** Targets and export lines. */
export const EXPORT_ROUTES = [
  ...[listTargets, saveTarget, saveSecret, checkTarget],
  ...[planExport, runExport, exportStatus, reconcile, retryLine, skipLine, hearNotice],
];
