/** Rate cards: versioned, dated data. */
import { TollgateError } from "../../domain/errors.ts";
import { DOCUMENT_MAX_BYTES } from "../../domain/limits.ts";
import { parseRateCard } from "../../domain/rating/parse-rate-card.ts";
import type { RateCard, RateCardVersion } from "../../domain/rating/rate-card.ts";
import { rateCardDocument } from "../../domain/rating/rate-card-document.ts";
import { versionInForce } from "../../domain/rating/select-version.ts";
import { optionalInstant, timeText } from "../instant.ts";
import { ManyProblems } from "../problem.ts";
import { json, ok, route } from "../route.ts";
import { closed, described, FLAG, ID, named, TIME_SENT } from "../schema.ts";
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

interface ApplyQuery {
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
    "effectiveFrom?": TIME_SENT,
    "rerate?": described(FLAG, "Take effect before now, and rate again what that concerns."),
    "limit?": RERATE_LIMIT,
  }),
  body: { schema: named("NewRateCard"), isParsedByHandler: true, maxBytes: DOCUMENT_MAX_BYTES },
  answers: {
    200: json("This version is in force already.", named("AppliedRateCard")),
    201: json("The new version.", named("AppliedRateCard")),
  },
  errors: ["ratecard.invalid", "ratecard.backdated"],
  handle: async ({ engine }, { workspace, query, body }) => {
    const { document, effectiveFrom, rerate } = unwrap(body);
    const isRerating = rerate ?? query.rerate ?? false;
    const card = cardOf(document);
    const effectiveFromMs = optionalInstant(effectiveFrom ?? query.effectiveFrom, "effectiveFrom");
    const text = rateCardDocument(card);
    const applied = await engine.applyRateCard(workspace, {
      card,
      document: text,
      effectiveFromMs,
      isRerating,
    });
    const { isNew, version } = applied;
    const { limit } = query;
    // From the instant asked for: a version in force before may have been recorded by a pass that
    // was cut off.
    const sinceMs = effectiveFromMs ?? version.effectiveFromMs;
    const request = { sinceMs, ...(limit === undefined ? {} : { limit }) };
    const rerated = isRerating ? reratedView(await engine.rerate(workspace, request)) : null;
    return { status: isNew ? 201 : 200, body: { isNew, version: versionView(version), rerated } };
  },
});

interface Wrapped {
  readonly document: unknown;
  readonly effectiveFrom?: string | null;
  readonly rerate?: boolean;
}

/** The card itself, or `{ card, effectiveFrom, rerate }`. */
function unwrap(body: unknown): Wrapped {
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  if (!isObject || !Object.hasOwn(body, "card")) return { document: body };
  const { card, effectiveFrom = null, rerate, ...others } = body as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    const detail = `There is no field ${JSON.stringify(unknown.slice(0, 60))} beside "card".`;
    throw new TollgateError("field.unknown", detail, unknown.slice(0, 60));
  }
  if (effectiveFrom !== null && typeof effectiveFrom !== "string") {
    const detail = '"effectiveFrom" must be a text with an RFC 3339 time.';
    throw new TollgateError("field.invalid", detail, "effectiveFrom");
  }
  if (rerate !== undefined && typeof rerate !== "boolean") {
    throw new TollgateError("field.invalid", '"rerate" must be true or false.', "rerate");
  }
  return { document: card, effectiveFrom, ...(rerate === undefined ? {} : { rerate }) };
}

function cardOf(document: unknown): RateCard {
  const parsed = parseRateCard(document);
  if ("problems" in parsed) throw new ManyProblems(parsed.problems);
  return parsed.card;
}

function versionView(version: RateCardVersion) {
  return {
    key: version.card.key,
    id: version.id,
    version: version.version,
    effectiveFrom: timeText(version.effectiveFromMs),
    recordedAt: timeText(version.recordedAtMs),
    card: JSON.parse(version.document) as unknown,
  };
}

/** Rate cards. */
export const RATE_CARD_ROUTES = [listCards, readHistory, applyCard];
