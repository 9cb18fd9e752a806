/** Rate cards and prices: as they are sent (their own parsers judge them) and as they are told. */
import { RUN_ENDINGS } from "../../domain/event/event.ts";
import {
  CHARGES_PER_CARD_MAX_COUNT,
  DISCOUNTS_PER_CARD_MAX_COUNT,
  FEES_PER_CARD_MAX_COUNT,
  MATRIX_CELLS_MAX_COUNT,
  TERM_CHARGES_MAX_COUNT,
  TIERS_MAX_COUNT,
  WHERE_VALUES_MAX_COUNT,
} from "../../domain/limits.ts";
import { ROUNDING_MODES } from "../../domain/money/rounding.ts";
import { TAKES_EFFECT } from "../../domain/rating/rate-card.ts";
import {
  ANY_TEXT,
  COUNT,
  CURRENCY,
  closed,
  DECIMAL,
  described,
  FLAG,
  ID,
  type JsonSchema,
  listOf,
  mapOf,
  named,
  nullable,
  oneOf,
  TIME,
  TIME_SENT,
} from "../schema.ts";

/** When an applied card takes over, where no instant is stated. */
export const EFFECTIVE = ["now", "next_period"] as const;

/** A decimal of a document: text, or a whole number. Never negative. */
const SENT_DECIMAL: JsonSchema = {
  anyOf: [
    { type: "string", pattern: "^(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$" },
    { type: "integer", minimum: 0 },
  ],
};

const TIER = closed({
  "upTo?": nullable(SENT_DECIMAL),
  "unit?": SENT_DECIMAL,
  "flat?": SENT_DECIMAL,
});
const TIERS = { ...listOf(TIER), minItems: 1, maxItems: TIERS_MAX_COUNT };
const model = (name: string): { readonly model: JsonSchema } => ({ model: { const: name } });

const DIMENSION = described(
  ANY_TEXT,
  "agent, kind, provider, model, tool, status, outcome, label.<name>.",
);
const CELLS = { ...mapOf(SENT_DECIMAL), maxProperties: MATRIX_CELLS_MAX_COUNT };

const PRICE_MODEL: JsonSchema = {
  oneOf: [
    closed({ ...model("per_unit"), unit: SENT_DECIMAL }),
    closed({ ...model("flat"), amount: SENT_DECIMAL }),
    closed({ ...model("graduated"), tiers: TIERS }),
    closed({ ...model("volume"), tiers: TIERS }),
    closed({ ...model("package"), size: SENT_DECIMAL, amount: SENT_DECIMAL }),
    closed({
      ...model("matrix"),
      by: DIMENSION,
      cells: CELLS,
      "otherwise?": nullable(SENT_DECIMAL),
    }),
    closed({
      ...model("matrix"),
      by: { ...listOf(DIMENSION), minItems: 2, maxItems: 2 },
      cells: { ...mapOf(CELLS), maxProperties: MATRIX_CELLS_MAX_COUNT },
      "otherwise?": nullable(SENT_DECIMAL),
    }),
    closed({ ...model("percentage"), percent: SENT_DECIMAL, "fixed?": nullable(SENT_DECIMAL) }),
    closed({ ...model("markup"), percent: SENT_DECIMAL }),
  ],
};

const VALUES: JsonSchema = {
  anyOf: [
    { type: ["string", "integer"] },
    { type: "array", items: { type: ["string", "integer"] }, maxItems: WHERE_VALUES_MAX_COUNT },
  ],
};
const FILTERS = ["agent", "kind", "provider", "model", "tool", "status", "payer", "attempt"];
const WHERE = closed({
  ...Object.fromEntries([...FILTERS, "outcome"].map((name) => [`${name}?`, VALUES])),
  "label?": mapOf(VALUES),
});

const PERIOD_BOUNDS = {
  "minimum?": nullable(SENT_DECIMAL),
  "maximum?": nullable(SENT_DECIMAL),
};

const ENDING = oneOf([...RUN_ENDINGS, "abandoned"]);
const ENDINGS: JsonSchema = { anyOf: [ENDING, { ...listOf(ENDING), minItems: 1 }] };

