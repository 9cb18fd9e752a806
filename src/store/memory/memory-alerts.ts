/** The outbox of alerts in memory. */
import type {
  AlertDelivery,
  AlertOutbox,
  DeliveryFilter,
  OpenOutbox,
} from "../../engine/alerts/alert-ports.ts";
import { Turns } from "../../engine/commit/turns.ts";
import type { Answer } from "../../engine/ports.ts";
import { byBytes } from "./tables.ts";

interface Box {
  cursor: number;
  readonly deliveries: Map<string, AlertDelivery>;
}

/** Keeps deliveries in maps. */
export class MemoryAlerts implements AlertOutbox {
  readonly #boxes = new Map<string, Box>();
  readonly #turns = new Turns();

  change<T>(workspace: string, work: (outbox: OpenOutbox) => Answer<T>): Promise<T> {
    return this.#turns.take(async () => {
      const box = this.#box(workspace);
      const changes: (() => void)[] = [];
      const result = await work({
        cursor: () => box.cursor,
        delivery: (id) => box.deliveries.get(id),
        due: (nowMs, { limit, exceptRoutes }) => {
          const ready = [...box.deliveries.values()].filter(({ state }) => state === "ready");
          return ready
            .filter(({ route }) => !exceptRoutes.includes(route))
            .filter(({ nextAtMs }) => nextAtMs <= nowMs)
            .sort((a, b) => a.nextAtMs - b.nextAtMs || byBytes(a.id, b.id))
            .slice(0, limit);
        },
        moveCursor: (seq) => {
          changes.push(() => {
            box.cursor = seq;
          });
        },
        put: (delivery) => {
          changes.push(() => box.deliveries.set(delivery.id, delivery));
        },
        forget: (beforeMs) => {
          changes.push(() => {
            for (const [id, { endedAtMs }] of box.deliveries) {
              if (endedAtMs !== null && endedAtMs < beforeMs) box.deliveries.delete(id);
            }
          });
        },
      });
      for (const change of changes) change();
      return result;
    });
  }

  cursor(workspace: string): number {
    return this.#box(workspace).cursor;
  }

  list(workspace: string, { route, state, after, limit }: DeliveryFilter): AlertDelivery[] {
    const all = [...this.#box(workspace).deliveries.values()].sort(
      (a, b) => b.createdAtMs - a.createdAtMs || byBytes(b.id, a.id),
    );
    const from = all.findIndex(({ id }) => id === after) + 1;
    return all
      .slice(from)
      .filter((one) => route === undefined || one.route === route)
      .filter((one) => state === undefined || one.state === state)
      .slice(0, limit);
  }

  nextDueMs(workspace: string): number | null {
    const ready = [...this.#box(workspace).deliveries.values()].filter(
      ({ state }) => state === "ready",
    );
    return ready.length === 0 ? null : Math.min(...ready.map(({ nextAtMs }) => nextAtMs));
  }

  lastTakenMs(workspace: string, route: string): number | null {
    const taken = [...this.#box(workspace).deliveries.values()].filter(
      (one) => one.route === route && one.state === "delivered",
    );
    return taken.reduce<number | null>(
      (last, { endedAtMs }) => (endedAtMs === null ? last : Math.max(last ?? 0, endedAtMs)),
      null,
    );
  }

  #box(workspace: string): Box {
    const known = this.#boxes.get(workspace);
    if (known !== undefined) return known;
    const box: Box = { cursor: 0, deliveries: new Map() };
    this.#boxes.set(workspace, box);
    return box;
  }
}
