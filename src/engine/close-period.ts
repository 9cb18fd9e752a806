/** Closes a period into statements: one immutable bill a customer, in one unit of work each. */
import { TollgateError } from "../domain/errors.ts";
import { canonicalValue } from "../domain/event/content-hash.ts";
import type { StatementRecord } from "../domain/period/records.ts";
import { type Act, runAct } from "./act.ts";
import { counterKeyText } from "./batch-state.ts";
import type { EngineContext } from "./context.ts";
import type { Customer } from "./ports.ts";

export interface ClosePeriod {
  /** Null: every customer with usage in the period. */
  readonly customer: string | null;
  /** A start date `2026-11-01`, or the month `2026-11` for the period that starts in it. */
  readonly period: string;
  /** Closes before the period has ended; later events become adjustments. */
  readonly early: boolean;
}
