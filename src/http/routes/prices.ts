/** What providers charge us: versions of the price book, look-ups and imports. */
import { type FoundPrice, PriceCatalog } from "../../domain/cost/find-price.ts";
import { priceUpdate } from "../../domain/cost/packaged-prices.ts";
import type { DailyWindow, PriceVersion, Rate } from "../../domain/cost/price-book.ts";
import { DOCUMENT_MAX_BYTES, FACTOR_SCALE } from "../../domain/limits.ts";
import { formatPrice, formatScaled } from "../../domain/money/decimal.ts";
import type { Engine } from "../../engine/engine.ts";
import { PRICE_FORMATS, type PriceFormat, type ReadPrices } from "../http-parts.ts";
import { optionalInstant, timeText, timeTextOrNull } from "../instant.ts";
import { json, ok, type RouteAnswer, route } from "../route.ts";
import { closed, described, FLAG, ID, named, oneOf, TIME_SENT } from "../schema.ts";
import { RERATE_LIMIT, reratedView } from "./rerate.ts";

const NOTES_SHOWN_MAX_COUNT = 100;

const listVersions = route({
  method: "GET",
  path: "/v1/prices",
  operationId: "listPriceVersions",
  summary: "List the versions of the price book, oldest first.",
  scope: "read",
  answers: { 200: json("The versions.", named("PriceVersionList")) },
  handle: async ({ engine }, { workspace }) => {
    const versions = await engine.store.prices(workspace);
    return ok({ versions: versions.map(versionView) });
  },
});

interface PriceParams {
  readonly provider: string;
  readonly subject: string;
}

const findPrice = route<PriceParams, { readonly at?: string }>({
  method: "GET",
  path: "/v1/prices/{provider}/{subject}",
  operationId: "findPrice",
  summary: "Look up what a model, tool or service costs at an instant.",
  scope: "read",
  params: closed({ provider: ID, subject: ID }),
  query: closed({ "at?": described(TIME_SENT, "(Default: now.)") }),
  answers: { 200: json("The price, or what comes near.", named("FoundPrice")) },
  handle: async ({ engine }, { workspace, params, query }) => {
    const atMs = optionalInstant(query.at, "at") ?? (await engine.nowMs(workspace));
    const catalog = new PriceCatalog(await engine.store.prices(workspace));
    return ok(foundView(catalog.find(params, atMs)));
  },
});

interface ImportQuery {
  readonly format?: PriceFormat;
  readonly effectiveFrom?: string;
  readonly rerate?: boolean;
  readonly limit?: number;
}

const importPrices = route<unknown, ImportQuery>({
  method: "POST",
  path: "/v1/prices",
  operationId: "importPrices",
  summary: "Record a price document as a new version of the price book.",
  scope: "admin",
  query: closed({
    "format?": oneOf(PRICE_FORMATS, "(Default: tollgate.)"),
    "effectiveFrom?": described(TIME_SENT, "Wins over the document's own."),
    "rerate?": described(FLAG, "Take effect before now, and rate again what that concerns."),
    "limit?": RERATE_LIMIT,
  }),
  body: {
    schema: named("PriceDocument"),
    ...{ isParsedByHandler: true, maxBytes: DOCUMENT_MAX_BYTES },
    mayRepeatKeys: ({ format }) => format === "litellm",
  },
  answers: {
    200: json("These prices go first then already; nothing changed.", named("ImportedPrices")),
    201: json("The new version.", named("ImportedPrices")),
  },
  errors: ["price.invalid", "price.backdated"],
  handle: async ({ engine, parsePrices }, { workspace, query, body }) => {
    const ownFromMs = optionalInstant(query.effectiveFrom, "effectiveFrom");
    const read = parsePrices(body, query.format ?? "tollgate");
    const effectiveFromMs = ownFromMs ?? read.effectiveFromMs;
    return record(engine, workspace, { ...read, ...query, effectiveFromMs });
  },
});

