/**
 * May this step start? Looks at every balance that the step counts in and sets its worst case
 * aside in all of them, or in none. What decides is stated: which balance, and why.
 *
 * In this order: a balance that has reached a stage that stops (pause, block) refuses; one whose
 * room is too small asks for fewer output tokens, if the step has such; a step that would fit but
 * for what others hold waits for them; and where a stage slows down, holds keep their distance.
 */
import { HOLD_RETRY_MS } from "../limits.ts";
import type { Amount } from "../money/decimal.ts";
import {
  type Action,
  type BudgetRecord,
  countsRuns,
  isMoney,
  isPrepaid,
  type Stage,
  stageLevel,
} from "./budget.ts";
import type { Reserve } from "./hold.ts";
import { measured, type Spend } from "./spend.ts";
import type { BudgetWindow } from "./window.ts";

/** A balance, as a decision sees it. */
export interface Room {
  readonly record: BudgetRecord;
  readonly scope: string;
  readonly window: BudgetWindow;
  /** The scope's own limit, or the budget's; null: none. */
  readonly limit: bigint | null;
  readonly settled: bigint;
  readonly held: bigint;
  /** When the last hold was granted; 0: never. */
  readonly grantedAtMs: number;
}

/** A part of a charge: what of it one of the card's charges is. */
export interface ChargePart {
  readonly charge: string;
  readonly amount: Amount;
}

/** The worst case of a step. */
export interface WorstCase {
  readonly spend: Spend;
  /** What the charge is made of; together it. */
  readonly parts: readonly ChargePart[];
  readonly costIs: CostKnowledge;
}

/**
 * What is known of a cost: the price book says it, or the caller alone does (then the step that is
 * recorded costs what the price book knows, if anything), or nobody.
 */
export type CostKnowledge = "known" | "stated" | "unknown";

/** What is asked for. */
export interface Ask {
  /** The worst case with so many output tokens; it never falls as they grow. */
  readonly worstCase: (outputTokens: number) => WorstCase;
  /** Between which numbers the output may be clamped; null: the step is what it is. */
  readonly output: OutputRange | null;
  /** Whether the step delivers the result of a run that was stopped. */
  readonly isWrapUp: boolean;
}

/** How much a step may write. */
export interface OutputRange {
  readonly leastTokens: number;
  readonly mostTokens: number;
  /** False where the caller named none: then a clamp is the rule, not the exception. */
  readonly isStated: boolean;
}

/** Why a hold was refused. */
export type Refusal =
  /** The balance cannot cover it. */
  | "budget"
  /** It could, if other holds settle below what they set aside. */
  | "held_by_others"
  /** Holds keep their distance here. */
  | "pace"
  | "unpriced";

/** What was decided, and by which balance. */
export type Decision =
  | {
      readonly decision: "allow";
      readonly worstCase: WorstCase;
      readonly reserves: readonly Reserve[];
      /** Null: the step has no output to bound. */
      readonly maxOutputTokens: number | null;
      readonly isClamped: boolean;
    }
  | {
      readonly decision: "throttle" | "pause" | "block";
      readonly reason: Refusal;
      readonly by: Room;
      /** `throttle`: how long to wait before asking again. */
      readonly retryAfterMs: number | null;
    };

/**
 * Decides on one step. Rooms are those of budgets that are in force; `nowMs` is of the clock by
 * which holds keep their distance, as their `grantedAtMs` is.
 */
export function decideHold(ask: Ask, rooms: readonly Room[], nowMs: number): Decision {
  const stopped = ask.isWrapUp ? null : stoppedBy(rooms);
  if (stopped !== null) return stopped;
  const limited = rooms.filter(({ record, limit }) => {
    const { enforcement, measure } = record.budget;
    return enforcement === "hard" && limit !== null && !countsRuns(measure);
  });
  const fitted = fit(ask, limited);
  if ("decision" in fitted) return fitted;
  const paced = pacedBy(rooms, nowMs);
  if (paced !== null) return paced;
  const { worstCase, outputTokens } = fitted;
  return {
    decision: "allow",
    worstCase,
    reserves: reservesOf(limited, worstCase),
    maxOutputTokens: ask.output === null ? null : outputTokens,
    isClamped: ask.output?.isStated === true && outputTokens < ask.output.mostTokens,
  };
}

/** A soft budget acts on what was settled: nothing is set aside in it. */
function levelOf({ record, settled, held }: Room): bigint {
  return record.budget.enforcement === "hard" ? settled + held : settled;
}

function isReached(stage: Stage, room: Room): boolean {
  const start = stageLevel(stage, room.limit);
  return start !== null && levelOf(room) >= start;
}

/**
 * A stage below the limit stops what comes after it. At the limit itself it is the room that
 * decides, so that the last step may use it up.
 */
function stoppedBy(rooms: readonly Room[]): Decision | null {
  for (const room of rooms) {
    const decision = stopOf(room);
    if (decision !== null) return { decision, reason: "budget", by: room, retryAfterMs: null };
  }
  return null;
}

