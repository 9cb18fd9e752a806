/**
 * The engine as its adapters see it: one object, every use case a method. It knows ports, never
 * adapters. All answers are plain data.
 */

import { present } from "../domain/assert.ts";
import type { TollgateEvent } from "../domain/event/event.ts";
import type { StatementRecord } from "../domain/period/records.ts";
import type { Actor } from "./actor.ts";
import { ChangeCases } from "./acts/change-cases.ts";
import { type AuditPage, type AuditQuery, readAudit } from "./acts/read-audit.ts";
import { AlertCases } from "./alerts/alert-cases.ts";
import { readsAsOf } from "./as-of/read-as-of.ts";
import { type Settlement, settleConflict } from "./booking/settle-conflict.ts";
import { settleOutcomes } from "./booking/settle-outcomes.ts";
import { applyRateCard, type NewCardVersion } from "./cards/apply-rate-card.ts";
import { importRates, type NewRate } from "./cards/conversion-rates.ts";
import { type ImportedPrices, importPrices, type NewPrices } from "./cards/import-prices.ts";
import { type RerateRequest, type RerateResult, rerate } from "./cards/rerate.ts";
import { makeReady } from "./commit/recover-totals.ts";
import type { BatchResult, EventResult } from "./commit/result.ts";
import type { EngineContext, ReadContext, Tariffs } from "./context.ts";
import { CreditCases } from "./credit/credit-cases.ts";
import { previewCredit } from "./credit/preview-credit.ts";
import { type CustomerSettings, saveCustomer } from "./customers/save-customer.ts";
import { PeriodicWork } from "./duties/periodic-work.ts";
import { contextOf } from "./engine-context.ts";
import { ExportCases, type ExportParts } from "./export/export-cases.ts";
import type { Signatures } from "./key-ports.ts";
import type { HoldsAnswer, HoldsRequest } from "./limits/hold-answers.ts";
import { LiveLimits } from "./limits/live-limits.ts";
import { LiveCases } from "./live/live-cases.ts";
import type { Lease } from "./node-ports.ts";
import { type ClosedPeriods, type ClosePeriod, closePeriod } from "./periods/close-period.ts";
import { CommitmentCases } from "./periods/commitment-cases.ts";
import type { CreditNote, Dispute, Resolution } from "./periods/correction-records.ts";
import { type Goodwill, giveGoodwill, type NewGoodwill } from "./periods/give-goodwill.ts";
import { InvoiceCases } from "./periods/invoice-cases.ts";
import { issueCreditNote, type NewCreditNote } from "./periods/issue-credit-note.ts";
import {
  type NewDispute,
  type NewResolution,
  openDispute,
  resolveDispute,
} from "./periods/open-dispute.ts";
import {
  type BillQuery,
  type CreditOfBill,
  type PeriodBill,
  readBill,
} from "./periods/read-bill.ts";
import { type LinePage, type LineQuery, readLine } from "./periods/read-line.ts";
import { type ProjectedPeriod, readProjection } from "./periods/read-projection.ts";
import { type Reissue, reissueStatement } from "./periods/reissue-statement.ts";
import { type NewOpening, type OpeningPart, setOpening } from "./periods/set-opening.ts";
import { type VoidCreditNote, voidCreditNote } from "./periods/void-credit-note.ts";
import { PolicyCases } from "./policies/policy-cases.ts";
import type { ApiKey, Clock, Customer, Digest, Ids, Store } from "./ports.ts";
import { ReceiptCases } from "./receipts/receipt-cases.ts";
import {
  type MarginBounds,
  type MarginQuery,
  type MarginReport,
  readMargin,
} from "./reports/read-margin.ts";
import { readUsage, type UsageDimension, type UsageRow } from "./reports/read-usage.ts";
import type { EndUserFilter } from "./reports/usage-of-end-users.ts";
import { abandonSilentRuns } from "./runs/abandon-runs.ts";
import * as runs from "./runs/read-run.ts";
import { runUnderCard } from "./simulation/run-under-card.ts";
import { simulate } from "./simulation/simulate.ts";
import type {
  SimulatedCard,
  SimulationListener,
  SimulationRequest,
} from "./simulation/simulation.ts";
import {
  authenticate,
  createKey,
  createPassingKey,
  type PassingKeys,
  revokeKey,
  type Scope,
} from "./workspaces/keys.ts";
import { saveWorkspace, type WorkspaceChange } from "./workspaces/save-workspace.ts";
import type { Secrets } from "./workspaces/secrets.ts";
import {
  advanceClock,
  type ClockMove,
  createSandbox,
  type NewSandbox,
} from "./workspaces/test-clock.ts";
import { readWorkspace, type WorkspaceSettings } from "./workspaces/workspace-settings.ts";

