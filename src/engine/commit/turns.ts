/** Work that must not overlap: each piece starts when the one before it has ended, however. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  /** The end of what was handed over early. Never rejects. */
  #landing: Promise<unknown> = Promise.resolve();

  /** Runs work in its turn. A failure is its caller's alone. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(() => this.#landing).then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /**
   * Runs work in its turn, which ends before the work does: with what it resolves to, whose
   * `landing` is its real end. Only work of this kind may start before that; it has to wait for the
   * landing before it, if it lands at all, so that never more than one is on its way.
   */
  takeEarly<T>(work: () => Promise<{ readonly landing: Promise<T> }>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.then(
      ({ landing }) => {
        this.#landing = landing.catch(() => undefined);
      },
      () => undefined,
    );
    return mine.then(({ landing }) => landing);
  }

  /** Resolves when nothing is landing that was handed over so far. */
  async landed(): Promise<void> {
    await this.#landing;
  }
}
