/**
 * Commitments: goes through a customer's acts in their order, and works out again what each
 * statement drew of what was left then. Statements say what they drew in a part of their own and
 * in lines; both must come to the same.
 */

import { parseScaled } from "../../domain/money/decimal.ts";
import { lastPeriodBefore } from "../../domain/period/commitment.ts";
import { amountOf } from "../stored-decimal.ts";
import { decodeCustomer, decodeStatement } from "../stored-rows.ts";
import type { Acts, RecordedAct } from "./acts.ts";
import { type DataFile, readable } from "./data-file.ts";
import { DrawAgain, type Part, type Terms } from "./draw-again.ts";
import { keyText } from "./findings.ts";
import { type UsedLine, usedInOthers, usedInPeriod } from "./usage-again.ts";

interface Document {
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly endsAt: string;
  readonly lines: readonly UsedLine[];
  readonly commitments?: readonly Stated[];
}

/** A statement's part in a commitment, as text. */
interface Stated {
  readonly key: string;
  readonly period: string | null;
  readonly usage: string;
  readonly drawn: string;
  readonly overage: string;
  readonly trueUp: string;
  readonly drawnTotal: string;
  readonly left: string;
}

/** Checks what statements drew of commitments. */
export function checkCommitments(file: DataFile, acts: Acts): void {
  const histories = new Map<string, RecordedAct[]>();
  for (const kind of ["period.closed", "statement.reissued"] as const) {
    for (const act of acts.all(kind)) {
      const key = `${act.ws} ${act.document.customer}`;
      const own = histories.get(key) ?? [];
      own.push(act);
      histories.set(key, own);
    }
  }
  for (const history of histories.values()) {
    history.sort((a, b) => a.seq - b.seq);
    new History(file, acts).walk(history);
  }
}

/** One customer's statements, in the order in which they were issued. */
class History {
  readonly #file: DataFile;
  readonly #acts: Acts;
  /** What statements in force drew, by their period. */
  readonly #drawn = new Map<string, readonly Part[]>();

  constructor(file: DataFile, acts: Acts) {
    this.#file = file;
    this.#acts = acts;
  }

  walk(history: readonly RecordedAct[]): void {
    for (const act of history) {
      const { ws, subject } = act;
      const row = this.#file.first("SELECT * FROM statements WHERE ws = ? AND id = ?", ws, subject);
      // A statement that is missing is a finding of its own.
      if (row === undefined) continue;
      const key = keyText(this.#file.workspace(ws), subject);
      const problems = readable(this.#file, { table: "statements", key }, () => {
        const document = JSON.parse(decodeStatement(row).document) as Document;
        return [...this.#problems(act, document)];
      });
      for (const problem of problems ?? []) this.#file.findings.add("statements", key, problem);
    }
  }

  *#problems(act: RecordedAct, document: Document): Generator<string> {
    const { ws } = act;
    const { customer, period, currency, lines, commitments = [] } = document;
    const closed = new Set(this.#drawn.keys());
    this.#drawn.delete(period);
    const saved = this.#acts
      .of("commitments.saved", ws, customer)
      .filter(({ seq }) => seq < act.seq)
      .at(-1);
    const all = (saved?.document.commitments ?? []) as readonly Terms[];
    const terms = all.filter((one) => one.currency === currency);
    const before = [...this.#drawn.values()].flat();
    const lastPeriods = this.#lastPeriods(ws, customer, terms);
    const again = new DrawAgain({ terms, before, closed, period, lastPeriods });
    const beforeMs = Math.min(Date.parse(document.endsAt), act.receivedAtMs + 1);
    const form = Number(act.document.lineForm ?? 0);
    const statement = { ws, currency, beforeMs, seq: act.seq, form, lines };
    const used = usedInPeriod(this.#acts, statement);
    if (used !== undefined) again.draw(period, used);
    for (const [origin, adjusted] of usedInOthers(statement, period)) again.draw(origin, adjusted);
    const parts = [...again.parts.values()];
    this.#drawn.set(period, used === undefined ? commitments.map(partOf) : parts);
    if (used === undefined) return;
    yield* partProblems(again, commitments, all);
    yield* lineProblems(parts, lines, terms);
  }

  #lastPeriods(
    ws: number,
    customer: string,
    terms: readonly Terms[],
  ): ReadonlyMap<string, string | null> {
    if (terms.length === 0) return new Map();
    const sql = "SELECT * FROM customers WHERE ws = ? AND id = ?";
    const row = this.#file.first(sql, ws, customer);
    const calendar = row === undefined ? { timeZone: "UTC", anchorDay: 1 } : decodeCustomer(row);
    return new Map(
      terms.map(({ key, until }) => {
        return [key, until === null ? null : lastPeriodBefore(until, calendar).key];
      }),
    );
  }
}

function partOf({ key, period, usage, drawn, overage, trueUp }: Stated): Part {
  const amounts = { usage: amountOf(usage), drawn: amountOf(drawn) };
  return { key, period, ...amounts, overage: amountOf(overage), trueUp: amountOf(trueUp) };
}

function* partProblems(
  again: DrawAgain,
  stated: readonly Stated[],
  terms: readonly Terms[],
): Generator<string> {
  if (stated.length !== again.parts.size) {
    yield `tells of ${stated.length} commitments, not of ${again.parts.size}`;
  }
  for (const one of stated) {
    const { key, period } = one;
    const part = again.parts.get(`${key} ${period}`);
    if (part === undefined) {
      yield `draws the commitment "${key}", which does not hold then`;
      continue;
    }
    const total = again.total(part, "drawn");
    const amount = amountOf(terms.find((known) => known.key === key)?.amount ?? "0");
    const wanted = { ...part, drawnTotal: total, left: amount - total };
    for (const name of ["usage", "drawn", "overage", "trueUp", "drawnTotal", "left"] as const) {
      if (amountOf(one[name]) !== wanted[name]) {
        yield `${name} of the commitment "${key}" is not what its usage comes to`;
      }
    }
  }
}

const HUNDRED = 100n;
const PERCENT_SCALE = 4;

function* lineProblems(
  parts: readonly Part[],
  lines: readonly UsedLine[],
  terms: readonly Terms[],
): Generator<string> {
  const left = new Map<string, bigint>();
  const move = (kind: string, key: string, amount: bigint) => {
    left.set(`${kind} ${key}`, (left.get(`${kind} ${key}`) ?? 0n) + amount);
  };
  for (const part of parts) {
    const { kind, overagePercent } = terms.find(({ key }) => key === part.key) ?? {};
    if (kind === "prepaid") move("commitment", part.key, -part.drawn);
    const percent = parseScaled(overagePercent ?? "100", PERCENT_SCALE) ?? 0n;
    const whole = HUNDRED * 10n ** BigInt(PERCENT_SCALE);
    move("overage", part.key, (part.overage * (percent - whole)) / whole);
    move("true_up", part.key, part.trueUp);
  }
  for (const { kind, chargeKey, amountExact } of lines) {
    if (OWN_KINDS.has(kind)) move(kind, chargeKey, -amountOf(amountExact));
  }
  for (const [line, difference] of left) {
    if (difference !== 0n) yield `${line}: its lines are not what was drawn, beyond or missing`;
  }
}

const OWN_KINDS: ReadonlySet<string> = new Set(["commitment", "overage", "true_up"]);