const updatePrices = route<unknown, Omit<ImportQuery, "format">>({
  method: "POST",
  path: "/v1/prices/update",
  operationId: "updatePrices",
  summary: "Record what the list of this version changes. Prices of your own stand, and are noted.",
  scope: "admin",
  query: closed({
    "effectiveFrom?": described(TIME_SENT, "(Default: now.)"),
    "rerate?": described(FLAG, "Take effect before now, and rate again what that concerns."),
    "limit?": RERATE_LIMIT,
  }),
  answers: {
    200: json("Nothing of the list is new; nothing changed.", named("ImportedPrices")),
    201: json("The new version.", named("ImportedPrices")),
  },
  errors: ["price.backdated"],
  handle: async ({ engine, packagedPrices }, { workspace, query }) => {
    const versions = await engine.store.prices(workspace);
    const packaged = await packagedPrices();
    const { entries, kept } = priceUpdate(versions, packaged);
    const notes = kept.map(({ provider, subject }) => {
      return { kind: "kept", provider, subject, detail: "your own price stands" };
    });
    const effectiveFromMs = optionalInstant(query.effectiveFrom, "effectiveFrom") ?? null;
    const update = { ...query, source: packaged.source, entries, notes, effectiveFromMs };
    return record(engine, workspace, update);
  },
});

interface ToRecord extends Pick<ImportQuery, "rerate" | "limit">, ReadPrices {}

/** Records a list, unless it has nothing in it, and rates again where that was asked for. */
async function record(
  engine: Engine,
  workspace: string,
  { source, entries, notes, effectiveFromMs, rerate: isRerating = false, limit }: ToRecord,
): Promise<RouteAnswer> {
  const newest = (await engine.store.prices(workspace)).at(-1);
  const { isNew, version } =
    entries.length === 0 && newest !== undefined
      ? { isNew: false, version: newest }
      : await engine.importPrices(workspace, { source, entries, effectiveFromMs, isRerating });
  const sinceMs = effectiveFromMs ?? version.effectiveFromMs;
  const request = { sinceMs, ...(limit === undefined ? {} : { limit }) };
  const rerated = isRerating ? reratedView(await engine.rerate(workspace, request)) : null;
  const shown = notes.slice(0, NOTES_SHOWN_MAX_COUNT);
  const told = { isNew, version: versionView(version), rerated };
  const status = isNew ? 201 : 200;
  return { status, body: { ...told, notes: shown, notesCount: notes.length } };
}

function versionView(version: PriceVersion): object {
  const { id, source, recordedAtMs, effectiveFromMs, entries } = version;
  return {
    ...{ id, source },
    recordedAt: timeText(recordedAtMs),
    effectiveFrom: timeTextOrNull(effectiveFromMs),
    entries: entries.length,
  };
}

function foundView(found: FoundPrice): object {
  if (found.match === "none" || found.match === "prefix") {
    const suggestion = found.match === "prefix" ? found.suggestion : null;
    return { match: found.match, suggestion, versionId: null, price: null };
  }
  const { match, entry, period, versionId } = found;
  const { provider, subject, aliases, currency } = entry;
  const factors = Object.entries(entry.tierFactors).map(([tier, factor]) => {
    return [tier, formatScaled(factor, FACTOR_SCALE)] as const;
  });
  const price = {
    ...{ provider, subject, aliases, currency },
    tierFactors: Object.fromEntries(factors),
    effectiveFrom: timeTextOrNull(period.effectiveFromMs),
    daily: period.daily === null ? null : windowView(period.daily),
    rates: period.rates.map(rateView),
  };
  return { match, suggestion: null, versionId, price };
}

function rateView({ unit, price, tiers }: Rate): object {
  const steps = tiers.map((tier) => ({ ...tier, price: formatPrice(tier.price) }));
  return { unit, price: formatPrice(price), tiers: steps };
}

function windowView({ fromMinute, toMinute }: DailyWindow): object {
  return { from: clockText(fromMinute), to: clockText(toMinute) };
}

function clockText(minuteOfDay: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}`;
}

/** The price book. */
export const PRICE_ROUTES = [listVersions, findPrice, importPrices, updatePrices];
