/** An account for tests: its fake, a target with all names, lines, a session without a network. */
import { generateKeyPairSync } from "node:crypto";
import { EXPORT_SCALE, type ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget, TheirName } from "../../domain/export/target.ts";
import type { Freezing, Session } from "../../engine/export/connector-port.ts";
import type { FakeAccount, FakeWorld } from "../fake-target-contract.ts";
import { FakeNetSuite } from "./fake-netsuite-contract.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";

const CATALOGUE = {
  customers: ["acme", "globex", "initech"],
  items: ["tokens", "searches"],
};

/** The certificate's keys. A key of an elliptic curve signs in a tenth of a millisecond. */
export const KEYS = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

const MAPPING = { clientId: "c0ffee", certificateId: "cert-1", publicKey: KEYS.publicKey };

/** How a target is set beside its names. */
export type SampleWay = Pick<ExportTarget, "mode" | "settings">;

/** A target with the names of a fake's customers and items. */
export function targetOf({ records }: FakeNetSuite, { mode, settings }: SampleWay): ExportTarget {
  const names = (ours: readonly string[], nameOf: (one: string) => TheirName) =>
    Object.fromEntries(ours.map((one) => [one, nameOf(one)]));
  const customers = names(CATALOGUE.customers, (one) => records.nameOf(one));
  const items = names(CATALOGUE.items, (one) => records.itemName(one));
  return {
    ...{ id: "books", connector: "netsuite", account: "1234567_SB1", timeZone: "UTC", mode },
    ...{ window: mode === "usage" ? "day" : "period", since: "2026-01-01" },
    customers: { names: customers, others: "refuse" },
    items: { names: items, others: "refuse" },
    settings: { clientId: "c0ffee", certificateId: "cert-1", ...settings },
  };
}

/** An account in a schedule's world. */
export function accountOf(world: FakeWorld, way: SampleWay): FakeAccount {
  const fake = new FakeNetSuite(world, MAPPING, CATALOGUE);
  return { target: targetOf(fake, way), secrets: { private_key: KEYS.privateKey }, fake };
}

/** A clock of a test. */
export interface SampleClock {
  nowMs: number;
}

/** A fake in which nothing goes wrong by chance, and a session that reaches it. */
export function quietAccount(
  way: SampleWay,
  clock: SampleClock,
): { readonly fake: FakeNetSuite; readonly target: ExportTarget; readonly session: Session } {
  const world = { nowMs: () => clock.nowMs, chance: () => 0.999 };
  const fake = new FakeNetSuite(world, MAPPING, CATALOGUE);
  const target = targetOf(fake, way);
  const session: Session = {
    ...{ workspace: "w", target, memory: new Map(), nowMs: () => clock.nowMs },
    http: { send: async (request) => ({ kind: "answered", answer: fake.answer(request) }) },
    secret: async () => KEYS.privateKey,
  };
  return { fake, target, session };
}

export const ONE = 10n ** BigInt(EXPORT_SCALE);
export const DAY_MS = 24 * 60 * 60 * 1000;
export const START_MS = Date.UTC(2026, 10, 1);
export const LINE_KEY = "0b8f1c2e-4d5a-8f60-9a7b-1c2d3e4f5a6b";

/** A line of 12.5 of acme's tokens; `some`: what differs. */
export function lineOf(target: ExportTarget, some: Partial<Freezing> = {}): ExportLine {
  const freezing: Freezing = {
    ...{ customer: "acme", item: "tokens", period: "2026-11-01", revision: 0, mode: target.mode },
    window: { startMs: START_MS, endMs: START_MS + DAY_MS },
    ...{ value: (25n * ONE) / 2n, windowTotal: (25n * ONE) / 2n, unit: "USD" },
    ...{ description: 'Tokens, "fast"', parts: [], earlier: [], takesBack: null },
    evidence: { source: "st_1", ledger: "12.5" },
    ...{ key: LINE_KEY, workspace: "w", plannedAtMs: START_MS + DAY_MS, ...some },
  };
  const { customer, item } = freezing;
  const theirs = {
    customer: target.customers.names[customer] ?? { id: customer },
    item: target.items.names[item] ?? { id: item },
  };
  const body = netsuiteConnector.freeze(freezing, theirs, target);
  return {
    ...{ ...freezing, target: target.id, no: 1, periodTotal: freezing.value, body, bodyHash: "" },
    ...{ state: "accepted", version: 1, claim: "", dueAtMs: 0, firstSentAtMs: 0, lastSentAtMs: 0 },
    ...{ attempts: 1, attemptIds: [], isUnclear: false, outcome: "accepted", note: "" },
  };
}
