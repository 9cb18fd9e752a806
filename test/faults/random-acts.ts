/** What plays random acts: an engine over a data folder of its own, and what was sent to it. */
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import type { TollgateEvent } from "../../src/domain/event/event.ts";
import { step, toolCall, voided } from "../../src/engine/commit/engine-world.test.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";

/** Who does what a person does in these histories. */
export const WHO = { reason: "test", by: "test" };

/** A step that was sent. */
export interface Sent {
  readonly run: string;
  readonly id: string;
}

/** The engine of one history, in workspace `w`; its time is set by hand. */
export class Played {
  readonly engine: Engine;
  readonly clock: { now: number };
  readonly #sent: Sent[] = [];
  #count = 0;

  constructor(engine: Engine, clock: { now: number }) {
    this.engine = engine;
    this.clock = clock;
  }

  /** An identity that nothing else has. */
  newId(of: string): string {
    this.#count += 1;
    return `${of}${this.#count}`;
  }

  async send(...events: readonly TollgateEvent[]): Promise<void> {
    await this.engine.ingest("w", events);
  }

  /** Steps of customer acme, tool calls (of such facts) and model calls in turn. */
  async sendSteps(of: { run: string; occurredAtMs: number }, count: number, facts = {}) {
    const ids = Array.from({ length: count }, () => this.newId("s"));
    const all = { ...of, customer: "acme" };
    this.sent(...ids.map((id) => ({ run: of.run, id })));
    await this.send(
      ...ids.map((id, at) => {
        return at % 2 === 0 ? toolCall({ ...all, id, ...facts }) : step({ ...all, id });
      }),
    );
  }

  /** Takes note of steps that may be corrected. */
  sent(...steps: readonly Sent[]): void {
    this.#sent.push(...steps);
  }

  /** One of the steps that were sent; undefined: not this time. */
  anySent(n: number): Sent | undefined {
    return this.#sent[n % (this.#sent.length + 1)];
  }

  /** Voids a step that was sent, not for the second time. */
  async voidAny(n: number): Promise<void> {
    const [target] = this.#sent.splice(n % (this.#sent.length + 1), 1);
    if (target === undefined) return;
    const of = { run: target.run, id: this.newId("v"), target: { source: "sdk", id: target.id } };
    await this.send(voided(of));
  }
}

/** Plays a history in a data folder of its own and closes it. */
export async function playIn(
  dataDir: string,
  startMs: number,
  play: (played: Played) => Promise<void>,
): Promise<void> {
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { now: startMs };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace("w");
  await play(new Played(engine, clock));
  await store.settle("w");
  await store.close();
}
