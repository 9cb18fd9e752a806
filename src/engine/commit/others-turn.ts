/**
 * Lets whatever waits for this thread have its turn: requests are read, answers go out, other
 * threads are heard.
 */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

let arrivals = 0;

/**
 * Somebody new arrived in this turn. The system hands over one connection a turn, so others may
 * wait behind it.
 */
export function noteArrival(): void {
  arrivals += 1;
}

/** Turns in a row that bring somebody new: each takes some tenth of a millisecond. */
const ARRIVALS_MAX_COUNT = 32;

/**
 * The same, and further turns while each brings somebody new. Between two units of work that follow
 * each other at once there is one turn, so a thousand callers who connect to a busy server waited
 * for a thousand units, and what settles holds waited with them while all who had come asked again.
 */
export async function arrivalsTurn(): Promise<void> {
  for (let turns = 0; turns < ARRIVALS_MAX_COUNT; turns += 1) {
    const before = arrivals;
    await othersTurn();
    if (arrivals === before) return;
  }
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
