/**
 * Random commands against an oracle that knows nothing of balances: it keeps a list of what was
 * recorded and what is held, and adds up from scratch at every look.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { formatLevel } from "../../domain/budget/parse-budget.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { postgresServer } from "../../store/real-postgres-contract.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../store/verify/verify-data-folder.ts";
import { NOW_MS, opened, PRICES, step, usage, voided } from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import type { Store } from "../ports.ts";
import { ask, budget, holdOn, release } from "./holds-world.test.ts";

/** A tree of four levels, and runs beside it, one of which is never opened; two customers. */
const RUNS: readonly {
  readonly id: string;
  readonly parent: string | null;
  readonly customer: string;
  readonly isUnopened?: boolean;
}[] = [
  { id: "root", parent: null, customer: "acme" },
  { id: "left", parent: "root", customer: "acme" },
  { id: "right", parent: "root", customer: "acme" },
  { id: "leaf", parent: "left", customer: "acme" },
  { id: "beside", parent: null, customer: "acme" },
  { id: "other", parent: null, customer: "globex" },
  { id: "unopened", parent: null, customer: "globex", isUnopened: true },
];
/** Of every opened run, and of the first step of the one that is not. */
const RUNS_AGENT = "a";
const AGENTS_MOST = 200;
const TEAMS_MOST = 120;
const MINUTE_MS = 60_000;
/** Shortly before a window ends, so that holds outlive theirs. */
const START_MS = NOW_MS + 50 * MINUTE_MS;
const TTL_MS = 2 * MINUTE_MS;
const QUARANTINE_MS = 10 * MINUTE_MS;

/** Who asks, or records; null: no agent is named, or no label. */
interface Act<Name extends string> {
  readonly do: Name;
  readonly run: number;
  readonly step: number;
  readonly tokens: number;
  readonly agent: string | null;
  readonly team: string | null;
}

type Command =
  | Act<"hold">
  | Act<"record">
  | { readonly do: "release" | "void"; readonly run: number; readonly step: number }
  | { readonly do: "wait"; readonly minutes: number }
  | { readonly do: "raise"; readonly run: number; readonly limit: number };

const run = fc.nat({ max: RUNS.length - 1 });
const stepNo = fc.nat({ max: 5 });
const tokens = fc.integer({ min: 1, max: 40 });
const agent = fc.constantFrom(null, null, RUNS_AGENT, "b");
const team = fc.constantFrom(null, null, "x", "y");
const act = { run, step: stepNo, tokens, agent, team };
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("hold" as const), ...act }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("record" as const), ...act }) },
  fc.record({ do: fc.constantFrom("release" as const, "void" as const), run, step: stepNo }),
  fc.record({ do: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 25 }) }),
  fc.record({ do: fc.constant("raise" as const), run, limit: fc.integer({ min: 0, max: 200 }) }),
);

interface KnownStep {
  readonly run: number;
  readonly name: string;
  tokens: number;
  readonly atMs: number;
  state: "held" | "released" | "estimated" | "exact" | "voided";
  heldTokens: number;
  /** The ask as it was sent. */
  asked: string;
  agent: string | null;
  /** Its label: of a hold the one that was asked for. */
  team: string | null;
  expiresAtMs: number;
}

function labelsOf({ team }: Act<"hold" | "record">): { readonly team: string } | null {
  return team === null ? null : { team };
}

/** A better record leaves a step with the agent that it had. */
function estimatesAgent({ state, agent }: KnownStep): string | null {
  return state === "estimated" ? agent : null;
}

/** The oracle: lists, and sums over them. A token costs 0.01. */
class Oracle {
  readonly steps = new Map<string, KnownStep>();
  readonly caps = new Map<number, number>();
  nowMs = START_MS;

  /** Levels in tokens: what is settled and held of a budget's scope. */
  level(includes: (step: KnownStep) => boolean): { settled: number; held: number } {
    let [settled, held] = [0, 0];
    for (const one of this.steps.values()) {
      if (!includes(one)) continue;
      if (one.state === "held") held += one.heldTokens;
      if (one.state === "estimated" || one.state === "exact") settled += one.tokens;
    }
    return { settled, held };
  }

  isBelow(runNo: number, above: number): boolean {
    for (let at: number | undefined = runNo; at !== undefined && at >= 0; ) {
      if (at === above) return true;
      const parent: string | null | undefined = RUNS[at]?.parent;
      at = parent == null ? undefined : RUNS.findIndex(({ id }) => id === parent);
    }
    return false;
  }

  /** Whom a record counts for: what it names, else its hold or the estimate, else the opening. */
  agentOf({ agent, run: runNo }: Act<"record">, known: KnownStep | undefined): string | null {
    const isOfHold = known?.state === "held" || known?.state === "estimated";
    if (known !== undefined && isOfHold) return estimatesAgent(known) ?? agent ?? known.agent;
    return agent ?? (RUNS[runNo]?.isUnopened ? null : RUNS_AGENT);
  }

