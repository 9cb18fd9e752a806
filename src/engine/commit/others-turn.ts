/**
 * Lets whatever waits for this thread have its turn: requests are read, answers go out, other
 * threads are heard.
 */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Rows between two turns: some milliseconds of reading them. */
const ROWS_A_TURN = 1_000;

/** Lets others have a turn whenever so much was read, in however many parts. */
export class ReadTurns {
  #rows = 0;

  async read(rows: number): Promise<void> {
    this.#rows += rows;
    if (this.#rows < ROWS_A_TURN) return;
    this.#rows = 0;
    await othersTurn();
  }
}
