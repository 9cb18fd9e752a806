/**
 * A simulation as lines that are sent while it goes on: how far it is, one customer after the
 * other, the total. What reads them slowly holds the simulation up, and what stops reading ends it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { TollgateError } from "../domain/errors.ts";
import { SIMULATIONS_AT_ONCE_MAX_COUNT } from "../domain/limits.ts";
import type { Engine } from "../engine/engine.ts";
import type { SimulationRequest } from "../engine/simulation/simulation.ts";
import { customerLine, totalLine } from "./views/simulation-view.ts";

/** Simulations that this process carries out now. */
let underway = 0;

/** Steps between two lines that tell how far it is. */
const PROGRESS_STEPS = 50_000;

/**
 * Begins a simulation; resolves when its first line is there, so that what is refused can be told
 * by the status. Throws what `Engine.simulate` throws, and `simulation.busy`.
 */
export async function simulationLines(
  engine: Engine,
  workspace: string,
  request: SimulationRequest,
): Promise<AsyncGenerator<object>> {
  return beginSimulation((lines) => run(engine, workspace, { request, lines }));
}

/** Begins work that puts lines; it ends them, or says what failed. Throws `simulation.busy`. */
export async function beginSimulation(
  work: (lines: Lines) => Promise<void>,
): Promise<AsyncGenerator<object>> {
  if (underway >= SIMULATIONS_AT_ONCE_MAX_COUNT) {
    throw new TollgateError("simulation.busy", "Another simulation is under way.");
  }
  const lines = new Lines();
  underway += 1;
  void work(lines).finally(() => {
    underway -= 1;
  });
  const first = await lines.take();
  return lines.from(first);
}

async function run(
  engine: Engine,
  workspace: string,
  { request, lines }: { readonly request: SimulationRequest; readonly lines: Lines },
): Promise<void> {
  let told = 0;
  try {
    const total = await engine.simulate(workspace, {
      request,
      listener: {
        signal: lines.signal,
        onProgress: (done, of) => {
          if (done < of && done - told < PROGRESS_STEPS) return;
          told = done;
          lines.put({ type: "progress", done, total: of });
        },
        onCustomer: async (customer) => {
          lines.put(customerLine(customer));
          await lines.room();
        },
      },
    });
    lines.put(totalLine(total, request));
    lines.end();
  } catch (error) {
    lines.fail(error);
  }
}

/** Lines that wait to be taken. */
const WAITING_MAX_COUNT = 500;

/** Lines between who makes them and who sends them. */
export class Lines {
  readonly #waiting: object[] = [];
  readonly #controller = new AbortController();
  #failure: { readonly error: unknown } | null = null;
  #isEnded = false;
  #changed = Promise.withResolvers<void>();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  put(line: object): void {
    this.#waiting.push(line);
    this.#tell();
  }

  end(): void {
    this.#isEnded = true;
    this.#tell();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Waits until few lines wait; other requests have their turn meanwhile. */
  async room(): Promise<void> {
    await nextTurn();
    while (this.#waiting.length > WAITING_MAX_COUNT && !this.signal.aborted) {
      await this.#changed.promise;
    }
  }

  /** The next line; null: there is none any more. Throws what ended the simulation. */
  async take(): Promise<object | null> {
    for (;;) {
      const line = this.#waiting.shift();
      if (line !== undefined) {
        this.#tell();
        return line;
      }
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#isEnded) return null;
      await this.#changed.promise;
    }
  }

  /** All lines from one on. Ending early gives the simulation up. */
  async *from(first: object | null): AsyncGenerator<object> {
    try {
      for (let line = first; line !== null; line = await this.take()) yield line;
    } catch (error) {
      if (!(error instanceof TollgateError)) throw error;
      yield { type: "problem", code: error.code, detail: error.message };
    } finally {
      this.#controller.abort(new TollgateError("request.timeout", "Nobody reads the answer."));
      this.#tell();
    }
  }
}