  /** What a record's label is: what it states, else what its hold or the estimate does. */
  teamOf({ team }: Act<"record">, known: KnownStep | undefined): string | null {
    const isOfHold = known?.state === "held" || known?.state === "estimated";
    return team ?? (isOfHold ? known.team : null);
  }

  hour(atMs: number): number {
    return Math.floor(atMs / 3_600_000);
  }

  /** Every limit that a hold must fit: cap of each run above, agent, team, customer's hour. */
  fits({ run: runNo, tokens: asked, team }: Act<"hold">, agent: string): boolean {
    const ofTeam = this.level((one) => one.team === team);
    if (team !== null && ofTeam.settled + ofTeam.held + asked > TEAMS_MOST) return false;
    const ofAgent = this.level((one) => one.agent === agent);
    if (ofAgent.settled + ofAgent.held + asked > AGENTS_MOST) return false;
    for (const [above] of RUNS.entries()) {
      if (!this.isBelow(runNo, above)) continue;
      const { settled, held } = this.level((one) => this.isBelow(one.run, above));
      if (settled + held + asked > (this.caps.get(above) ?? 100)) return false;
    }
    const customer = RUNS[runNo]?.customer;
    const { settled, held } = this.level(
      (one) =>
        RUNS[one.run]?.customer === customer && this.hour(one.atMs) === this.hour(this.nowMs),
    );
    return settled + held + asked <= 150;
  }
}

async function play(store: Store, commands: readonly Command[]): Promise<PlayedWorld> {
  const clock = { now: START_MS };
  const engine = engineOver(store, clock);
  await store.createWorkspace("w");
  await engine.importPrices("w", { source: "test", entries: PRICES, effectiveFromMs: null });
  await budget(engine, "cap", { each: "run", measure: "cost", limit: "1" });
  const hourly = { each: "customer", measure: "cost", limit: "1.5", per: "hour" };
  await budget(engine, "hour", hourly);
  const limit = `${AGENTS_MOST / 100}`;
  await budget(engine, "agent", { each: "agent", measure: "cost", limit, per: "lifetime" });
  const teams = { each: "label:team", measure: "cost", limit: `${TEAMS_MOST / 100}` };
  await budget(engine, "team", { ...teams, per: "lifetime" });
  for (const { id, parent, customer, isUnopened = false } of RUNS) {
    const place = { run: id, id: `open ${id}`, parentRun: parent, customer, agent: RUNS_AGENT };
    const first = step({ ...place, occurredAtMs: NOW_MS - 1, usage: usage({}) });
    await engine.ingest("w", [isUnopened ? first : opened(place)]);
  }
  const world = new PlayedWorld(engine, clock);
  await world.play(commands);
  return world;
}

function engineOver(store: Store, clock: { readonly now: number }): Engine {
  return composeEngine(store, { clock: { nowMs: () => clock.now } });
}

/** The engine and the oracle side by side. */
class PlayedWorld {
  engine: Engine;
  readonly clock: { now: number };
  readonly oracle = new Oracle();

  constructor(engine: Engine, clock: { now: number }) {
    this.engine = engine;
    this.clock = clock;
  }

  async play(commands: readonly Command[]): Promise<void> {
    for (const one of commands) {
      await this.carryOut(one);
      await this.compare();
    }
  }

  /** The same by an engine that knows what the store does. */
  async playOn(store: Store, commands: readonly Command[]): Promise<void> {
    this.engine = engineOver(store, this.clock);
    for (const workspace of await store.workspaces()) await this.engine.recover(workspace);
    await this.compare();
    await this.play(commands);
  }

  async carryOut(one: Command): Promise<void> {
    if (one.do === "wait") {
      this.clock.now += one.minutes * MINUTE_MS;
      this.oracle.nowMs = this.clock.now;
      await this.engine.limits.endQuarantine("w");
      for (const known of this.oracle.steps.values()) {
        if (known.state !== "held" || this.clock.now < known.expiresAtMs + QUARANTINE_MS) continue;
        if (this.clock.now <= known.expiresAtMs) continue;
        known.state = "estimated";
        known.tokens = known.heldTokens;
      }
      return;
    }
    const id = RUNS[one.run]?.id ?? "";
    if (one.do === "raise") {
      const limit = formatLevel(BigInt(one.limit) * 10n ** 31n, "cost");
      await this.engine.limits.setLimit("w", {
        budget: "cap",
        scope: id,
        limit,
        reason: "t",
        by: "t",
      });
      this.oracle.caps.set(one.run, one.limit);
      return;
    }
    const name = `${id}-${one.step}`;
    const known = this.oracle.steps.get(name);
    const customer = RUNS[one.run]?.customer ?? null;
    if (one.do === "hold") await this.#askFor(one, { id, name, known, customer });
    if (one.do === "record") {
      const event = step({
        run: id,
        id: name,
        customer,
        agent: one.agent,
        labels: labelsOf(one),
        usage: usage({ input_uncached: one.tokens }),
      });
      await this.engine.ingest("w", [event]);
      if (known?.state === "exact" || known?.state === "voided") return;
      const agent = this.oracle.agentOf(one, known);
      // A step counts when its hold was granted, or else when it came.
      const atMs = known === undefined || known.state === "released" ? this.clock.now : known.atMs;
      const team = this.oracle.teamOf(one, known);
      const recorded = { run: one.run, name, tokens: one.tokens, atMs, agent, team };
      const ended = { heldTokens: 0, asked: "", expiresAtMs: 0 };
      this.oracle.steps.set(name, { ...recorded, ...ended, state: "exact" });
    }
    if (one.do === "release") {
      await release(this.engine, id, name);
      if (known?.state === "held") known.state = "released";
    }
    if (one.do === "void") {
      const target = { source: "sdk", id: name };
      await this.engine.ingest("w", [voided({ run: id, id: `void ${name}`, target })]);
      if (known?.state === "exact" || known?.state === "estimated") known.state = "voided";
    }
  }

