/** A value at once or later: embedded stores answer at once, networked ones later. */
export type Answer<T> = T | Promise<T>;
