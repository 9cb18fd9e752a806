/** The exporter as its adapters see it: one object, every use case a method. */
import { type Problem, TollgateError } from "../../domain/errors.ts";
import type { ExportAttempt } from "../../domain/export/attempt.ts";
import type { ExportLine, LineState } from "../../domain/export/export-line.ts";
import { LINE_STATES } from "../../domain/export/export-line.ts";
import type { ExportTarget, Missing } from "../../domain/export/target.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Notice, OutgoingRequest, Session } from "./connector-port.ts";
import { type ExportContext, type OpenTarget, TargetOpener } from "./export-context.ts";
import type { AttemptFilter, LinePlace, StateCount } from "./export-ports.ts";
import { hearNotice } from "./hear-notice.ts";
import { ledgerOfStore } from "./ledger-of-store.ts";
import { type CarriedItem, customersOf, planCustomer } from "./plan-export.ts";
import { type Drift, reconcileLines } from "./reconcile-export.ts";
import { type RunRequest, type RunTotal, runExport } from "./run-export.ts";
import {
  checkTarget,
  findTarget,
  listTargets,
  type NewTarget,
  saveSecret,
  saveTarget,
} from "./save-target.ts";
import { findLine, retryLine, voidLine } from "./settle-line.ts";
import { assertAllKnown, type UnknownLine, unknownLines } from "./unknown-lines.ts";

/** What a composition gives besides the engine's own ports. */
export type ExportParts = Pick<
  ExportContext,
  "connectors" | "http" | "secrets" | "chance" | "wait"
>;

/** What would be sent now. */
export interface ExportPreview {
  readonly lines: readonly ExportLine[];
  readonly requests: readonly OutgoingRequest[];
  readonly carried: readonly CarriedItem[];
  readonly missing: readonly Missing[];
  /** Whether there are more lines than are shown. */
  readonly hasMore: boolean;
}

/** How a target is doing. */
export interface ExportStatus {
  readonly target: ExportTarget;
  readonly counts: readonly StateCount[];
  /** Lines that wait for a person or for an answer, by customer and item. */
  readonly lines: readonly ExportLine[];
  /** To go on from; null: that was all. */
  readonly next: LinePlace | null;
}

/** An act on a line, and who decided it. */
export interface LineAct {
  readonly target: string;
  readonly key: string;
  readonly reason: string;
  readonly by: string;
}

/** Use cases of the exporter. */
export class ExportCases {
  readonly #engine: EngineContext;
  readonly #context: ExportContext;
  readonly #opener: TargetOpener;
  /** Targets that held nothing else than these books know when the process first ran them. */
  readonly #looked = new WeakSet<Session["memory"]>();

  constructor(engine: EngineContext, parts: ExportParts) {
    const { store, digest, ids, clock } = engine;
    this.#engine = engine;
    const ledger = ledgerOfStore(engine);
    this.#context = { ...parts, outbox: store.outbox, ledger, digest, ids, clock };
    this.#opener = new TargetOpener(this.#context);
  }

