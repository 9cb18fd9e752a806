/** What of a burst is told one by one. */
import { LIVE_ITEMS_MAX_COUNT } from "../../domain/limits.ts";

/** The last ones of a list, and how many there were before. */
export class Newest<T> {
  items: T[] = [];
  earlier = 0;

  add(item: T): void {
    this.items.push(item);
    if (this.items.length <= LIVE_ITEMS_MAX_COUNT) return;
    this.items.shift();
    this.earlier += 1;
  }
}