  async #askFor(
    one: Act<"hold">,
    at: { id: string; name: string; known: KnownStep | undefined; customer: string | null },
  ): Promise<void> {
    const { id, name, known, customer } = at;
    const wanted = step({
      run: id,
      id: name,
      customer,
      agent: one.agent,
      labels: labelsOf(one),
      usage: usage({ input_uncached: one.tokens }),
    });
    const asked = `${one.tokens} of ${one.agent} for ${one.team}`;
    const [decision] = await holdOn(
      this.engine,
      id,
      ask(name, { step: wanted, contentHash: asked }),
    );
    const said = decision?.decision;
    if (known?.state === "held") {
      assert.equal(said, known.asked === asked ? "allow" : "conflict");
      return;
    }
    if (known !== undefined && known.state !== "released") {
      assert.equal(said, "settled");
      return;
    }
    const agent = one.agent ?? RUNS_AGENT;
    const fits = this.oracle.fits(one, agent);
    assert.equal(said === "allow", fits, `${name}: ${said}`);
    if (said !== "allow") return;
    const { team, tokens: heldTokens } = one;
    const held = { tokens: 0, atMs: this.clock.now, heldTokens, asked, agent, team };
    const expiresAtMs = this.clock.now + TTL_MS;
    this.oracle.steps.set(name, { run: one.run, name, ...held, state: "held", expiresAtMs });
  }

  async #compareScopes(key: "agent" | "team", scopes: readonly string[]): Promise<void> {
    const { balances } = await this.engine.limits.balancesOf("w", key, { limit: 10 });
    for (const name of scopes) {
      const found = balances.find(({ scope }) => scope === name);
      const cents = (level: bigint = 0n) => Number(level / 10n ** 31n);
      const now = { settled: cents(found?.settled), held: cents(found?.held) };
      const level = this.oracle.level((one) => one[key] === name);
      assert.deepEqual(now, level, `${key} ${name}`);
    }
  }

  async compare(): Promise<void> {
    await this.#compareScopes("agent", [RUNS_AGENT, "b"]);
    await this.#compareScopes("team", ["x", "y"]);
    for (const [above, { id, customer }] of RUNS.entries()) {
      const { budgets } = await this.engine.limits.runState("w", id);
      const cents = (level: bigint) => Number(level / 10n ** 31n);
      const cap = budgets.find(({ record, scope }) => record.budget.key === "cap" && scope === id);
      const ofCap = this.oracle.level((one) => this.oracle.isBelow(one.run, above));
      assert.deepEqual(
        { settled: cents(cap?.settled ?? 0n), held: cents(cap?.held ?? 0n) },
        ofCap,
        id,
      );
      const hour = budgets.find(({ record }) => record.budget.key === "hour");
      const ofHour = this.oracle.level(
        (one) =>
          RUNS[one.run]?.customer === customer &&
          this.oracle.hour(one.atMs) === this.oracle.hour(this.clock.now),
      );
      const found = { settled: cents(hour?.settled ?? 0n), held: cents(hour?.held ?? 0n) };
      assert.deepEqual(found, ofHour, `${customer} by the hour`);
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), "tollgate-holds-"));
let count = 0;
after(async () => {
  rmSync(folder, { recursive: true, force: true });
});

describe("Holds under random commands answer as the oracle does", () => {
  const isFull = process.env.TOLLGATE_TEST_FULL === "1";
  it("in memory", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
        await play(new MemoryStore(), commands);
      }),
      { numRuns: isFull ? 5_000 : 60 },
    );
  });

  it("on SQLite, also once its file was opened anew, and verify finds nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
        count += 1;
        const dataDir = join(folder, `${count}`);
        const open = () => openSqliteStore({ dataDir, digest: nodeDigest });
        const half = commands.length >> 1;
        const store = open();
        const world = await play(store, commands.slice(0, half));
        await store.close();
        const again = open();
        await world.playOn(again, commands.slice(half));
        await again.close();
        assert.deepEqual(verifyDataFolder(dataDir).findings, []);
      }),
      { numRuns: isFull ? 500 : 15 },
    );
  });

  it("on PostgreSQL", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
        const connectionString = await (await postgresServer()).createDatabase();
        const store = await openPostgresStore({ connectionString, digest: nodeDigest });
        await play(store, commands).finally(() => store.close());
      }),
      { numRuns: isFull ? 200 : 5 },
    );
  });
});