const DATE = described(ANY_TEXT, "A date such as 2026-11-01.");

const chargeFields = {
  "name?": nullable(ID),
  meter: {
    oneOf: [
      closed({ count: oneOf(["runs", "steps", "outcomes"]), "where?": nullable(WHERE) }),
      closed({
        sum: described(ANY_TEXT, "cost, or a usage bucket or unit."),
        "where?": nullable(WHERE),
      }),
    ],
  },
  price: PRICE_MODEL,
  "included?": described(nullable(SENT_DECIMAL), "What of each period's total is free."),
  ...PERIOD_BOUNDS,
  "when?": nullable(closed({ ending: ENDINGS })),
  "settles?": described(
    nullable(
      closed({ "afterDays?": nullable(SENT_DECIMAL), "afterHours?": nullable(SENT_DECIMAL) }),
    ),
    "How long an outcome may be reversed before it is final and billed: either of both.",
  ),
  "in?": nullable(oneOf(["money", "credits"])),
};

const feeFields = {
  "name?": nullable(ID),
  amount: SENT_DECIMAL,
  "prorate?": nullable(FLAG),
};

const KEYS = nullable({ ...listOf(ID), minItems: 1, maxItems: TERM_CHARGES_MAX_COUNT });

const discountFields = {
  "name?": nullable(ID),
  "percent?": nullable(SENT_DECIMAL),
  "amount?": nullable(SENT_DECIMAL),
  "charges?": KEYS,
  "from?": nullable(DATE),
  "until?": nullable(DATE),
};

const ALLOWED = nullable({ ...listOf(ID), maxItems: WHERE_VALUES_MAX_COUNT });

/** What a card or a customer's own terms allow. */
const SENT_ENTITLEMENTS = closed(
  {
    "agents?": ALLOWED,
    "models?": ALLOWED,
    "tools?": ALLOWED,
    "parallelRuns?": nullable(SENT_DECIMAL),
  },
  "What may be used; `gpt-5*` stands for all that begin so, an empty list for none.",
);

const TERMS = {
  ...PERIOD_BOUNDS,
  "runMinimum?": nullable(SENT_DECIMAL),
  "runCap?": nullable(SENT_DECIMAL),
  "credit?": nullable(closed({ name: ID, price: SENT_DECIMAL })),
  "trial?": nullable(closed({ days: SENT_DECIMAL, "charges?": KEYS })),
  "entitlements?": nullable(named("SentEntitlements")),
  "rounding?": nullable(oneOf(ROUNDING_MODES)),
};

const keyed = (fields: Readonly<Record<string, JsonSchema>>) =>
  listOf(closed({ key: ID, ...fields }));

const RATE_CARD = closed({
  key: ID,
  currency: CURRENCY,
  charges: { ...keyed(chargeFields), minItems: 1, maxItems: CHARGES_PER_CARD_MAX_COUNT },
  "included?": { type: ["array", "null"], maxItems: 0 },
  "fees?": nullable({ ...keyed(feeFields), maxItems: FEES_PER_CARD_MAX_COUNT }),
  "discounts?": nullable({ ...keyed(discountFields), maxItems: DISCOUNTS_PER_CARD_MAX_COUNT }),
  ...TERMS,
});

/** By key; what is removed is null. */
const changed = (fields: Readonly<Record<string, JsonSchema>>) =>
  nullable(mapOf(nullable(closed({ "key?": ID, ...fields }))));

const RATE_CARD_OVERRIDE = closed(
  {
    key: ID,
    extends: described(ID, "Key of the card that this one differs from."),
    "charges?": changed(chargeFields),
    "fees?": changed(feeFields),
    "discounts?": changed(discountFields),
    ...TERMS,
  },
  "What a card changes of another one; fields of null take the base's away.",
);

const cardVersion = {
  id: described(COUNT, "Id of the version in the workspace; steps name it as cardVersion."),
  version: described(COUNT, "1, 2, … within the card."),
  effectiveFrom: TIME,
  takesEffect: described(
    oneOf(TAKES_EFFECT),
    "At its time, or with the first period of a customer that starts then or later.",
  ),
  recordedAt: TIME,
  card: named("RateCard"),
  override: described(nullable(named("RateCardOverride")), "What the card was resolved from."),
  baseVersion: described(nullable(COUNT), "Id of the version that the override was resolved on."),
};

