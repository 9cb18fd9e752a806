import { groupDigits } from "./money.ts";

/** A count with its noun: `1 run`, `2,000 runs`. (Default plural: the noun with an s.) */
export function counted(count: number, noun: string): string {
  return `${groupDigits(String(count))} ${noun}${count === 1 ? "" : "s"}`;
}
