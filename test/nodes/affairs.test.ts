/**
 * Nodes that take turns on one workspace know what the others moved: alerts are told by the units
 * that cause them, each once, as one node alone tells them, in any order of turns.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { TOUCHED_COMMITS_COUNT } from "../../src/domain/database-limits.ts";
import { LOOKS_A_UNIT } from "../../src/engine/alerts/due-looks.ts";
import {
  cardOf,
  each,
  NOW_MS,
  newWorld,
  PRICES,
  step,
  toolCall,
  voided,
} from "../../src/engine/commit/engine-world.test.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { postgresServer } from "../postgres-server.ts";
import { openNode, type SideNode } from "./nodes.ts";

const BY = { reason: "a test", by: "ops" };
const CLOCK = { nowMs: () => NOW_MS };
/** About half a dollar a tool call; model calls cost us 1.20 and nobody else anything. */
const TOOLS = { tools: [{ count: "steps", where: { kind: "tool" } }, each("0.495")] } as const;
const FULL = Boolean(process.env.TOLLGATE_TEST_FULL);

let nodes: SideNode[] = [];

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  nodes = [await openNode(url, { clock: CLOCK }), await openNode(url, { clock: CLOCK })];
});

after(async () => {
  for (const node of nodes) await node.close();
});

const CUSTOMERS = ["acme", "globex"] as const;
/** Acts make every node forget all, so most turns are none. */
const KINDS = [
  ...["tools", "tools", "tools", "models", "models", "models", "models", "models"],
  ...["tools", "tools", "tools", "models", "models", "models", "models", "models"],
  ...["void", "void", "grant", "fee", "look", "burst"],
] as const;

interface Turn {
  readonly node: 0 | 1;
  readonly kind: string;
  readonly customer: (typeof CUSTOMERS)[number];
  readonly count: number;
}

const anyTurn: fc.Arbitrary<Turn> = fc.record({
  node: fc.constantFrom(0, 1),
  kind: fc.constantFrom(...KINDS),
  customer: fc.constantFrom(...CUSTOMERS),
  count: fc.nat(20),
});

/** Engines in turn on one workspace, and what was sent to them. */
class Play {
  readonly #engines: readonly Engine[];
  readonly #workspace: string;
  readonly #sent: { customer: string; id: string }[] = [];
  #number = 0;

  constructor(engines: readonly Engine[], workspace: string) {
    this.#engines = engines;
    this.#workspace = workspace;
  }

  async turn({ node, kind, customer, count }: Turn): Promise<void> {
    const engine = this.#engines[node % this.#engines.length];
    assert.ok(engine !== undefined);
    this.#number += 1;
    const id = `e${this.#number}`;
    if (kind === "tools" || kind === "models") await this.#send(engine, kind, { customer, count });
    if (kind === "void") await this.#void(engine, count);
    if (kind === "look") await this.look(engine);
    if (kind === "grant") await this.#grant(engine, id, { customer, amount: `${count + 1}` });
    if (kind === "fee") await this.#fee(engine, count);
    if (kind === "burst") await this.#burst(engine, { customer, count });
  }

  async #send(engine: Engine, kind: "tools" | "models", of: { customer: string; count: number }) {
    const { customer, count } = of;
    const make = kind === "models" ? step : toolCall;
    const events = Array.from({ length: count + 1 }, () => {
      this.#number += 1;
      const id = `s${this.#number}`;
      this.#sent.push({ customer, id });
      return make({ run: `run of ${customer}`, customer, id });
    });
    await engine.ingest(this.#workspace, events);
  }

  async #void(engine: Engine, at: number): Promise<void> {
    const [sent] = this.#sent.splice(at, 1);
    if (sent === undefined) return;
    const { customer, id } = sent;
    const of = { run: `run of ${customer}`, id: `void ${id}` };
    await engine.ingest(this.#workspace, [voided({ ...of, target: { source: "sdk", id } })]);
  }

