/**
 * Lines for billing systems against the books of today. A line says what its period came to when it
 * was planned. So where nothing changed since, the newest line of each period says what the books
 * say, and the lines of an account come to it, but for what a target's numbers cannot hold. Where
 * something changed since, the next run tells it, and nothing is said here.
 */

import {
  EXPORT_SCALE,
  type ExportLine,
  formatValue,
  parseValue,
} from "../../domain/export/export-line.ts";
import { PLANNED_ANEW } from "../../domain/export/outbox.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Acts } from "./acts.ts";
import type { CardVersions } from "./card-versions.ts";
import { kindOf } from "./check-workspaces.ts";
import type { DataFile } from "./data-file.ts";
import { ExportedUsage, itemOfMeasure } from "./exported-usage.ts";
import { type BookedCustomer, PayableAgain } from "./payable-again.ts";

const LINES = "export_lines";
const ALTERED = "it was altered, or a later one is gone";
/** Books are read some time before a line is planned, and clocks of nodes differ. */
const PLANNED_WITHIN_MS = 10 * 60 * 1000;
const ONE_UNIT = 10n ** BigInt(EXPORT_SCALE);
/** A target holds 15 digits at least. */
const DIGITS = 10n ** 14n;

/** A line and where it is. */
interface LineOfTarget {
  readonly ws: number;
  readonly target: ExportTarget;
  readonly line: ExportLine;
  readonly key: string;
}

interface Told {
  readonly key: string;
  readonly line: ExportLine;
  /** What the books said of the period when it was planned. */
  readonly ledger: bigint;
  /** When the books were read for it. */
  readonly readAtMs: number;
}

/** Compares lines with the books; they come in the order of workspace, target and customer. */
export class ExportBooks {
  #ofCustomer: LineOfTarget[] = [];
  readonly #file: DataFile;
  readonly #acts: Acts;
  readonly #usage: ExportedUsage;
  readonly #payable: PayableAgain;

  constructor(file: DataFile, acts: Acts, cards: CardVersions) {
    this.#file = file;
    this.#acts = acts;
    this.#usage = new ExportedUsage(file, cards, acts);
    this.#payable = new PayableAgain(file, acts);
  }

  take(one: LineOfTarget): void {
    const [first] = this.#ofCustomer;
    if (first !== undefined && customerOf(first) !== customerOf(one)) this.end();
    this.#checkSource(one);
    this.#ofCustomer.push(one);
  }

