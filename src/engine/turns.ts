/** Work that must not overlap: each piece starts when the one before it has ended, however. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs work in its turn. A failure is its caller's alone. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine;
    return mine;
  }
}