/** Whether a stage of the balance stops what comes now. */
export function isStoppedBy(room: Room): boolean {
  return stopOf(room) !== null;
}

function stopOf(room: Room): "pause" | "block" | null {
  const { stages, enforcement, measure } = room.record.budget;
  if (countsRuns(measure)) return null;
  for (const stage of stages.toReversed()) {
    if (!isStop(stage.action)) continue;
    const start = stageLevel(stage, room.limit);
    const isEnd = enforcement === "hard" && start !== null && start === room.limit;
    if (!isEnd && isReached(stage, room)) return stage.action;
  }
  return null;
}

interface Fitted {
  readonly worstCase: WorstCase;
  readonly outputTokens: number;
}

/** The most output that all balances cover, or who refuses. */
function fit(ask: Ask, rooms: readonly Room[]): Fitted | Decision {
  const most = ask.output?.mostTokens ?? 0;
  const whole = ask.worstCase(most);
  const unpriced = rooms.find((room) => refusesUnpriced(room, whole.costIs));
  if (unpriced !== undefined) {
    return { decision: "block", reason: "unpriced", by: unpriced, retryAfterMs: null };
  }
  const covers = (spend: Spend) => firstShort(rooms, spend, ask.isWrapUp) === null;
  if (covers(whole.spend)) return { worstCase: whole, outputTokens: most };
  const least = Math.min(ask.output?.leastTokens ?? most, most);
  const smallest = ask.worstCase(least).spend;
  const short = firstShort(rooms, smallest, ask.isWrapUp);
  if (short !== null) return refused(short, measured(short.record.budget, smallest), ask.isWrapUp);
  // The largest that fits lies in [low, high).
  let [low, high] = [least, most];
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (covers(ask.worstCase(middle).spend)) low = middle;
    else high = middle;
  }
  return { worstCase: ask.worstCase(low), outputTokens: low };
}

/** Only costs, and charges made of them, can be unknown. */
function refusesUnpriced({ record: { budget } }: Room, costIs: CostKnowledge): boolean {
  if (costIs === "known" || !isMoney(budget.measure)) return false;
  return budget.unpriced === "strict" || (budget.unpriced === "block" && costIs === "unknown");
}

function firstShort(rooms: readonly Room[], spend: Spend, isWrapUp: boolean): Room | null {
  for (const room of rooms) {
    const needed = measured(room.record.budget, spend);
    // Who needs nothing of a balance is not refused by it, also where it is overdrawn.
    if (needed > 0n && needed > freeOf(room, isWrapUp)) return room;
  }
  return null;
}

/** What is left to set aside. Negative where more was settled than the limit. */
export function freeOf(room: Room, isWrapUp: boolean): bigint {
  const { record, limit, settled, held } = room;
  const kept = isWrapUp ? 0n : record.budget.reserve;
  return (limit ?? 0n) - kept - settled - held;
}

/** Others' holds may settle below what they set aside: then there is reason to wait. */
function refused(room: Room, needed: bigint, isWrapUp: boolean): Decision {
  const isOnlyHeld = room.held > 0n && needed <= freeOf({ ...room, held: 0n }, isWrapUp);
  if (isOnlyHeld) {
    const retryAfterMs = HOLD_RETRY_MS;
    return { decision: "throttle", reason: "held_by_others", by: room, retryAfterMs };
  }
  return { decision: endAction(room), reason: "budget", by: room, retryAfterMs: null };
}

/** What a budget does at its limit: what its highest stopping stage says, else it blocks. */
export function endAction({ record }: Pick<Room, "record">): "pause" | "block" {
  const stops = record.budget.stages.map(({ action }) => action).filter(isStop);
  return stops.at(-1) ?? "block";
}

function isStop(action: Action): action is "pause" | "block" {
  return action === "pause" || action === "block";
}

function pacedBy(rooms: readonly Room[], nowMs: number): Decision | null {
  for (const room of rooms) {
    const slow = room.record.budget.stages.findLast(
      (stage) => stage.action === "throttle" && isReached(stage, room),
    );
    if (slow === undefined || room.grantedAtMs === 0) continue;
    const retryAfterMs = room.grantedAtMs + slow.delayMs - nowMs;
    // A clock that was set back must not make a caller wait for longer than the delay.
    if (retryAfterMs <= 0 || retryAfterMs > slow.delayMs) continue;
    return { decision: "throttle", reason: "pace", by: room, retryAfterMs };
  }
  return null;
}

function reservesOf(rooms: readonly Room[], { spend, parts }: WorstCase): Reserve[] {
  return rooms.flatMap(({ record, scope, window }) => {
    const amount = measured(record.budget, spend);
    if (amount === 0n) return [];
    const whole = { budgetId: record.id, scope, window: window.key, amount };
    if (!isPrepaid(record.budget.measure)) return [whole];
    // Grants may pay some charges alone: what is held of each is known beside the whole.
    const held = parts.filter((part) => part.amount > 0n);
    return [whole, ...held.map((part) => ({ ...whole, window: part.charge, amount: part.amount }))];
  });
}
