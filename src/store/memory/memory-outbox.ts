/** The outbox in memory: each account's lines stand in a list of their own. */
import type { ExportAttempt } from "../../domain/export/attempt.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type {
  AttemptFilter,
  LineFilter,
  LinePlace,
  Outbox,
  OutboxChange,
  SealedSecret,
  StateCount,
} from "../../engine/export/export-ports.ts";
import { byBytes, keyOf } from "./tables.ts";

interface Box {
  readonly lines: Map<string, ExportLine>;
  /** Keys of lines by target, customer, item and number. */
  readonly places: Map<string, string>;
  readonly secrets: Map<string, SealedSecret>;
  readonly attempts: Map<string, ExportAttempt>;
}

/** Keeps lines in maps. */
export class MemoryOutbox implements Outbox {
  readonly #boxes = new Map<string, Box>();

  #box(workspace: string): Box {
    const known = this.#boxes.get(workspace);
    if (known !== undefined) return known;
    const box = { lines: new Map(), places: new Map(), secrets: new Map(), attempts: new Map() };
    this.#boxes.set(workspace, box);
    return box;
  }

  async write(workspace: string, change: OutboxChange): Promise<boolean> {
    const { added, changed, attempts = [] } = change;
    const { lines, places, attempts: kept } = this.#box(workspace);
    const isFree = (line: ExportLine) => !lines.has(line.key) && !places.has(placeText(line));
    const isNext = (line: ExportLine) => lines.get(line.key)?.version === line.version - 1;
    const ownPlaces = new Set(added.map(placeText));
    if (ownPlaces.size < added.length) return false;
    if (!added.every(isFree) || !changed.every(isNext)) return false;
    for (const line of added) places.set(placeText(line), line.key);
    for (const line of [...added, ...changed]) lines.set(line.key, line);
    for (const one of attempts) if (!kept.has(one.id)) kept.set(one.id, one);
    return true;
  }

  lines(workspace: string, filter: LineFilter): ExportLine[] {
    const { target, customer, item, period, states, dueByMs, limit, after } = filter;
    return [...this.#box(workspace).lines.values()]
      .filter((line) => line.target === target)
      .filter((line) => customer === undefined || line.customer === customer)
      .filter((line) => item === undefined || line.item === item)
      .filter((line) => period === undefined || line.period === period)
      .filter((line) => states === undefined || states.includes(line.state))
      .filter((line) => dueByMs === undefined || line.dueAtMs <= dueByMs)
      .filter((line) => after === undefined || byLinePlace(line, after) > 0)
      .sort(byLinePlace)
      .slice(0, limit);
  }

  line(workspace: string, key: string): ExportLine | undefined {
    return this.#box(workspace).lines.get(key);
  }

  lastLines(workspace: string, target: string, customer: string): ExportLine[] {
    const newest = new Map<string, ExportLine>();
    for (const line of this.#box(workspace).lines.values()) {
      if (line.target !== target || line.customer !== customer) continue;
      const place = keyOf(line.item, line.period);
      if ((newest.get(place)?.no ?? 0) < line.no) newest.set(place, line);
    }
    return [...newest.values()].sort(byLinePlace);
  }

  counts(workspace: string, target: string): StateCount[] {
    const own = [...this.#box(workspace).lines.values()].filter((line) => line.target === target);
    return [...Map.groupBy(own, ({ state }) => state)]
      .map(([state, lines]) => ({ state, count: lines.length }))
      .sort((a, b) => byBytes(a.state, b.state));
  }

  attempts(workspace: string, filter: AttemptFilter): ExportAttempt[] {
    const { target, isTroubled, limit, after } = filter;
    return [...this.#box(workspace).attempts.values()]
      .filter((one) => one.target === target)
      .filter((one) => isTroubled === undefined || one.isTroubled === isTroubled)
      .filter((one) => after === undefined || newestFirst(one, after) > 0)
      .sort(newestFirst)
      .slice(0, limit);
  }

  attemptsOf(workspace: string, ids: readonly string[]): ExportAttempt[] {
    const { attempts } = this.#box(workspace);
    return ids.flatMap((id) => attempts.get(id) ?? []).sort(newestFirst);
  }

  async forgetAttempts(workspace: string, beforeMs: number): Promise<void> {
    const { attempts } = this.#box(workspace);
    for (const { id, atMs } of attempts.values()) if (atMs < beforeMs) attempts.delete(id);
  }

  async keepNewestAttempts(workspace: string, target: string, count: number): Promise<void> {
    for (const isTroubled of [false, true]) {
      const all = this.attempts(workspace, { target, isTroubled, limit: Number.MAX_SAFE_INTEGER });
      for (const { id } of all.slice(count)) this.#box(workspace).attempts.delete(id);
    }
  }

  secrets(workspace: string, target: string): SealedSecret[] {
    return [...this.#box(workspace).secrets.values()]
      .filter((secret) => secret.target === target)
      .sort((a, b) => byBytes(a.name, b.name));
  }

  async saveSecret(workspace: string, secret: SealedSecret): Promise<void> {
    this.#box(workspace).secrets.set(keyOf(secret.target, secret.name), secret);
  }
}

type AttemptPlace = Pick<ExportAttempt, "atMs" | "id">;

function newestFirst(a: AttemptPlace, b: AttemptPlace): number {
  return b.atMs - a.atMs || byBytes(b.id, a.id);
}

function placeText({ target, customer, item, no }: ExportLine): string {
  return keyOf(target, customer, item, String(no));
}

function byLinePlace(a: LinePlace, b: LinePlace): number {
  return byBytes(a.customer, b.customer) || byBytes(a.item, b.item) || a.no - b.no;
}
