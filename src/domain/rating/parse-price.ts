/** Reads a price model. What the model cannot price with certainty is refused when it is saved. */

import { isTrialCell, TRIAL_PREFIX } from "../event/trial-cell.ts";
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
import { FACTOR_ONE, OTHERWISE_CELL, PAIR_SEPARATOR, pairCell } from "./price-model.ts";
import type { MatrixDimension, Meter, PriceModel, Tier } from "./rate-card.ts";

const MODELS = [
  "per_unit",
  "flat",
  "graduated",
  "volume",
  "package",
  "matrix",
  "percentage",
  "markup",
] as const satisfies readonly PriceModel["model"][];

const FIELDS: Readonly<Record<PriceModel["model"], readonly string[]>> = {
  per_unit: ["unit"],
  flat: ["amount"],
  graduated: ["tiers"],
  volume: ["tiers"],
  package: ["size", "amount"],
  matrix: ["by", "cells", "otherwise"],
  percentage: ["percent", "fixed"],
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
  if (model === "percentage" && "count" in meter) {
    place.at("model").refuse('a percentage is of a unit that states money: {"sum": "order_value"}');
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
    case "percentage":
      return {
        model,
        factor: readPercent(place.at("percent"), PERCENT_MAX),
        fixed: readOptionalPrice(place.at("fixed")),
      };
    case "markup":
      return { model, factor: readMarkup(place.at("percent")) };
  }
}

function readPrice(place: Place): Price {
  return place.decimal({ scale: PRICE_SCALE, maxUnits: PRICE_MAX_UNITS }) as Price;
}

function readOptionalPrice(place: Place): Price {
  return place.isAbsent ? (0n as Price) : readPrice(place);
}

/** "20" (percent) as the factor 0.2. */
export function readPercent(place: Place, maxPercent: bigint): Factor {
  return place.decimal({ scale: FACTOR_SCALE - 2, maxUnits: maxPercent }) as Factor;
}

function readQuantity(place: Place): Quantity {
  const rule = { scale: QUANTITY_SCALE, maxUnits: QUANTITY_MAX_UNITS, isPositive: true };
  return place.decimal(rule) as Quantity;
}

/** "20" (percent) as the factor 1.2: a markup is on top of the cost. */
function readMarkup(place: Place): Factor {
  return (FACTOR_ONE + readPercent(place, PERCENT_MAX)) as Factor;
}

function readTiers(place: Place): Tier[] {
  const places = place.items(TIERS_MAX_COUNT);
  let reached = 0n as Quantity;
  return places.map((at, index) => {
    const isLast = index === places.length - 1;
    if (at.isObject()) at.allowOnly(["upTo", "unit", "flat"]);
    const upTo = readUpTo(at.at("upTo"), isLast, reached);
    reached = upTo ?? reached;
    const unit = readPrice(at.at("unit"));
    return { upTo, unit, flat: readOptionalPrice(at.at("flat")) };
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
  const by = place.at("by");
  const isPair = Array.isArray(by.value);
  const cells = isPair ? readPairCells(place.at("cells")) : readCells(place.at("cells"));
  const otherwise = place.at("otherwise");
  return {
    model: "matrix",
    by: isPair ? readPair(by, meter) : readDimension(by, meter),
    cells: Object.fromEntries(cells),
    otherwise: otherwise.isAbsent ? null : readPrice(otherwise),
  };
}

type Cell = readonly [name: string, price: Price];

function readCells(place: Place): Cell[] {
  return place.entries(MATRIX_CELLS_MAX_COUNT).map(([name, price]) => {
    if (name === OTHERWISE_CELL) price.refuse('for all other values, use "otherwise"');
    refuseTrialCell(name, price);
    return [name, readPrice(price)];
  });
}

function refuseTrialCell(name: string, price: Place): void {
  if (isTrialCell(name)) price.refuse(`no value of a matrix begins with "${TRIAL_PREFIX}"`);
}

/** By two dimensions: `{ "gpt-5": { "search": "0.02" } }`, by the first one's values first. */
function readPairCells(place: Place): Cell[] {
  const cells = place.entries(MATRIX_CELLS_MAX_COUNT).flatMap(([first, row]) =>
    row.entries(MATRIX_CELLS_MAX_COUNT).map(([second, price]): Cell => {
      if (first.includes(PAIR_SEPARATOR) || second.includes(PAIR_SEPARATOR)) {
        price.refuse(`a value of a matrix by two dimensions has no "${PAIR_SEPARATOR}"`);
      }
      refuseTrialCell(first, price);
      return [pairCell(first, second), readPrice(price)];
    }),
  );
  if (cells.length <= MATRIX_CELLS_MAX_COUNT) return cells;
  place.refuse(`has ${cells.length} cells; at most ${MATRIX_CELLS_MAX_COUNT} are allowed`);
  return [];
}

function readPair(place: Place, meter: Meter): readonly [MatrixDimension, MatrixDimension] {
  const [first, second, ...others] = place.items(2).map((item) => readDimension(item, meter));
  if (others.length === 0 && first !== undefined && second !== undefined && first !== second) {
    return [first, second];
  }
  place.refuse("name one dimension, or a list of two different ones");
  return ["agent", "agent"];
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