  /** Names of the connectors that there are. */
  get connectors(): readonly string[] {
    return [...this.#context.connectors.keys()];
  }

  targets(workspace: string): Promise<ExportTarget[]> {
    return listTargets(this.#engine.store, workspace);
  }

  /** Sets a target. Throws `target.invalid`, `target.locked`, `field.out_of_range`. */
  async saveTarget(
    workspace: string,
    target: NewTarget,
  ): Promise<{ readonly target: ExportTarget } | { readonly problems: readonly Problem[] }> {
    const { connectors } = this.#context;
    const saved = await saveTarget({ ...this.#engine, connectors }, workspace, target);
    if ("target" in saved) this.#opener.forget(workspace, target.id);
    return saved;
  }

  /** Keeps a secret, encrypted; it is never given back. */
  async saveSecret(
    workspace: string,
    secret: { readonly target: string; readonly name: string; readonly text: string },
  ): Promise<void> {
    await saveSecret(this.#context, await this.#open(workspace, secret.target), secret);
    this.#opener.forget(workspace, secret.target);
  }

  /** What is missing; `isAsking`: the target is asked too. */
  async check(workspace: string, id: string, isAsking: boolean): Promise<Missing[]> {
    return checkTarget(this.#context, await this.#open(workspace, id), { isAsking });
  }

  /** A dry run: the lines and the exact requests, without secrets. Writes and sends nothing. */
  async plan(
    workspace: string,
    { target, customer }: { readonly target: string; readonly customer: string | null },
  ): Promise<ExportPreview> {
    const open = await this.#open(workspace, target);
    const lines: ExportLine[] = [];
    const carried: CarriedItem[] = [];
    const unset = open.connector.check(open.target);
    if (unset.length > 0) {
      return { lines, requests: [], carried, missing: unset, hasMore: false };
    }
    const missing = new Map<string, Missing>();
    for await (const one of customersOf(this.#context, workspace, customer)) {
      if (lines.length >= PAGE_MAX_ROWS) break;
      const plan = await planCustomer(this.#context, open, one);
      lines.push(...plan.lines);
      carried.push(...plan.carried);
      for (const name of plan.missing) missing.set(name.place, name);
    }
    const shown = lines.slice(0, PAGE_MAX_ROWS);
    return {
      lines: shown,
      requests: shown.length === 0 ? [] : open.connector.preview(shown, open.target),
      ...{ carried, missing: [...missing.values()], hasMore: lines.length >= PAGE_MAX_ROWS },
    };
  }

  /**
   * Sends what is owed. Throws `export.unknown_lines` and `export.unlisted`, before anything is
   * planned: once in a process each target is looked at for lines that these books lost.
   */
  async run(workspace: string, target: string, request: RunRequest): Promise<RunTotal> {
    const open = await this.#open(workspace, target);
    const { memory } = open.session;
    if (!this.#looked.has(memory) && open.connector.check(open.target).length === 0) {
      await assertAllKnown(this.#context, open);
      this.#looked.add(memory);
    }
    return runExport(this.#context, open, request);
  }

  async status(
    workspace: string,
    query: {
      readonly target: string;
      readonly states: readonly LineState[];
      readonly customer: string | null;
      readonly after: LinePlace | null;
    },
  ): Promise<ExportStatus> {
    const { outbox } = this.#context;
    const target = await findTarget(this.#engine.store, workspace, query.target);
    const lines = await outbox.lines(workspace, {
      ...{ target: target.id, states: query.states, limit: PAGE_MAX_ROWS },
      ...(query.customer === null ? {} : { customer: query.customer }),
      ...(query.after === null ? {} : { after: query.after }),
    });
    const counts = await outbox.counts(workspace, target.id);
    const last = lines.length < PAGE_MAX_ROWS ? undefined : lines.at(-1);
    const next = last && { customer: last.customer, item: last.item, no: last.no };
    return { target, counts, lines, next: next ?? null };
  }

  /** Attempts of a target, the newest first. Throws `target.not_found`. */
  async attempts(workspace: string, filter: AttemptFilter): Promise<readonly ExportAttempt[]> {
    await findTarget(this.#engine.store, workspace, filter.target);
    return this.#context.outbox.attempts(workspace, filter);
  }

  /** Those of a line that are kept, the newest first. Throws `export.line_not_found`. */
  async attemptsOfLine(
    workspace: string,
    { target, key }: Pick<LineAct, "target" | "key">,
  ): Promise<readonly ExportAttempt[]> {
    await findTarget(this.#engine.store, workspace, target);
    const { attemptIds } = await findLine(this.#context, workspace, key);
    return this.#context.outbox.attemptsOf(workspace, attemptIds);
  }

  /** One attempt. Throws `export.attempt_not_found`: also where it is forgotten. */
  async attempt(
    workspace: string,
    { target, id }: { readonly target: string; readonly id: string },
  ): Promise<ExportAttempt> {
    await findTarget(this.#engine.store, workspace, target);
    const [found] = await this.#context.outbox.attemptsOf(workspace, [id]);
    if (found?.target === target) return found;
    throw new TollgateError("export.attempt_not_found", `There is no attempt "${id}".`, "attempt");
  }

  /** Reads back what the target has, of every line that it has taken or may have. */
  async reconcile(
    workspace: string,
    { target, customer }: { readonly target: string; readonly customer: string | null },
  ): Promise<{
    readonly looked: number;
    readonly confirmed: number;
    readonly drifts: readonly Drift[];
    /** What they hold and these books do not know; null: they do not tell what they hold. */
    readonly unknown: readonly UnknownLine[] | null;
  }> {
    const open = await this.#open(workspace, target);
    const states = LINE_STATES.filter((state) => RECONCILED.has(state));
    const read = await reconcileLines(this.#context, open, { customer, states, isForced: true });
    const unknown = await unknownLines(this.#context, open, { customer, sinceMs: null });
    return { ...read, unknown };
  }

  /**
   * Takes a message of a target's own; returns how many lines it settled. Whether there is such a
   * target is told to nobody who cannot sign for it. Throws `notice.refused`.
   */
  async hear(workspace: string, target: string, notice: Notice): Promise<number> {
    const isThere = (await this.#engine.store.workspaces()).includes(workspace);
    const all = isThere ? await listTargets(this.#engine.store, workspace) : [];
    const found = all.find(({ id }) => id === target);
    if (found === undefined) throw new TollgateError("notice.refused", "Nobody sends this.");
    return hearNotice(this.#context, this.#opener.open(workspace, found), notice);
  }

  /** Tries a line again, or another revision of one that was refused. On record. */
  async retry(workspace: string, act: LineAct): Promise<ExportLine> {
    const { open, line } = await this.#line(workspace, act);
    const now = await retryLine(this.#context, open, line);
    await this.#record(workspace, "export.retried", { ...act, now: now.key });
    return now;
  }

  /** Leaves a line out for good. On record. */
  async skip(workspace: string, act: LineAct): Promise<ExportLine> {
    const { open, line } = await this.#line(workspace, act);
    const now = await voidLine(this.#context, open, { line, reason: act.reason });
    await this.#record(workspace, "export.skipped", { ...act, now: now.key });
    return now;
  }

  async #line(
    workspace: string,
    { target, key }: LineAct,
  ): Promise<{ readonly open: OpenTarget; readonly line: ExportLine }> {
    const open = await this.#open(workspace, target);
    return { open, line: await findLine(this.#context, workspace, key) };
  }

  async #record(
    workspace: string,
    kind: "export.retried" | "export.skipped",
    act: LineAct & { readonly now: string },
  ): Promise<void> {
    await runAct(this.#engine, workspace, async ({ journal }) => journal(kind, act.key, act));
  }

  async #open(workspace: string, id: string): Promise<OpenTarget> {
    const target = await findTarget(this.#engine.store, workspace, id);
    return this.#opener.open(workspace, target);
  }
}

const RECONCILED: ReadonlySet<LineState> = new Set(["accepted", "unknown", "confirmed"]);
