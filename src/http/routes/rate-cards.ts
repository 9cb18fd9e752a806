/** Rate cards: versioned, dated data. */
import { TollgateError } from "../../domain/errors.ts";
import { DOCUMENT_MAX_BYTES } from "../../domain/limits.ts";
import { parseCardDocument } from "../../domain/rating/parse-rate-card.ts";
import type { RateCardVersion, TakesEffect } from "../../domain/rating/rate-card.ts";
import { overrideDocument, rateCardDocument } from "../../domain/rating/rate-card-document.ts";
import { versionInForce } from "../../domain/rating/select-version.ts";
import { optionalInstant, timeText } from "../instant.ts";
import { ManyProblems } from "../problem.ts";
import { json, ok, route } from "../route.ts";
import { closed, described, FLAG, ID, named, oneOf, TIME_SENT } from "../schema.ts";
import { EFFECTIVE } from "../schemas/tariffs.ts";
import { RERATE_LIMIT, reratedView } from "./rerate.ts";

const listCards = route({
  method: "GET",
  path: "/v1/rate-cards",
  operationId: "listRateCards",
  summary: "List the latest version of each rate card; the first card is the default one.",
  scope: "read",
  answers: { 200: json("The cards.", named("RateCardList")) },
  handle: async ({ engine }, { workspace }) => {
    const versions = await engine.store.cards(workspace);
    const byKey = [...Map.groupBy(versions, ({ card }) => card.key).values()];
    const cards = byKey.flatMap((own, index) => {
      const latest = own.at(-1);
      if (latest === undefined) return [];
      return [{ ...versionView(latest), isDefault: index === 0, versions: own.length }];
    });
    return ok({ cards });
  },
});

const readHistory = route<{ readonly key: string }>({
  method: "GET",
  path: "/v1/rate-cards/{key}",
  operationId: "readRateCard",
  summary: "Read every version of a rate card, oldest first.",
  scope: "read",
  params: closed({ key: ID }),
  answers: { 200: json("The card's versions.", named("RateCardHistory")) },
  errors: ["ratecard.not_found"],
  handle: async ({ engine }, { workspace, params: { key } }) => {
    const versions = await engine.store.cards(workspace);
    const own = versions.filter(({ card }) => card.key === key);
    if (own.length === 0) {
      throw new TollgateError("ratecard.not_found", `There is no rate card "${key}".`);
    }
    const views = own.map((version) => {
      const { key: _, ...rest } = versionView(version);
      return rest;
    });
    const inForce = versionInForce(own, await engine.nowMs(workspace))?.version ?? null;
    return ok({ key, inForce, versions: views });
  },
});

type Effective = (typeof EFFECTIVE)[number];

interface ApplyQuery {
  readonly effective?: Effective;
  readonly effectiveFrom?: string;
  readonly rerate?: boolean;
  readonly limit?: number;
}

const applyCard = route<unknown, ApplyQuery>({
  method: "POST",
  path: "/v1/rate-cards",
  operationId: "applyRateCard",
  summary: "Apply a rate card as a new version; what is rated already never changes.",
  scope: "admin",
  query: closed({
    "effective?": oneOf(EFFECTIVE),
    "effectiveFrom?": TIME_SENT,
    "rerate?": described(FLAG, "Take effect before now, and rate again what that concerns."),
    "limit?": RERATE_LIMIT,
  }),
  body: { schema: named("NewRateCard"), isParsedByHandler: true, maxBytes: DOCUMENT_MAX_BYTES },
  answers: {
    200: json("This version is in force already.", named("AppliedRateCard")),
    201: json("The new version.", named("AppliedRateCard")),
  },
  errors: ["ratecard.invalid", "ratecard.backdated", "ratecard.not_found", "rate.missing"],
  mayWait: true,
  handle: async ({ engine }, { workspace, query, body }) => {
    const sent = unwrap(body);
    const isRerating = sent.rerate ?? query.rerate ?? false;
    const effectiveFrom = sent.effectiveFrom ?? query.effectiveFrom;
    const effectiveFromMs = optionalInstant(effectiveFrom, "effectiveFrom");
    const when = { ...takesEffect(sent.effective ?? query.effective, effectiveFromMs), isRerating };
    const request = { ...readCard(sent.document), effectiveFromMs, ...when };
    const { isNew, version, overrides } = await engine.applyRateCard(workspace, request);
    // From the instant asked for: a version in force before may have been recorded by a pass that
    // was cut off.
    const sinceMs = effectiveFromMs ?? version.effectiveFromMs;
    const { limit } = query;
    const pass = { sinceMs, ...(limit === undefined ? {} : { limit }) };
    const rerated = isRerating ? reratedView(await engine.rerate(workspace, pass)) : null;
    const views = { version: versionView(version), overrides: overrides.map(versionView) };
    return { status: isNew ? 201 : 200, body: { isNew, ...views, rerated } };
  },
});

const TAKEN: Readonly<Record<Effective, TakesEffect>> = {
  now: "at_once",
  next_period: "next_period",
};

function takesEffect(effective: Effective | undefined, fromMs: number | null) {
  if (effective === undefined) return {};
  if (fromMs === null) return { takesEffect: TAKEN[effective] };
  const detail = 'A card has either "effective" or "effectiveFrom".';
  throw new TollgateError("field.invalid", detail, "effective");
}

interface Wrapped {
  readonly document: unknown;
  readonly effectiveFrom?: string | null;
  readonly effective?: Effective | undefined;
  readonly rerate?: boolean | undefined;
}

/** The card itself, or `{ card, effectiveFrom, effective, rerate }`. */
function unwrap(body: unknown): Wrapped {
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  if (!isObject || !Object.hasOwn(body, "card")) return { document: body };
  const {
    card,
    effectiveFrom = null,
    effective = null,
    rerate,
    ...others
  } = body as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    const detail = `There is no field ${JSON.stringify(unknown.slice(0, 60))} beside "card".`;
    throw new TollgateError("field.unknown", detail, unknown.slice(0, 60));
  }
  if (effectiveFrom !== null && typeof effectiveFrom !== "string") {
    const detail = '"effectiveFrom" must be a text with an RFC 3339 time.';
    throw new TollgateError("field.invalid", detail, "effectiveFrom");
  }
  const chosen = EFFECTIVE.find((name) => name === effective);
  if (effective !== null && chosen === undefined) {
    const detail = `"effective" must be one of ${EFFECTIVE.join(", ")}.`;
    throw new TollgateError("field.invalid", detail, "effective");
  }
  if (rerate !== undefined && typeof rerate !== "boolean") {
    throw new TollgateError("field.invalid", '"rerate" must be true or false.', "rerate");
  }
  return { document: card, effectiveFrom, effective: chosen, rerate };
}

/** A card or an override, with its canonical document. */
function readCard(document: unknown) {
  const parsed = parseCardDocument(document);
  if ("problems" in parsed) throw new ManyProblems(parsed.problems);
  if ("card" in parsed) return { ...parsed, document: rateCardDocument(parsed.card) };
  return { ...parsed, document: overrideDocument(parsed.override) };
}

function versionView(version: RateCardVersion) {
  return {
    key: version.card.key,
    id: version.id,
    version: version.version,
    effectiveFrom: timeText(version.effectiveFromMs),
    takesEffect: version.takesEffect,
    recordedAt: timeText(version.recordedAtMs),
    card: JSON.parse(version.document) as unknown,
    override: version.override && (JSON.parse(version.override.document) as unknown),
    baseVersion: version.override?.baseVersionId ?? null,
  };
}

/** Rate cards. */
export const RATE_CARD_ROUTES = [listCards, readHistory, applyCard];