  async #grant(engine: Engine, id: string, of: { customer: string; amount: string }) {
    if (!this.#sent.some(({ customer }) => customer === of.customer)) return;
    const terms = { currency: null, name: null, priority: 100, expiresAtMs: null, charges: null };
    const rest = { cost: null, costCurrency: null, rollover: null };
    await engine.credits.grant(this.#workspace, { ...terms, ...BY, ...rest, id, ...of });
  }

  /** The same card at once, with a fee: no step moves, and every bill does. */
  async #fee(engine: Engine, amount: number): Promise<void> {
    const fees = [{ key: "base", name: "Base", amount: `${amount}` }];
    const card = cardOf(TOOLS, "card", { fees });
    await engine.applyRateCard(this.#workspace, { ...card, takesEffect: "at_once" });
  }

  /** More commits than are kept for the other node. */
  async #burst(engine: Engine, of: { customer: string; count: number }): Promise<void> {
    for (let n = 0; n <= TOUCHED_COMMITS_COUNT; n += 1) {
      await this.#send(engine, n % 3 === of.count % 3 ? "models" : "tools", { ...of, count: 0 });
    }
  }

  /** Looks at everybody. */
  async look(engine: Engine): Promise<void> {
    while ((await engine.alerts.look(this.#workspace, 100)) > 0);
    while ((await engine.alerts.lookAtMargin(this.#workspace, 100)) > 0);
  }

  /** What was told, oldest first. */
  async told(): Promise<string[]> {
    const [engine] = this.#engines;
    assert.ok(engine !== undefined);
    const of = { kind: "alert.told", limit: 1_000 } as const;
    const acts = await engine.store.acts(this.#workspace, of);
    return acts.map(({ id, document }) => `${id} ${JSON.parse(document).state}`);
  }
}

async function prepared(engines: readonly Engine[], workspace: string): Promise<Play> {
  const [engine] = engines;
  assert.ok(engine !== undefined);
  await engine.store.createWorkspace(workspace);
  const prices = { source: "test", entries: PRICES, effectiveFromMs: null };
  await engine.importPrices(workspace, prices);
  await engine.applyRateCard(workspace, { ...cardOf(TOOLS), effectiveFromMs: 0 });
  return new Play(engines, workspace);
}

test("two nodes in any order of turns tell what one node tells, and looks no more", async () => {
  const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  let histories = 0;
  let alerts = 0;
  const property = fc.asyncProperty(
    fc.array(anyTurn, { minLength: 20, maxLength: 60 }),
    async (turns) => {
      histories += 1;
      const engines = nodes.map(({ engine }) => engine);
      const play = await prepared(engines, `affairs-${histories}`);
      const alone = new Play([(await newWorld(cardOf(TOOLS))).engine], "w");
      for (const turn of turns) {
        await play.turn(turn);
        await alone.turn(turn);
        const told = await play.told();
        assert.deepEqual(told, await alone.told(), JSON.stringify(turn));
      }
      const told = await play.told();
      for (const engine of engines) await play.look(engine);
      assert.deepEqual(await play.told(), told, "a look finds nothing");
      alerts += told.length;
    },
  );
  await fc.assert(property, { seed, numRuns: FULL ? 300 : 8 });
  assert.ok(alerts > histories, `${alerts} alerts in ${histories} histories`);
});

/** Every unit that may overlap begins twice, as where the one ahead of it fails: once in vain. */
function beginAnew({ store }: SideNode): void {
  const transact = store.transact.bind(store);
  const inVain = new Error("in vain");
  store.transact = async (workspace, work, handedOver) => {
    if (handedOver !== undefined) {
      const first = transact(workspace, async (unit) => {
        await work(unit);
        throw inVain;
      });
      await first.catch((error: unknown) => {
        if (error !== inVain) throw error;
      });
    }
    return transact(workspace, work, handedOver);
  };
}

test("what a unit told in vain is told by the unit that begins anew", async () => {
  const url = await (await postgresServer()).createDatabase();
  const node = await openNode(url, { clock: CLOCK });
  beginAnew(node);
  try {
    const play = await prepared([node.engine], "anew");
    // More than are looked at in one unit: the rest is left on record.
    const customers = Array.from({ length: 3 * LOOKS_A_UNIT }, (_, no) => `customer-${no}`);
    const events = customers.map((customer) => {
      return step({ run: `run of ${customer}`, customer, id: `s of ${customer}` });
    });
    await node.engine.ingest("anew", events);
    assert.equal((await play.told()).length, LOOKS_A_UNIT);
    await play.look(node.engine);
    assert.equal((await play.told()).length, customers.length);
    const due = await node.engine.store.acts("anew", { kind: "alert.look_due", limit: 1_000 });
    assert.equal(due.length, 1);
  } finally {
    await node.close();
  }
});