const priceVersion = {
  id: described(COUNT, "Id of the version; steps name it as priceVersion."),
  source: ANY_TEXT,
  recordedAt: TIME,
  effectiveFrom: described(nullable(TIME), "Null: since ever."),
  entries: described(COUNT, "How many prices it has."),
};

const rates = listOf(
  closed({
    unit: ANY_TEXT,
    price: DECIMAL,
    tiers: listOf(closed({ inputAboveTokens: COUNT, price: DECIMAL })),
  }),
);

const window = nullable(closed({ from: ANY_TEXT, to: ANY_TEXT }));

/** Components of rate cards and prices by name. */
export const TARIFF_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  RateCard: RATE_CARD,
  RateCardOverride: RATE_CARD_OVERRIDE,
  SentEntitlements: SENT_ENTITLEMENTS,
  NewRateCard: {
    anyOf: [
      named("RateCard"),
      named("RateCardOverride"),
      closed({
        card: { anyOf: [named("RateCard"), named("RateCardOverride")] },
        "effectiveFrom?": nullable(TIME_SENT),
        "effective?": nullable(oneOf(EFFECTIVE)),
        "rerate?": described(FLAG, "Take effect before now, and rate again what that concerns."),
      }),
    ],
  },
  RateCardVersion: closed({ key: ANY_TEXT, ...cardVersion }),
  RateCardList: closed({
    cards: listOf(
      closed({ key: ANY_TEXT, ...cardVersion, isDefault: FLAG, versions: COUNT }),
      "The latest version of each card.",
    ),
  }),
  RateCardHistory: closed({
    key: ANY_TEXT,
    inForce: described(
      nullable(COUNT),
      "The version that periods start with now; null: none has taken effect.",
    ),
    versions: listOf(closed(cardVersion)),
  }),
  AppliedRateCard: closed({
    isNew: FLAG,
    version: named("RateCardVersion"),
    overrides: listOf(named("RateCardVersion"), "Versions that overrides got with it."),
    rerated: nullable(named("Rerated")),
  }),
  RateList: closed({
    rates: listOf(closed({ from: CURRENCY, to: CURRENCY, rate: DECIMAL, effectiveFrom: TIME })),
  }),
  Rerated: closed({
    looked: described(COUNT, "Steps and runs that were looked at."),
    total: described(nullable(COUNT), "How many there are about; told by a pass's first answer."),
    steps: described(COUNT, "Steps that have another version or amount now."),
    runs: COUNT,
    outcomes: COUNT,
    cost: described(DECIMAL, "Difference of costs that was booked, in USD."),
    charge: described(DECIMAL, "Difference of charges that was booked, in the cards' currencies."),
    next: described(nullable(ANY_TEXT), "Where to go on; null: that was all."),
  }),
  PriceDocument: {
    type: "object",
    description: "A tollgate.prices/1 document, or LiteLLM's price file with ?format=litellm.",
  },
  PriceVersion: closed(priceVersion),
  PriceVersionList: closed({ versions: listOf(named("PriceVersion")) }),
  ImportedPrices: closed({
    isNew: FLAG,
    version: named("PriceVersion"),
    rerated: nullable(named("Rerated")),
    notes: listOf(
      closed({ kind: ANY_TEXT, provider: ANY_TEXT, subject: ANY_TEXT, detail: ANY_TEXT }),
      "What of the list could not be kept as it is; the first of them.",
    ),
    notesCount: COUNT,
  }),
  FoundPrice: closed({
    match: oneOf(["exact", "alias", "snapshot", "prefix", "none"]),
    suggestion: described(nullable(ANY_TEXT), "A known subject that begins alike: no price."),
    versionId: nullable(COUNT),
    price: nullable(
      closed({
        provider: ANY_TEXT,
        subject: ANY_TEXT,
        aliases: listOf(ANY_TEXT),
        currency: CURRENCY,
        tierFactors: mapOf(DECIMAL),
        effectiveFrom: nullable(TIME),
        daily: window,
        rates,
      }),
    ),
  }),
};
