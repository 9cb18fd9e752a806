/** Simulations: real history by other cards. Nothing is written. */
import { isDateBeginning } from "../../domain/calendar-date.ts";
import { TollgateError } from "../../domain/errors.ts";
import {
  DOCUMENT_MAX_BYTES,
  ID_MAX_CHARS,
  SIMULATED_CARDS_MAX_COUNT,
  SIMULATED_CUSTOMERS_MAX_COUNT,
} from "../../domain/limits.ts";
import { askWhetherMeant } from "../../domain/nearest-name.ts";
import { parseCardDocument } from "../../domain/rating/parse-rate-card.ts";
import { overrideDocument, rateCardDocument } from "../../domain/rating/rate-card-document.ts";
import type { SimulatedCard, SimulationRequest } from "../../engine/simulation/simulation.ts";
import { ManyProblems } from "../problem.ts";
import { json, ok, route } from "../route.ts";
import { closed, ID, named } from "../schema.ts";
import { simulationLines } from "../simulation-lines.ts";
import { readCurrencies } from "../views/currencies.ts";
import { runTreeView } from "../views/run-view.ts";

const CURRENT = "current";

const simulateCards = route({
  method: "POST",
  path: "/v1/simulations",
  operationId: "simulate",
  isReport: true,
  summary: "Rate real history by other cards, side by side. Nothing is written.",
  scope: "read",
  body: { schema: named("NewSimulation"), isParsedByHandler: true, maxBytes: DOCUMENT_MAX_BYTES },
  answers: {
    200: {
      description: "Lines of JSON: how far it is, one customer after the other, the total.",
      content: { "application/x-ndjson": named("SimulationLine") },
    },
  },
  errors: [
    ...(["field.missing", "field.unknown", "field.invalid", "field.out_of_range"] as const),
    ...(["ratecard.invalid", "ratecard.not_found", "customer.not_found"] as const),
    ...(["simulation.too_large", "simulation.busy", "steps.removed"] as const),
  ],
  handle: async ({ engine }, { workspace, body }) => {
    const request = readRequest(body);
    const lines = await simulationLines(engine, workspace, request);
    return { status: 200, body: null, lines, type: "application/x-ndjson" };
  },
});

const simulateRun = route<{ readonly run: string }>({
  method: "POST",
  path: "/v1/runs/{run}/simulation",
  operationId: "simulateRun",
  isReport: true,
  summary: "Read a run as another card would have charged it. Nothing is written.",
  scope: "read",
  params: closed({ run: ID }),
  body: {
    schema: named("NewRunSimulation"),
    isParsedByHandler: true,
    maxBytes: DOCUMENT_MAX_BYTES,
  },
  answers: { 200: json("The run under that card.", named("RunTree")) },
  errors: [
    ...(["field.missing", "field.unknown", "field.invalid", "run.not_found"] as const),
    ...(["ratecard.invalid", "ratecard.not_found", "simulation.too_large"] as const),
    ...(["steps.removed", "run.too_large"] as const),
  ],
  handle: async ({ engine }, { workspace, params, body }) => {
    const { card } = readObject(body, ["card"]);
    const wanted = { run: params.run, card: readCard(card, "card") };
    const { tree, currency } = await engine.runUnderCard(workspace, wanted);
    const one = { ofRun: () => currency };
    const usual = () => readCurrencies(engine.store, workspace, [tree.run]);
    const currencies = currency === null ? await usual() : one;
    return ok(runTreeView(tree, currencies));
  },
});

function readObject(body: unknown, fields: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new TollgateError("field.invalid", "The body must be an object.");
  }
  const unknown = Object.keys(body).find((name) => !fields.includes(name));
  if (unknown === undefined) return body as Readonly<Record<string, unknown>>;
  const name = unknown.slice(0, 60);
  const detail = `There is no field ${JSON.stringify(name)}.${askWhetherMeant(name, fields)}`;
  throw new TollgateError("field.unknown", detail, name);
}

function readRequest(body: unknown): SimulationRequest {
  const sent = readObject(body, ["cards", "customers", "from", "to"]);
  const [from, to] = [readPeriod(sent.from, "from"), readPeriod(sent.to, "to")];
  if (from !== null && to !== null && to < from && !from.startsWith(to)) {
    throw new TollgateError("field.invalid", `"to" is before "from".`, "to");
  }
  const cards = readCards(sent.cards);
  return { cards, customers: readCustomers(sent.customers), from, to };
}

function readCards(sent: unknown): SimulatedCard[] {
  if (sent === undefined) {
    throw new TollgateError("field.missing", "A simulation needs cards.", "cards");
  }
  if (!Array.isArray(sent)) {
    throw new TollgateError("field.invalid", '"cards" must be a list.', "cards");
  }
  if (sent.length === 0 || sent.length > SIMULATED_CARDS_MAX_COUNT) {
    const detail = `${sent.length} cards; a simulation has 1 to ${SIMULATED_CARDS_MAX_COUNT}.`;
    throw new TollgateError("field.out_of_range", detail, "cards");
  }
  return sent.map((card, at) => readCard(card, `cards[${at}]`));
}

/** A card or an override with its canonical document; null: what is in force. */
function readCard(sent: unknown, field: string): SimulatedCard {
  if (sent === undefined) throw new TollgateError("field.missing", "A card is needed.", field);
  if (sent === CURRENT) return null;
  const parsed = parseCardDocument(sent);
  if ("problems" in parsed) {
    throw new ManyProblems(
      parsed.problems.map((one) => {
        return { ...one, field: one.field === undefined ? field : `${field}.${one.field}` };
      }),
    );
  }
  if ("card" in parsed) return { ...parsed, document: rateCardDocument(parsed.card) };
  return { ...parsed, document: overrideDocument(parsed.override) };
}

function readCustomers(sent: unknown): string[] | null {
  if (sent === undefined || sent === null) return null;
  if (!Array.isArray(sent)) {
    throw new TollgateError("field.invalid", '"customers" must be a list of ids.', "customers");
  }
  if (sent.length === 0 || sent.length > SIMULATED_CUSTOMERS_MAX_COUNT) {
    const most = SIMULATED_CUSTOMERS_MAX_COUNT;
    const detail = `${sent.length} customers; name 1 to ${most}, or leave the list out for all.`;
    throw new TollgateError("field.out_of_range", detail, "customers");
  }
  return sent.map((id: unknown, at) => {
    if (typeof id === "string" && id !== "" && id.length <= ID_MAX_CHARS) return id;
    throw new TollgateError("field.invalid", "A customer is named by its id.", `customers[${at}]`);
  });
}

function readPeriod(sent: unknown, field: string): string | null {
  if (sent === undefined || sent === null) return null;
  if (typeof sent === "string" && isDateBeginning(sent)) return sent;
  const forms = "2026-11-01, 2026-11 or 2026";
  const detail = `"${field}" is a start date, or the beginning of one: ${forms}.`;
  throw new TollgateError("field.invalid", detail, field);
}

/** Simulations. */
export const SIMULATION_ROUTES = [simulateCards, simulateRun];
