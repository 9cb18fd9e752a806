/**
 * What a store knew at an instant, as reads of its own: whoever reads runs, usage or bills reads
 * them from here as from the store itself, so the rules of reading exist once.
 *
 * What never changes is cut off behind a seq: acts, adjustments, statements, versions of cards.
 * Steps, runs and outcomes are taken as they were, from their former revisions. Totals are added
 * up anew (recount.ts), one run after the other and its steps page by page, so memory stays flat
 * whatever the size of the history. Nothing of it is kept: a reading is of one request.
 */
import { present } from "../../domain/assert.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run, RunCorrection, RunFacts } from "../../domain/run/run.ts";
import { recordedAct, recordedActs } from "../acts/recorded-acts.ts";
import { readRates } from "../cards/conversion-rates.ts";
import type { Tariff } from "../cards/tariff.ts";
import { tariffOf } from "../cards/workspace-tariff.ts";
import type { EngineContext } from "../context.ts";
import type { PageAfter } from "../history.ts";
import { itemOf, type OpeningPart } from "../periods/set-opening.ts";
import type { StatementFilter, StatementHead } from "../periods/statement-list.ts";
import type {
  ActFilter,
  CounterKey,
  Customer,
  ProvisionalFilter,
  Reads,
  RunFilter,
  Store,
  StoredCounter,
  UsageFilter,
} from "../ports.ts";
import { correctionsOf } from "../runs/correct-runs.ts";
import { ActsAsOf, type AsOfPlace } from "./acts-as-of.ts";
import { Recount } from "./recount.ts";
import { RunsAsOf, type Summed } from "./runs-as-of.ts";

/** One workspace's rows up to a seq. Read by one request, which names that workspace. */
export class StoreAsOf implements Reads {
  readonly #store: Store;
  readonly #tariffs: EngineContext["tariffs"];
  readonly #workspace: string;
  readonly #seq: number;
  readonly #acts: ActsAsOf;
  readonly #runs: RunsAsOf;
  readonly #listed = new Map<string, Promise<readonly string[]>>();
  readonly #recounts = new Map<string | null, Promise<Recount>>();
  #tariff: Promise<Tariff> | null = null;

  constructor({ store, tariffs }: Pick<EngineContext, "store" | "tariffs">, place: AsOfPlace) {
    this.#store = store;
    this.#tariffs = tariffs;
    this.#workspace = place.workspace;
    this.#seq = place.seq;
    this.#acts = new ActsAsOf(store, place);
    this.#runs = new RunsAsOf(store, place);
  }

  /** The tariff as it was. It prices no step: what a step costs is stored with it. */
  tariff(): Promise<Tariff> {
    this.#tariff ??= this.#readTariff();
    return this.#tariff;
  }

