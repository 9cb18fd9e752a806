/** For tests that compare events read in two ways, of which one lists what the other maps. */
import type { ReadItems } from "./read-items.ts";

/** The same items, every usage of them a Map: what is equal is then deeply equal. */
export function withUsageMaps(read: ReadItems): ReadItems {
  const events = read.events.map((event) =>
    event.type === "step" ? { ...event, usage: new Map(event.usage) } : event,
  );
  return { ...read, events };
}
