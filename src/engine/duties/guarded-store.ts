/**
 * A store whose units of work begin with a question, asked under their own lock: what its answer
 * allows cannot change before they end. Periodic work asks whether it still has its lease, so a
 * node that was stopped for a minute does nothing when it goes on.
 */
import type { Lease } from "../node-ports.ts";
import type { Store, UnitOfWork } from "../ports.ts";

/** Work was given up before it did anything: somebody else has it, or it is no more to be done. */
export class GivenUp extends Error {}

/** The same store; units throw what `guard` throws before they do anything. */
export function guardedStore(store: Store, guard: (unit: UnitOfWork) => Promise<void>): Store {
  const transact: Store["transact"] = (workspace, work) =>
    store.transact(workspace, async (unit) => {
      await guard(unit);
      return work(unit);
    });
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "transact") return transact;
      const own: unknown = Reflect.get(target, name, target);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

/** The same store for work under a lease; its units throw `GivenUp` once another one has it. */
export function underLease(store: Store, lease: Lease): Store {
  return guardedStore(store, async (unit) => {
    if (!(await unit.holds(lease))) throw new GivenUp(`The lease "${lease.name}" is another's.`);
  });
}
