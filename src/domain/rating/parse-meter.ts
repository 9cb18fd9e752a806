/** Reads what a charge counts, and by what it selects. */
import { PAYERS, STEP_KINDS, STEP_STATUSES } from "../event/event.ts";
import { isUsageName } from "../event/usage.ts";
import { LABELS_MAX_COUNT, WHERE_VALUES_MAX_COUNT } from "../limits.ts";
import type { Place } from "./document-place.ts";
import { type Subject, WHERE_FIELDS } from "./meter-fields.ts";
import type { Meter, Where } from "./rate-card.ts";

const SUBJECTS = ["runs", "steps", "outcomes"] as const satisfies readonly Subject[];
const NO_METER: Meter = { count: "steps", where: {} };

/** Reads a meter; where it is wrong, notes that and returns a neutral one. */
export function parseMeter(place: Place): Meter {
  if (!place.isObject()) return NO_METER;
  place.allowOnly(["count", "sum", "where"]);
  const [count, sum] = [place.at("count"), place.at("sum")];
  if ((count.value === undefined) === (sum.value === undefined)) {
    place.refuse('needs either "count" or "sum"');
    return NO_METER;
  }
  if (sum.value !== undefined) {
    return { sum: readSummed(sum), where: parseWhere(place.at("where"), "steps") };
  }
  const subject = count.choice(SUBJECTS);
  if (subject === undefined) return NO_METER;
  return { count: subject, where: parseWhere(place.at("where"), subject) };
}

function readSummed(place: Place): string {
  const name = place.text();
  if (name !== "" && !isUsageName(name)) {
    place.refuse(`${JSON.stringify(name)} is no usage bucket or unit: write it in snake_case`);
  }
  return name;
}

function parseWhere(place: Place, subject: Subject): Where {
  if (place.isAbsent || !place.isObject()) return {};
  place.allowOnly(Object.keys(READERS));
  const allowed = WHERE_FIELDS[subject];
  const read = (Object.keys(READERS) as (keyof Where)[]).flatMap((field) => {
    const at = place.at(field);
    if (at.isAbsent) return [];
    if (allowed.includes(field)) return [[field, READERS[field](at)]];
    at.refuse(`a meter of ${subject} selects by ${allowed.join(", ")}, not by ${field}`);
    return [];
  });
  return Object.fromEntries(read);
}

const readText = (place: Place) => place.text();
const texts = (place: Place) => readValues(place, readText);
const choices = (known: readonly string[]) => (place: Place) =>
  readValues(place, (value) => value.choice(known) ?? "");

const READERS: Readonly<Record<keyof Where, (place: Place) => unknown>> = {
  agent: texts,
  kind: choices(STEP_KINDS),
  provider: texts,
  model: texts,
  tool: texts,
  status: choices(STEP_STATUSES),
  payer: choices(PAYERS),
  attempt: (place) => readValues(place, readAttempt),
  outcome: texts,
  label: readLabels,
};

/** One value or a list of them; of equal ones, one is kept. */
function readValues<T>(place: Place, read: (value: Place) => T): T[] {
  const isList = Array.isArray(place.value);
  const values = isList ? place.items(WHERE_VALUES_MAX_COUNT).map(read) : [read(place)];
  return [...new Set(values)];
}

function readAttempt(place: Place): number {
  const maxUnits = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(place.decimal({ scale: 0, maxUnits, isPositive: true }));
}

function readLabels(place: Place): Where["label"] {
  const labels = place.entries(LABELS_MAX_COUNT);
  return Object.fromEntries(labels.map(([name, values]) => [name, texts(values)]));
}
