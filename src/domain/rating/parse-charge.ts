/** Reads a charge: what it counts, its price, and the terms of a period that bound it. */
import { RUN_ENDINGS } from "../event/event.ts";
import {
  AMOUNT_SCALE,
  PRICE_MAX_UNITS,
  PRICE_SCALE,
  QUANTITY_MAX_UNITS,
  QUANTITY_SCALE,
  SETTLES_AFTER_MAX_HOURS,
} from "../limits.ts";
import { type Amount, amountOfPrice, type Price } from "../money/decimal.ts";
import type { Place } from "./document-place.ts";
import { isCostMeter, subjectOfMeter } from "./meter-fields.ts";
import { parseMeter } from "./parse-meter.ts";
import { parsePrice } from "./parse-price.ts";
import type { Charge, ChargedEnding, Meter } from "./rate-card.ts";

const FIELDS = [
  ...["key", "name", "meter", "price", "included", "minimum", "maximum", "when", "settles", "in"],
];
const ENDINGS = [...RUN_ENDINGS, "abandoned"] as const satisfies readonly ChargedEnding[];
const COST_UNIT = 10n ** BigInt(AMOUNT_SCALE - QUANTITY_SCALE);

/** Reads the key of a charge, fee or discount: its own field, or the name it stands under. */
export function readKey(place: Place, name: string | null): string {
  const key = place.at("key");
  if (name === null) return key.text();
  if (!key.isAbsent && key.value !== name) key.refuse(`is not the name that it stands under`);
  return name;
}

/** The name that a statement shows. (Default: the key) */
export function readName(place: Place, key: string): string {
  const name = place.at("name");
  return name.isAbsent ? key : name.text();
}

/** An amount of money; null where it is left out. */
export function readOptionalMoney(place: Place): Amount | null {
  return place.isAbsent ? null : readMoney(place);
}

/** An amount of money, with as many places as a price. */
export function readMoney(place: Place): Amount {
  const rule = { scale: PRICE_SCALE, maxUnits: PRICE_MAX_UNITS };
  return amountOfPrice(place.decimal(rule) as Price);
}

/** Reads a charge; `name` is given where it stands under its key instead of stating it. */
export function parseCharge(place: Place, name: string | null): Charge {
  if (place.isObject()) place.allowOnly(FIELDS);
  const key = readKey(place, name);
  const named = readName(place, key);
  const meter = parseMeter(place.at("meter"));
  const price = parsePrice(place.at("price"), meter);
  const charge: Charge = {
    key,
    name: named,
    meter,
    price,
    included: readIncluded(place.at("included"), meter),
    minimum: readOptionalMoney(place.at("minimum")),
    maximum: readOptionalMoney(place.at("maximum")),
    endings: readEndings(place.at("when"), meter),
    settlesAfterHours: readWindow(place.at("settles"), meter),
    inCredits: readUnit(place.at("in")),
  };
  refuseMismatches(place, charge);
  return charge;
}

/** Terms that are well written, but have no meaning for this meter or price. */
function refuseMismatches(place: Place, { price, included, inCredits }: Charge): void {
  if (price.model === "matrix" && included > 0n) {
    const detail = "each cell of a matrix counts alone; give what is included to another charge";
    place.at("included").refuse(detail);
  }
  if (inCredits && (price.model === "markup" || price.model === "percentage")) {
    place.at("in").refuse(`a ${price.model} is of money, so it is not in credits`);
  }
}

function readIncluded(place: Place, meter: Meter): bigint {
  if (place.isAbsent) return 0n;
  const included = place.decimal({ scale: QUANTITY_SCALE, maxUnits: QUANTITY_MAX_UNITS });
  return isCostMeter(meter) ? included * COST_UNIT : included;
}

/** A step is charged as it happens; runs and outcomes may wait for the run's end. */
function readEndings(place: Place, meter: Meter): readonly ChargedEnding[] | null {
  if (place.isAbsent || !place.isObject()) return null;
  place.allowOnly(["ending"]);
  if (subjectOfMeter(meter) === "steps") {
    place.refuse("steps are charged as they happen; a meter of runs or outcomes can wait");
  }
  const ending = place.at("ending");
  const places = Array.isArray(ending.value) ? ending.items(ENDINGS.length) : [ending];
  return [...new Set(places.flatMap((one) => one.choice(ENDINGS) ?? []))];
}

const HOURS_A_DAY = 24n;

/** A day is 24 hours: clocks that are put forward or back make no window longer or shorter. */
function readWindow(place: Place, meter: Meter): number | null {
  if (place.isAbsent || !place.isObject()) return null;
  place.allowOnly(["afterDays", "afterHours"]);
  if (subjectOfMeter(meter) !== "outcomes") {
    place.refuse("only a meter of outcomes can wait: steps and runs are not taken back");
  }
  const [days, hours] = [place.at("afterDays"), place.at("afterHours")];
  if (days.isAbsent === hours.isAbsent) {
    place.refuse('needs either "afterDays" or "afterHours"');
    return null;
  }
  const whole = (at: Place, maxUnits: bigint) =>
    at.decimal({ scale: 0, maxUnits, isPositive: true });
  return Number(
    days.isAbsent
      ? whole(hours, SETTLES_AFTER_MAX_HOURS)
      : whole(days, SETTLES_AFTER_MAX_HOURS / HOURS_A_DAY) * HOURS_A_DAY,
  );
}

function readUnit(place: Place): boolean {
  return !place.isAbsent && place.choice(["money", "credits"]) === "credits";
}