/** The ports that an engine runs on. */
export interface EngineParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly signatures: Signatures;
  readonly secrets: Secrets;
  readonly tariffs: Tariffs;
  /** How much of rules of a kind is kept. */
  readonly rulesMaxBytes?: number | undefined;
  /** What it exports with. */
  readonly exporting: ExportParts;
}

/** An engine that others share, as one caller uses it. */
interface Caller {
  readonly context: EngineContext;
  readonly passingKeys: PassingKeys;
}

/** Every use case of Tollgate over one store. */
export class Engine {
  readonly #context: EngineContext;
  readonly #parts: EngineParts;
  readonly #passingKeys: PassingKeys;
  /** Budgets, stops, entitlements: what limits work while it goes on. */
  readonly limits: LiveLimits;
  /** Rules against runs that run away. */
  readonly policies: PolicyCases;
  /** What goes on, as it happens. */
  readonly live: LiveCases;
  /** Signed receipts, and their keys. */
  readonly receipts: ReceiptCases;
  /** Prepaid credit. */
  readonly credits: CreditCases;
  /** What people must hear of, and where it goes. */
  readonly alerts: AlertCases;
  /** Changes that wait for a second key. */
  readonly changes: ChangeCases;
  /** Lines for billing systems. */
  readonly exports: ExportCases;
  /** What providers bill us. */
  readonly invoices: InvoiceCases;
  /** What customers have agreed to use up. */
  readonly commitments: CommitmentCases;

