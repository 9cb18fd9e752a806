/**
 * Holds that the steps of a unit of work settle, looked up before anything is booked: a step that
 * names no agent is of the one that its hold is for, and it has the labels of its hold that it does
 * not state. Else it would count in other balances than it was asked for, and what an agent or a
 * label may spend would be free again with every step.
 */
import type { Hold } from "../../domain/budget/hold.ts";
import { decodeEvent } from "../../domain/event/codec.ts";
import type { StepEvent } from "../../domain/event/event.ts";
import { ByIdentity } from "../commit/by-identity.ts";
import type { StepKey, UnitOfWork } from "../ports.ts";

/** A step whose hold, if it has one, is settled by it. */
export interface Recorded extends StepKey {
  readonly callId: string | null;
}

/** Holds that counted when the unit began. */
export class HeldSteps {
  readonly #own = new ByIdentity<Hold>();
  readonly #called: Hold[] = [];

  get isEmpty(): boolean {
    return this.#own.size === 0 && this.#called.length === 0;
  }

  /** Looks up the holds of steps. */
  async load({ spending }: UnitOfWork, steps: readonly Recorded[]): Promise<void> {
    if (steps.length === 0 || (await spending.countingHoldCount()) === 0) return;
    for (const hold of await spending.countingHolds(steps)) this.#own.set(hold);
    const callIds = [...new Set(steps.flatMap(({ callId }) => callId ?? []))];
    if (callIds.length === 0) return;
    for (const hold of await spending.countingHoldsOfCalls(callIds)) this.#called.push(hold);
  }

  /** The hold that a step settles: its own, or that of its call, which its customer has once. */
  of(step: Recorded, customer: string | null): Hold | undefined {
    const own = this.#own.get(step);
    if (own !== undefined || step.callId === null) return own;
    return this.#called.find((one) => one.callId === step.callId && one.customer === customer);
  }

  /** What the ask for a step's hold stated of whose work it is. */
  statedOf(step: Recorded, customer: string): Stated {
    const hold = this.isEmpty ? undefined : this.of(step, customer);
    // Most state none. Text that is sent cannot look so: its quotes are escaped.
    if (hold === undefined || NOTHING_STATED.every((text) => hold.document.includes(text))) {
      return STATES_NOTHING;
    }
    const event = decodeEvent(hold.document);
    return event.type === "step" ? event : STATES_NOTHING;
  }
}

/** Agent and labels of an ask. An agent of null: there is no hold, or the run's opening says it. */
type Stated = Pick<StepEvent, "agent" | "labels">;

const STATES_NOTHING: Stated = { agent: null, labels: null };
const NOTHING_STATED = ['"agent":null', '"labels":null'] as const;
