/** What is wrong with settings, said alike for every connector. */
import type { ExportTarget, Missing } from "../domain/export/target.ts";

/** A setting that is one of a few words. */
export function choice(name: string, value: string, values: readonly string[]): Missing[] {
  if (values.includes(value)) return [];
  return [{ place: `settings.${name}`, detail: `"${value}" is none of ${values.join(", ")}.` }];
}

/** A setting that is a whole number between two others, both included. */
export function wholeNumber(
  name: string,
  value: string,
  [least, most]: readonly [number, number],
): Missing[] {
  const isIn = /^[0-9]{1,5}$/.test(value) && Number(value) >= least && Number(value) <= most;
  if (isIn) return [];
  return [{ place: `settings.${name}`, detail: `Set a number from ${least} to ${most}.` }];
}

/** A name that is misspelt would be overlooked, and its default taken. */
export function onlyKnown(
  { settings }: Pick<ExportTarget, "settings">,
  known: readonly string[],
): Missing[] {
  const unknown = Object.keys(settings).filter((name) => !known.includes(name));
  return unknown.map((name) => {
    return { place: `settings.${name}`, detail: `There is ${known.join(", ")}.` };
  });
}