  constructor(parts: EngineParts, caller: Caller | null = null) {
    this.#parts = parts;
    this.#passingKeys = caller?.passingKeys ?? new Map();
    this.#context = caller?.context ?? contextOf(parts);
    this.policies = new PolicyCases(this.#context);
    this.live = new LiveCases(this.#context);
    this.limits = new LiveLimits(this.#context);
    this.receipts = new ReceiptCases({ ...this.#context, signatures: parts.signatures });
    this.credits = new CreditCases(this.#context);
    this.changes = new ChangeCases(this.#context);
    this.alerts = new AlertCases({ ...this.#context, secrets: parts.secrets });
    this.exports = new ExportCases(this.#context, parts.exporting);
    this.invoices = new InvoiceCases(this.#context);
    this.commitments = new CommitmentCases(this.#context);
  }

  /** As one caller uses it, who signs what it decides; `approving`: in the name of a change. */
  as(actor: Actor, approving: string | null = null): Engine {
    const context = { ...this.#context, actor, approving };
    return new Engine(this.#parts, { context, passingKeys: this.#passingKeys });
  }

  /** What people have changed: who, when, why, before and after. */
  audit(workspace: string, query: AuditQuery): Promise<AuditPage> {
    return readAudit(this.store, workspace, query);
  }

  /** Periodic work, which does nothing once another process has the lease. */
  periodicWork(lease: Lease): PeriodicWork {
    return new PeriodicWork(this.#context, lease);
  }

  /** The store, for reads that need no rule. Writing to it directly breaks every guarantee. */
  get store(): Store {
    return this.#context.store;
  }

  /** The time of a workspace: that of the machine, or of a sandbox's own clock. */
  async nowMs(workspace: string): Promise<number> {
    return (await this.#context.clocks.of(workspace)).nowMs();
  }

  workspace(workspace: string): Promise<WorkspaceSettings> {
    return readWorkspace(this.store, workspace);
  }

  saveWorkspace(workspace: string, change: WorkspaceChange): Promise<WorkspaceSettings> {
    return saveWorkspace(this.#context, workspace, change);
  }

  createSandbox(owner: string, sandbox: NewSandbox): Promise<string> {
    return createSandbox(this.#context, owner, sandbox);
  }

  advanceClock(workspace: string, move: ClockMove): ReturnType<typeof advanceClock> {
    return advanceClock(this.#context, workspace, move);
  }

  /** Requests that wait for the next commit. */
  get waitingCount(): number {
    return this.#context.loop.waitingCount;
  }

  /** Commits events; resolves when they are on disk. Throws `store.unknown`, `server.busy`. */
  ingest(workspace: string, events: readonly TollgateEvent[]): Promise<BatchResult> {
    return this.#context.loop.submit(workspace, events);
  }

  /** Books events and then answers what is asked of a run's holds, in one unit of work. */
  async hold(
    workspace: string,
    events: readonly TollgateEvent[],
    request: HoldsRequest,
  ): Promise<{ readonly results: readonly EventResult[]; readonly answer: HoldsAnswer }> {
    const opening = events.find(({ type }) => type === "run.opened");
    const asked = opening === undefined ? request : { ...request, opening };
    const { results, holds } = await this.#context.loop.submit(workspace, events, asked);
    return { results, answer: present(holds[0], "the answer to a request about holds") };
  }

  /**
   * What the reads below work with: all that is known, or that was known at an instant (null:
   * now). Throws `asof.future`, `asof.too_early`.
   */
  async readsAt(workspace: string, atMs: number | null): Promise<ReadContext> {
    return atMs === null ? this.#context : readsAsOf(this.#context, workspace, atMs);
  }

  runTree(workspace: string, run: string | runs.RunAsked, reads: ReadContext = this.#context) {
    return runs.readRunTree(reads, workspace, run);
  }

  stepsOfRun(workspace: string, asked: runs.StepsAsked): Promise<runs.StepsOfRun> {
    return runs.readStepsOfRun(this.#context, workspace, asked);
  }

  /** Rates real history by other cards, side by side. Writes nothing. */
  simulate(
    workspace: string,
    simulation: { readonly request: SimulationRequest; readonly listener: SimulationListener },
  ): ReturnType<typeof simulate> {
    return simulate(this.#context, workspace, simulation);
  }

  /** A run as another card would have charged it. */
  runUnderCard(workspace: string, wanted: { readonly run: string; readonly card: SimulatedCard }) {
    return runUnderCard(this.#context, workspace, wanted);
  }

  usage(
    workspace: string,
    query: { readonly groupBy: readonly UsageDimension[]; readonly filter: EndUserFilter },
    reads: ReadContext = this.#context,
  ): Promise<UsageRow[]> {
    return readUsage(reads, workspace, query);
  }

  /** Revenue, cost and margin by one dimension, a page at a time. */
  margin(workspace: string, query: MarginQuery, bounds: MarginBounds = {}): Promise<MarginReport> {
    return readMargin(this.#context, workspace, { query, bounds });
  }

  applyRateCard(workspace: string, card: NewCardVersion): ReturnType<typeof applyRateCard> {
    return applyRateCard(this.#context, workspace, card);
  }

  /** Records rates between currencies; returns every rate there is then. */
  importRates(workspace: string, rates: readonly NewRate[]): ReturnType<typeof importRates> {
    return importRates(this.#context, workspace, rates);
  }

  importPrices(workspace: string, prices: NewPrices): Promise<ImportedPrices> {
    return importPrices(this.#context, workspace, prices);
  }

  /** Rates again what a version that was recorded late concerns. */
  rerate(workspace: string, request: RerateRequest): Promise<RerateResult> {
    return rerate(this.#context, workspace, request);
  }

  saveCustomer(
    workspace: string,
    change: { readonly id: string; readonly settings: CustomerSettings },
  ): Promise<Customer> {
    return saveCustomer(this.#context, workspace, change);
  }

  closePeriod(workspace: string, request: ClosePeriod): Promise<ClosedPeriods> {
    return closePeriod(this.#context, workspace, request);
  }

  giveGoodwill(workspace: string, goodwill: NewGoodwill): Promise<Goodwill> {
    return giveGoodwill(this.#context, workspace, goodwill);
  }

  /** Takes over what a customer counted and owed elsewhere. */
  setOpening(workspace: string, opening: NewOpening): Promise<readonly OpeningPart[]> {
    return setOpening(this.#context, workspace, opening);
  }

  openDispute(workspace: string, dispute: NewDispute): Promise<Dispute> {
    return openDispute(this.#context, workspace, dispute);
  }

  resolveDispute(workspace: string, resolution: NewResolution): Promise<Resolution> {
    return resolveDispute(this.#context, workspace, resolution);
  }

  issueCreditNote(workspace: string, note: NewCreditNote | VoidCreditNote): Promise<CreditNote> {
    if ("note" in note) return voidCreditNote(this.#context, workspace, note);
    return issueCreditNote(this.#context, workspace, note);
  }

  /** Voids a statement and issues it again. */
  reissueStatement(workspace: string, reissue: Reissue): Promise<StatementRecord> {
    return reissueStatement(this.#context, workspace, reissue);
  }

  /** A page of what is behind a line of a statement. */
  readLine(
    workspace: string,
    query: LineQuery,
    reads: ReadContext = this.#context,
  ): Promise<LinePage> {
    return readLine(this.#context, workspace, { ...query, reads });
  }

  /** What a customer's period under way comes to, and is expected to come to. */
  projection(
    workspace: string,
    customer: string,
    reads: ReadContext = this.#context,
  ): Promise<ProjectedPeriod> {
    return readProjection(reads, workspace, customer);
  }

  /** The bill of a period, open or closed. */
  bill(
    workspace: string,
    query: BillQuery,
    reads: ReadContext = this.#context,
  ): Promise<PeriodBill> {
    const isNow = reads === this.#context;
    const creditOf: CreditOfBill = (bill) => previewCredit(this.#context, workspace, bill);
    return readBill(reads, workspace, { ...query, creditOf: isNow ? creditOf : null });
  }

  settleConflict(workspace: string, settlement: Settlement): ReturnType<typeof settleConflict> {
    return settleConflict(this.#context, workspace, settlement);
  }

  abandonSilentRuns(workspace: string, afterMs?: number): Promise<number> {
    return abandonSilentRuns(this.#context, workspace, afterMs);
  }

  /** Charges outcomes whose window has passed. Returns how many. */
  settleOutcomes(workspace: string): Promise<number> {
    return settleOutcomes(this.#context, workspace);
  }

  createKey(
    workspace: string,
    wanted: { readonly scopes: readonly Scope[]; readonly label: string },
  ): Promise<{ readonly key: ApiKey; readonly secret: string }> {
    return createKey(this.#context, workspace, wanted);
  }

  /** The secret of a key that ends with this process and is stored nowhere. */
  createPassingKey(workspace: string, scopes: readonly Scope[]): string {
    return createPassingKey(this.#context, this.#passingKeys, { workspace, scopes });
  }

  revokeKey(workspace: string, id: string): Promise<ApiKey> {
    return revokeKey(this.#context, workspace, id);
  }

  /** The key behind a secret. Throws `auth.invalid`. */
  authenticate(secret: string): Promise<ApiKey> {
    return authenticate(this.#context, this.#passingKeys, secret);
  }

  /** Adds up what a crash left on disk without its totals. Call it before serving. */
  recover(workspace: string): Promise<void> {
    return makeReady(this.#context, workspace);
  }

  /** Refuses new work and resolves when all that waits is on disk. */
  async drain(): Promise<void> {
    await this.#context.loop.drain();
  }
}
