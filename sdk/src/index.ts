/** Meters and guards AI-agent runs. */
export type { CallOptions, MeasuredCall } from "./call.ts";
export type { BufferOptions } from "./event-buffer.ts";
export type {
  Completeness,
  Labels,
  RunEnding,
  StepFacts,
  StepKind,
  StepStatus,
  Usage,
  WireEvent,
} from "./events.ts";
export type { BudgetState, Cap, Left, PolicyRule } from "./holds.ts";
export type { CallShape, ModelHost } from "./model-call/endpoint.ts";
export type { GuardOptions, Notice, OnNotice, RunOptions, TollgateOptions } from "./options.ts";
export type { OnProblem, Problem } from "./problem.ts";
export {
  BudgetExceeded,
  BudgetUndecided,
  CallRefused,
  KeyRefused,
  type RefusalFacts,
  refusalOf,
  StepRepeated,
} from "./refusal.ts";
export type { ComputeOptions, Run, ToolOptions } from "./run.ts";
export { Tollgate } from "./tollgate.ts";