  async #readTariff(): Promise<Tariff> {
    const later = [];
    for (const kind of ["card.applied", "rates.imported"] as const) {
      later.push(...(await this.#acts.later(kind)).keys());
    }
    if (later.length === 0) return this.#tariffs.of(this.#workspace);
    return tariffOf(await this.#acts.cards(), [], await readRates(this, this.#workspace));
  }

  async run(workspace: string, id: string): Promise<Run | undefined> {
    const run = await this.#store.run(workspace, id);
    const facts = run === undefined ? undefined : await this.#runs.factsOf(run);
    return run === undefined || facts === undefined ? undefined : this.#whole(run, facts);
  }

  async children(workspace: string, id: string): Promise<Run[]> {
    const run = await this.#store.run(workspace, id);
    const facts = run === undefined ? undefined : await this.#runs.factsOf(run);
    const children: Run[] = [];
    for (const child of facts === undefined ? [] : await this.#runs.childrenOf(facts)) {
      children.push(await this.#whole(child.run, child.facts));
    }
    return children;
  }

  /** A run of then with its totals. Its last sign of life is that of now: no retry is recorded. */
  async #whole({ lastSeenAtMs }: Run, facts: RunFacts): Promise<Run> {
    const sums = await this.#runs.sum(facts, null);
    const corrections = await this.#corrections(facts, sums);
    return { ...facts, ...sums, lastSeenAtMs, corrections, restating: null };
  }

  async #corrections(facts: RunFacts, { chargedIn }: Summed): Promise<readonly RunCorrection[]> {
    const tariff = await this.tariff();
    if (facts.customer === null || !tariff.boundsRuns) return [];
    const customer = await this.customer(this.#workspace, facts.customer);
    return customer === undefined ? [] : correctionsOf(tariff, customer, { ...facts, chargedIn });
  }

  /** Their totals are left out: `run` adds up those of one. */
  async listRuns(
    workspace: string,
    { after = "", limit, ...filter }: RunFilter,
  ): Promise<RunFacts[]> {
    const ids = await this.#matching(filter);
    const from = ids.indexOf(after) + 1;
    const found: RunFacts[] = [];
    for (const id of ids.slice(from, from + limit)) {
      const run = present(await this.#store.run(workspace, id), `run "${id}"`);
      found.push(present(await this.#runs.factsOf(run), `run "${id}" as it was`));
    }
    return found;
  }

  /** Ids of runs in the order of the store, held for the pages that follow. */
  #matching(filter: Omit<RunFilter, "after" | "limit">): Promise<readonly string[]> {
    const key = JSON.stringify(Object.entries(filter).sort());
    const matching = this.#listed.get(key) ?? this.#readMatching(filter);
    this.#listed.set(key, matching);
    return matching;
  }

  async #readMatching(filter: Omit<RunFilter, "after" | "limit">): Promise<string[]> {
    const found: Pick<RunFacts, "id" | "openedAtMs">[] = [];
    const { customer = null, agent, status, roots = false, byId = false } = filter;
    const { endUser, hasEndUser = false } = filter;
    for await (const facts of this.#runs.all({ customer, after: "" })) {
      if (customer !== null && facts.customer !== customer) continue;
      if (agent !== undefined && facts.agent !== agent) continue;
      if (status !== undefined && facts.status !== status) continue;
      if (roots && facts.parent !== null) continue;
      if (endUser !== undefined && facts.endUser !== endUser) continue;
      if (hasEndUser && facts.endUser === null) continue;
      found.push({ id: facts.id, openedAtMs: facts.openedAtMs });
    }
    if (!byId) found.reverse().sort((a, b) => b.openedAtMs - a.openedAtMs);
    return found.map(({ id }) => id);
  }

  async stepsOfRun(workspace: string, run: string, limit = Infinity): Promise<Step[]> {
    const steps: Step[] = [];
    const known = await this.#store.run(workspace, run);
    if (known !== undefined) await this.#runs.factsOf(known);
    this.#runs.requireSteps(run);
    for await (const page of this.#runs.steps(run)) {
      steps.push(...page);
      if (steps.length >= limit) break;
    }
    return steps.slice(0, limit);
  }

  outcomesOfRun(_workspace: string, run: string): Promise<OutcomeState[]> {
    return this.#runs.outcomes(run);
  }

  /** By run and key: of one customer, the order of the store. */
  async provisionalOutcomes(
    _workspace: string,
    filter: ProvisionalFilter,
  ): Promise<OutcomeState[]> {
    const { customer = null, limit, after } = filter;
    const found: OutcomeState[] = [];
    const add = async (run: string, afterKey: string): Promise<void> => {
      const waiting = (await this.#runs.outcomes(run)).filter((one) => {
        return one.status === "provisional" && one.key > afterKey;
      });
      found.push(...waiting.sort((a, b) => (a.key < b.key ? -1 : 1)));
    };
    if (after !== undefined) await add(after.run, after.key);
    for await (const { id } of this.#runs.all({ customer, after: after?.run ?? "" })) {
      if (found.length >= limit) break;
      await add(id, "");
    }
    return found.slice(0, limit);
  }

  async rollups(
    _workspace: string,
    { customer, agent, period }: UsageFilter,
  ): Promise<RollupRow[]> {
    const recount = await this.#recount(customer ?? null);
    recount.requireSteps({ ...(customer && { customer }), ...(period && { period }) });
    return recount.rollups.filter(
      (row) => (agent === undefined || row.agent === agent) && row.period.startsWith(period ?? ""),
    );
  }

  async countersOf(_workspace: string, key: CounterKey): Promise<StoredCounter[]> {
    const recount = await this.#recount(key.customer);
    recount.requireSteps(key);
    return recount.counters(key);
  }

  #recount(customer: string | null): Promise<Recount> {
    const recount = this.#recounts.get(customer) ?? this.#readRecount(customer);
    this.#recounts.set(customer, recount);
    return recount;
  }

  async #readRecount(customer: string | null): Promise<Recount> {
    const recount = new Recount(await this.tariff());
    for await (const facts of this.#runs.all({ customer, after: "" })) {
      // Whatever is below a root is added up with it. Without a customer nothing is counted.
      if (facts.parent !== null || facts.customer === null) continue;
      await this.#addCustomer(recount, facts.customer);
      const summed = await this.#runs.sum(facts, recount);
      recount.addCorrections(facts.customer, await this.#corrections(facts, summed));
    }
    for (const part of await this.#openings(customer)) await this.#countOpening(recount, part);
    await this.#runs.requireAsBefore();
    return recount;
  }

  /** Of one customer those are looked up that are booked for it: others may have thousands. */
  async #openings(customer: string | null): Promise<OpeningPart[]> {
    const kind = "opening.set";
    if (customer === null) return recordedActs<OpeningPart>(this, this.#workspace, { kind });
    const parts: OpeningPart[] = [];
    for (const { reason, id } of await this.bookedByHand(this.#workspace, customer)) {
      if (reason !== "opening") continue;
      const part = await recordedAct<OpeningPart>(this, this.#workspace, { kind, subject: id });
      parts.push(present(part, `opening "${id}"`));
    }
    return parts;
  }

  async #addCustomer(recount: Recount, id: string): Promise<void> {
    if (recount.knows(id)) return;
    recount.addCustomer(present(await this.customer(this.#workspace, id), `customer "${id}"`));
  }

  async #countOpening(recount: Recount, { counter, customer, period }: OpeningPart): Promise<void> {
    if (counter === null) return;
    const card = (await this.tariff()).cardById(counter.cardVersion);
    recount.addOpening({ customer, period }, card, itemOf(card, counter));
  }

  customer(_workspace: string, id: string): Promise<Customer | undefined> {
    return this.#acts.customer(id);
  }

  async customers(workspace: string, ids: readonly string[]): Promise<Customer[]> {
    const found: Customer[] = [];
    for (const id of new Set(ids)) {
      const customer = await this.customer(workspace, id);
      if (customer !== undefined) found.push(customer);
    }
    return found;
  }

  listStatements(_workspace: string, customer?: string): Promise<StatementRecord[]> {
    return this.#acts.statements(customer);
  }

  statementPage(_workspace: string, filter: StatementFilter): Promise<StatementHead[]> {
    return this.#acts.statementPage(filter);
  }

  statement(_workspace: string, id: string): Promise<StatementRecord | undefined> {
    return this.#acts.statement(id);
  }

  periodsOf(_workspace: string, customer: string): Promise<PeriodState[]> {
    return this.#acts.periodsOf(customer);
  }

  async adjustmentsOf(workspace: string, key: CounterKey): Promise<Adjustment[]> {
    const rows = await this.#store.adjustmentsOf(workspace, key);
    return rows.filter(({ seq }) => seq <= this.#seq);
  }

  async bookedByHand(workspace: string, customer: string): Promise<Adjustment[]> {
    const rows = await this.#store.bookedByHand(workspace, customer);
    return rows.filter(({ seq }) => seq <= this.#seq);
  }

  /** A page that is cut short is the last one, as it was then. */
  async adjustmentPage(
    workspace: string,
    key: CounterKey,
    page: PageAfter<number>,
  ): Promise<Adjustment[]> {
    const rows = await this.#store.adjustmentPage(workspace, key, page);
    return rows.filter(({ seq }) => seq <= this.#seq);
  }

  /** Steps that were removed since are gone for whoever reads what was known before, too. */
  async acts(workspace: string, filter: ActFilter): Promise<JournalEntry[]> {
    if (filter.kind === "retention.begun") return this.#store.acts(workspace, filter);
    return this.#acts.acts(filter);
  }

  lastAct(
    _workspace: string,
    kind: ActFilter["kind"],
    subject: string,
  ): Promise<JournalEntry | undefined> {
    return this.#acts.lastAct(kind, subject);
  }

  cards(): Promise<RateCardVersion[]> {
    return this.#acts.cards();
  }
}
