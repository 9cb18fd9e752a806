/**
 * A billing system with any capability, and the connector to it: what the exporter makes of each
 * capability is tried with it, whatever real systems happen to be.
 */
import type { Capability, Outcome } from "../domain/export/capability.ts";
import { type ExportLine, formatValue, parseValue } from "../domain/export/export-line.ts";
import type {
  Connector,
  Notice,
  OutgoingAnswer,
  OutgoingRequest,
  Session,
} from "../engine/export/connector-port.ts";
import type { FakeAccount, FakeTarget, FakeWorld } from "./fake-target-contract.ts";
import { outcome, outcomeOfSilence, outcomeOfStatus } from "./outcome-of-status.ts";

const BASE = "https://ledger.example";
const LIMITS = { hosts: ["ledger.example"] };
const VALIDATED_AFTER_MS = 10 * 60_000;

interface Told {
  readonly key: string;
  readonly customer: string;
  readonly item: string;
  readonly start: number;
  readonly end: number;
  readonly value: string;
  readonly total: string;
}

interface Kept extends Told {
  readonly atMs: number;
  isCounted: boolean;
}

/** An account of such a system that windows of usage go to, a day each. */
export function ledgerAccount(world: FakeWorld, capability: Omit<Capability, "mode">): FakeAccount {
  return {
    target: {
      ...{ id: "t", connector: "ledger", account: "live", mode: "usage", window: "day" },
      ...{ timeZone: "UTC", since: "2026-01-01", settings: {} },
      customers: { names: {}, others: "same" },
      items: { names: {}, others: "same" },
    },
    secrets: {},
    fake: new FakeLedger(world, capability),
  };
}

/** A connector whose target can do what a capability says. */
export function ledgerConnector(capability: Omit<Capability, "mode">): Connector {
  return {
    ...{ name: "ledger", modes: ["usage"], secrets: [] },
    capability: ({ mode }) => ({ ...capability, mode }),
    check: () => [],
    freeze: (line) => {
      const { key, customer, item, window, value, windowTotal } = line;
      const told: Told = {
        ...{ key, customer, item, start: window.startMs, end: window.endMs },
        ...{ value: formatValue(value), total: formatValue(windowTotal) },
      };
      return JSON.stringify(told);
    },
    preview: (lines) => lines.map(requestOf),
    send: (lines, session) => Promise.all(lines.map((line) => sendOne(line, session))),
    lookUp: async (line, session) => {
      const answer = await asked(`${BASE}/lines/${line.key}`, session);
      const found = { 200: "present", 404: "absent", 410: "refused" } as const;
      return { found: found[answer?.status as 200] ?? "unclear", note: "looked up" };
    },
    total: async ([first], session) => {
      const { customer, item, start } = JSON.parse(first?.body ?? "{}");
      const answer = await asked(`${BASE}/sums/${customer}/${item}/${start}`, session);
      return answer?.status === 200 ? answer.body : null;
    },
    hear: async ({ headers, body }) => {
      if (headers.signature !== "good") return null;
      return [{ key: JSON.parse(body).key, found: "refused", note: "refused later" }];
    },
  };
}

function requestOf({ body }: Pick<ExportLine, "body">): OutgoingRequest {
  return { method: "POST", url: `${BASE}/lines`, headers: {}, body };
}

async function sendOne(line: ExportLine, session: Session): Promise<Outcome> {
  const sent = await session.http.send(requestOf(line), LIMITS);
  if (sent.kind !== "answered") return outcomeOfSilence(sent);
  if (sent.answer.status === 409) return outcome("delivered_duplicate", "409");
  if (sent.answer.status === 422) return outcome("closed_period", "422");
  return outcomeOfStatus(sent.answer);
}

async function asked(url: string, session: Session): Promise<OutgoingAnswer | null> {
  const sent = await session.http.send({ method: "GET", url, headers: {}, body: null }, LIMITS);
  return sent.kind === "answered" ? sent.answer : null;
}

/** The target: it remembers keys as its capability says, and validates later where it does. */
class FakeLedger implements FakeTarget {
  readonly complaints: string[] = [];
  readonly #world: FakeWorld;
  readonly #capability: Omit<Capability, "mode">;
  readonly #kept: Kept[] = [];
  readonly #refused = new Set<string>();
  readonly #notices: Notice[] = [];

  constructor(world: FakeWorld, capability: Omit<Capability, "mode">) {
    this.#world = world;
    this.#capability = capability;
  }

  answer({ method, url, body }: OutgoingRequest): OutgoingAnswer {
    this.tick();
    if (method === "POST") return answer(this.#take(JSON.parse(String(body))));
    const [what = "", ...names] = url.slice(BASE.length + 1).split("/");
    if (what === "lines") return answer(this.#statusOf(names[0] ?? ""));
    const [customer, item, start] = names;
    const own = this.#kept.filter((one) => one.customer === customer && one.item === item);
    return answer(200, formatValue(this.#sum(own.filter((one) => String(one.start) === start))));
  }

  #take(told: Told): number {
    const { dedup, pastMaxMs, numbers, values, validation } = this.#capability;
    const nowMs = this.#world.nowMs();
    const value = parseValue(values === "absolute" ? told.total : told.value) ?? 0n;
    if (!numbers.negative && value < 0n) this.complaints.push(`${told.value} is less than nothing`);
    const windowMs = dedup.windowMs ?? Number.POSITIVE_INFINITY;
    const known = this.#kept.findLast(({ key }) => key === told.key);
    const isKnown = known !== undefined && nowMs - known.atMs < windowMs;
    if (isKnown && JSON.stringify(toldOf(known)) !== JSON.stringify(told)) return 400;
    if (isKnown) return 409;
    // Clocks differ by some minutes, and so may what both call too old.
    if (pastMaxMs !== null && nowMs - told.end > pastMaxMs + 10 * 60_000) return 422;
    this.#kept.push({ ...told, atMs: nowMs, isCounted: validation === "sync" });
    return 200;
  }

  #statusOf(key: string): number {
    if (this.#refused.has(key)) return 410;
    return this.#kept.some((one) => one.key === key && one.isCounted) ? 200 : 404;
  }

  #sum(kept: readonly Kept[]): bigint {
    const counted = kept.filter(({ isCounted }) => isCounted);
    if (this.#capability.values === "absolute")
      return parseValue(counted.at(-1)?.total ?? "0") ?? 0n;
    return counted.reduce((sum, { value }) => sum + (parseValue(value) ?? 0n), 0n);
  }

  total(customer: string, item: string): bigint {
    this.tick();
    const own = this.#kept.filter((one) => one.customer === customer && one.item === item);
    return [...Map.groupBy(own, ({ start }) => start).values()].reduce(
      (sum, window) => sum + this.#sum(window),
      0n,
    );
  }

  tick(): void {
    const dueMs = this.#world.nowMs() - VALIDATED_AFTER_MS;
    for (const one of this.#kept) {
      if (one.isCounted || one.atMs > dueMs || this.#refused.has(one.key)) continue;
      if (this.#world.chance() < 0.1) {
        this.#refused.add(one.key);
        const body = JSON.stringify({ key: one.key });
        this.#notices.push({ headers: { signature: "good" }, body });
      } else one.isCounted = true;
    }
  }

  notices(): readonly Notice[] {
    return this.#notices.splice(0);
  }
}

function toldOf({ key, customer, item, start, end, value, total }: Told): Told {
  return { key, customer, item, start, end, value, total };
}

function answer(status: number, body = ""): OutgoingAnswer {
  return { status, headers: {}, body };
}
