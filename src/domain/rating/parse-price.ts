/** Reads a price model. What the model cannot price with certainty is refused when it is saved. */
import {
  FACTOR_SCALE,
  MATRIX_CELLS_MAX_COUNT,
  PERCENT_MAX,
  PRICE_MAX_UNITS,
  PRICE_SCALE,
  QUANTITY_MAX_UNITS,
  QUANTITY_SCALE,
  TIERS_MAX_COUNT,
} from "../limits.ts";
import { type Factor, formatQuantity, type Price, type Quantity } from "../money/decimal.ts";
import type { Place } from "./document-place.ts";
import {
  isCostMeter,
  labelOfDimension,
  MATRIX_DIMENSIONS,
  subjectOfMeter,
} from "./meter-fields.ts";
import { FACTOR_ONE, OTHERWISE_CELL } from "./price-model.ts";
import type { MatrixDimension, Meter, PriceModel, Tier } from "./rate-card.ts";

const MODELS = [
  "per_unit",
  "flat",
  "graduated",
  "volume",
  "package",
  "matrix",
  "markup",
] as const satisfies readonly PriceModel["model"][];

const FIELDS: Readonly<Record<PriceModel["model"], readonly string[]>> = {
  per_unit: ["unit"],
  flat: ["amount"],
  graduated: ["tiers"],
  volume: ["tiers"],
  package: ["size", "amount"],
  matrix: ["by", "cells", "otherwise"],
  markup: ["percent"],
};

const NO_PRICE: PriceModel = { model: "per_unit", unit: 0n as Price };

/** Reads a price; where it is wrong, notes that and returns a neutral one. */
export function parsePrice(place: Place, meter: Meter): PriceModel {
  if (!place.isObject()) return NO_PRICE;
  const model = place.at("model").choice(MODELS);
  if (model === undefined) return NO_PRICE;
  place.allowOnly(["model", ...FIELDS[model]]);
  if (isCostMeter(meter) !== (model === "markup")) {
    place
      .at("model")
      .refuse('the meter {"sum": "cost"} goes with the price model markup, and only with it');
  }
  return readModel(place, model, meter);
}

function readModel(place: Place, model: PriceModel["model"], meter: Meter): PriceModel {
  switch (model) {
    case "per_unit":
      return { model, unit: readPrice(place.at("unit")) };
    case "flat":
      return { model, amount: readPrice(place.at("amount")) };
    case "graduated":
    case "volume":
      return { model, tiers: readTiers(place.at("tiers")) };
    case "package":
      return { model, size: readQuantity(place.at("size")), amount: readPrice(place.at("amount")) };
    case "matrix":
      return readMatrix(place, meter);
    case "markup":
      return { model, factor: readMarkup(place.at("percent")) };
  }
}

function readPrice(place: Place): Price {
  return place.decimal({ scale: PRICE_SCALE, maxUnits: PRICE_MAX_UNITS }) as Price;
}

function readQuantity(place: Place): Quantity {
  const rule = { scale: QUANTITY_SCALE, maxUnits: QUANTITY_MAX_UNITS, isPositive: true };
  return place.decimal(rule) as Quantity;
}

/** "20" (percent) as the factor 1.2: a markup is on top of the cost. */
function readMarkup(place: Place): Factor {
  const percent = place.decimal({ scale: FACTOR_SCALE - 2, maxUnits: PERCENT_MAX });
  return (FACTOR_ONE + percent) as Factor;
}

function readTiers(place: Place): Tier[] {
  const places = place.items(TIERS_MAX_COUNT);
  let reached = 0n as Quantity;
  return places.map((at, index) => {
    const isLast = index === places.length - 1;
    if (at.isObject()) at.allowOnly(["upTo", "unit", "flat"]);
    const upTo = readUpTo(at.at("upTo"), isLast, reached);
    reached = upTo ?? reached;
    const flat = at.at("flat");
    const unit = readPrice(at.at("unit"));
    return { upTo, unit, flat: flat.isAbsent ? (0n as Price) : readPrice(flat) };
  });
}

/** Tiers rise without gap or overlap, and the last one is open: every quantity has one price. */
function readUpTo(place: Place, isLast: boolean, reached: Quantity): Quantity | null {
  if (isLast) {
    if (!place.isAbsent) place.refuse("the last tier is open: leave it out");
    return null;
  }
  if (place.isAbsent) {
    place.refuse("is missing; only the last tier is open");
    return null;
  }
  const upTo = readQuantity(place);
  if (upTo !== 0n && upTo <= reached) {
    place.refuse(
      `${formatQuantity(upTo)} is not above the tier before (${formatQuantity(reached)})`,
    );
  }
  return upTo;
}

function readMatrix(place: Place, meter: Meter): PriceModel {
  const by = readDimension(place.at("by"), meter);
  const cells = place.at("cells").entries(MATRIX_CELLS_MAX_COUNT);
  const otherwise = place.at("otherwise");
  return {
    model: "matrix",
    by,
    cells: Object.fromEntries(cells.map(([name, price]) => [name, readCell(name, price)])),
    otherwise: otherwise.isAbsent ? null : readPrice(otherwise),
  };
}

function readCell(name: string, price: Place): Price {
  if (name === OTHERWISE_CELL) price.refuse('for all other values, use "otherwise"');
  return readPrice(price);
}

function readDimension(place: Place, meter: Meter): MatrixDimension {
  const subject = subjectOfMeter(meter);
  const known = MATRIX_DIMENSIONS[subject];
  const dimension = place.text();
  const label = labelOfDimension(dimension);
  const isLabel = label !== undefined && label !== "" && subject !== "outcomes";
  if (dimension !== "" && !isLabel && !known.includes(dimension as MatrixDimension)) {
    const choices = subject === "outcomes" ? known : [...known, "label.NAME"];
    place.refuse(`a meter of ${subject} has no ${dimension}; it is one of ${choices.join(", ")}`);
  }
  return dimension as MatrixDimension;
}