  /** Checks a line against the bill that it names. */
  #checkSource({ ws, target, line, key }: LineOfTarget): void {
    if (target.mode === "usage") return;
    const { source, ledger } = line.evidence;
    const items = this.#payable.ofSource(ws, source, line);
    if (items === undefined) return;
    const problem = `is of ${source}, which is no statement of ${line.customer} and ${line.period}`;
    this.#file.findings.expect(items !== null, [LINES, key, problem]);
    if (items === null) return;
    const is = formatValue(items.get(line.item) ?? 0n);
    const other = `says that ${line.item} of ${source} is ${ledger}; it is ${is}`;
    this.#file.findings.expect(is === ledger, [LINES, key, other]);
  }

  /**
   * Checks the lines of the last customer: its items are planned together. A sandbox's books have
   * a time of their own.
   */
  end(): void {
    const told = this.#ofCustomer;
    this.#ofCustomer = [];
    const [first] = told;
    if (first === undefined || kindOf(this.#acts, first.ws) === "sandbox") return;
    const { target } = first;
    const books = this.#booksOf(first);
    const all = readTimes(told);
    const readAtMs = all.reduce((most, one) => Math.max(most, one.readAtMs), 0);
    const itemOf = ({ line: { item, unit } }: Told) =>
      target.mode === "usage" ? itemOfMeasure(item, unit) : item;
    for (const [item, lines] of Map.groupBy(all, itemOf)) {
      this.#checkAccount({ item, lines, books, readAtMs, since: target.since });
    }
  }

  #checkAccount({ item, lines, books, readAtMs, since }: AccountOfCustomer): void {
    const newest = new Map(lines.map((one) => [one.line.period, one]));
    for (const one of newest.values()) {
      const booked = books.periods.get(one.line.period)?.get(item);
      const changedAtMs = booked?.changedAtMs ?? books.changedAtMs;
      if (!isAsRead(changedAtMs, one.readAtMs)) continue;
      const [is, said] = [booked?.value ?? 0n, one.ledger].map(formatValue);
      const problem = `is the newest of ${one.line.period}, planned of ${said}, where our books`;
      const told = `${problem} have said ${is} since before: ${ALTERED}`;
      this.#file.findings.expect(is === said, [LINES, one.key, told]);
    }
    this.#checkSums({ item, since, books, told: lines, newest, readAtMs });
  }

  #checkSums({ item, since, books, told, newest, readAtMs }: AccountSums): void {
    const last = told.reduce((a, b) => (b.readAtMs >= a.readAtMs ? b : a));
    if (told.some(({ line }) => line.note === PLANNED_ANEW) || isTakingBack(told, last)) return;
    // What is too much may wait to be set off, so it is judged by when the item told something.
    if (!isAsRead(books.changedAtMs, readAtMs)) return;
    const isOfItem = isAsRead(books.changedAtMs, last.readAtMs);
    const all = [...books.periods].flatMap(([period, items]) => {
      const booked = items.get(item);
      return period < since || booked === undefined ? [] : [{ period, ...booked }];
    });
    const sent = [...newest.values()].reduce((sum, { line }) => sum + line.periodTotal, 0n);
    const rest = ONE_UNIT + (sent < 0n ? -sent : sent) / DIGITS;
    const most = all.reduce((sum, { value }) => sum + value, 0n);
    const own = all.filter(({ period }) => newest.has(period));
    const least = own.reduce((sum, { value }) => sum + value, 0n);
    // A plan goes by periods and may stop at one that has to wait: then it has told less.
    const lastPeriod = [...newest.keys()].sort().at(-1);
    const isWhole = newest.get(lastPeriod ?? "")?.readAtMs === last.readAtMs;
    const isMuch = isOfItem && sent > most + rest;
    const isLittle = (isWhole || !isOfItem) && sent < least - rest;
    const [is, wanted] = [sent, isMuch ? most : least].map(formatValue);
    const was = `${last.line.item} is told as ${is} in all`;
    const problem = `${was} where our books say ${wanted}: ${ALTERED}`;
    this.#file.findings.expect(!isMuch && !isLittle, [LINES, last.key, problem]);
  }

  #booksOf({ ws, target, line }: LineOfTarget): BookedCustomer {
    const { mode } = target;
    if (mode === "usage") return this.#usage.of(ws, line.customer);
    return this.#payable.of(ws, line.customer, mode === "statement");
  }
}

function customerOf({ ws, target, line }: LineOfTarget): string {
  return JSON.stringify([ws, target.id, line.customer]);
}

interface AccountOfCustomer {
  /** As it stands in the books. */
  readonly item: string;
  readonly lines: readonly Told[];
  readonly books: BookedCustomer;
  /** When the customer's books were read last. */
  readonly readAtMs: number;
  readonly since: string;
}

interface AccountSums {
  readonly readAtMs: number;
  readonly item: string;
  readonly since: string;
  readonly books: BookedCustomer;
  readonly told: readonly Told[];
  /** By period. */
  readonly newest: ReadonlyMap<string, Told>;
}

function isAsRead(changedAtMs: number, readAtMs: number): boolean {
  return changedAtMs <= readAtMs - PLANNED_WITHIN_MS;
}

const SUPERSEDED = /^superseded by (\S+)$/;

/** A revision of a refused line says what that one said: the books were not read again for it. */
function readTimes(account: readonly LineOfTarget[]): Told[] {
  const revised = new Map<string, number>();
  return account.map(({ line, key }) => {
    const readAtMs = revised.get(line.key) ?? line.plannedAtMs;
    const by = SUPERSEDED.exec(line.note)?.[1];
    if (by !== undefined) revised.set(by, readAtMs);
    return { key, line, readAtMs, ledger: parseValue(line.evidence.ledger) ?? 0n };
  });
}

/** A line that may have taken another one back: what is owed of that one is told by the next. */
function isTakingBack(told: readonly Told[], { line }: Told): boolean {
  if (line.value >= 0n) return false;
  return told.some((one) => one.line.value === -line.value && one.line.period === line.period);
}
