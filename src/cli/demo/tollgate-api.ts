/** The requests to Tollgate that the demo makes beside metering: all that an operator would. */
import type { AlertView } from "../render/alerts.ts";
import type { BalanceView } from "../render/budgets.ts";
import type { DriftView, LineView, PlanView } from "../render/export.ts";
import type { RunView } from "../render/run-view.ts";
import type { StatementView } from "../render/statement.ts";
import { readAnswer, readText } from "./api-answer.ts";

/** Form of a statement's export file. */
export type ExportForm = "csv" | "ndjson";

/** An event as POST /v1/events takes it. */
export type SentEvent = Readonly<Record<string, unknown>>;

/** What became of one. */
export interface EventResult {
  readonly status: string;
}

/** One Tollgate, as the holder of an admin key sees it. Every method throws the problem told. */
export class TollgateApi {
  readonly #baseUrl: string;
  readonly #key: string;

  constructor(baseUrl: string, key: string) {
    this.#baseUrl = baseUrl;
    this.#key = key;
  }

  /** Sends events; says what became of each. */
  async sendEvents(events: readonly SentEvent[]): Promise<readonly EventResult[]> {
    const response = await this.#post("/v1/events", events);
    return (await readAnswer<{ readonly results: readonly EventResult[] }>(response)).results;
  }

  /** Records a version of a rate card, in force from now on, also in periods under way. */
  async applyRateCard(document: unknown): Promise<void> {
    await readText(await this.#post("/v1/rate-cards?effective=now", document));
  }

  /** Sets a budget; it holds for the next hold. */
  async saveBudget(key: string, budget: object, decided: object): Promise<void> {
    await readText(await this.#send("PUT", `/v1/budgets/${key}`, { budget, ...decided }));
  }

  /** What the budgets of a run stand at. */
  async runBudgets(id: string): Promise<readonly BalanceView[]> {
    const response = await this.#get(`/v1/runs/${encodeURIComponent(id)}/budgets`);
    return (await readAnswer<{ readonly budgets: readonly BalanceView[] }>(response)).budgets;
  }

  /** What people were told of a customer, newest first. */
  async alerts(customer: string): Promise<readonly AlertView[]> {
    const response = await this.#get(`/v1/alerts?customer=${encodeURIComponent(customer)}`);
    return (await readAnswer<{ readonly alerts: readonly AlertView[] }>(response)).alerts;
  }

  /** A run with everything below it. */
  async run(id: string): Promise<RunView> {
    return readAnswer<RunView>(await this.#get(`/v1/runs/${encodeURIComponent(id)}`));
  }

  /** Closes the periods that start in a month, of every customer, before they end. */
  async closePeriods(month: string): Promise<StatementView[]> {
    const response = await this.#post("/v1/periods/close", { period: month, early: true });
    const closed = await readAnswer<{ readonly statements: readonly { readonly id: string }[] }>(
      response,
    );
    return Promise.all(closed.statements.map(({ id }) => this.statement(id)));
  }

  async statement(id: string): Promise<StatementView> {
    return readAnswer<StatementView>(await this.#get(`/v1/statements/${id}`));
  }

  /** The export file of a statement, byte for byte. */
  async statementExport(id: string, form: ExportForm): Promise<string> {
    return readText(await this.#get(`/v1/statements/${id}.${form}`));
  }

  /** Sets a billing system that bills go to. */
  async saveTarget(id: string, target: object): Promise<void> {
    await readText(await this.#send("PUT", `/v1/targets/${id}`, target));
  }

  /** Keeps a secret of a target. */
  async saveTargetSecret(id: string, name: string, secret: string): Promise<void> {
    await readText(await this.#send("PUT", `/v1/targets/${id}/secrets/${name}`, { secret }));
  }

  /** The targets, and the names of the connectors that there are. */
  async targets(): Promise<{
    readonly connectors: readonly string[];
    readonly targets: readonly { readonly id: string; readonly connector: string }[];
  }> {
    return readAnswer(await this.#get("/v1/targets"));
  }

  /** Sends what is due. */
  async runExport(id: string): Promise<void> {
    await readText(await this.#post(`/v1/targets/${id}/runs`, {}));
  }

  /** What would be sent for a customer. */
  async planExport(id: string, customer: string): Promise<PlanView> {
    const query = new URLSearchParams({ customer });
    return readAnswer<PlanView>(await this.#get(`/v1/targets/${id}/plan?${query}`));
  }

  /** Lines in a state. */
  async exportLines(id: string, state: string): Promise<{ readonly lines: readonly LineView[] }> {
    return readAnswer(await this.#get(`/v1/targets/${id}/lines?state=${state}`));
  }

  /** Tries a line again. */
  async retryLine(id: string, key: string, decided: object): Promise<void> {
    await readText(await this.#post(`/v1/targets/${id}/lines/${key}/retry`, decided));
  }

  /** Reads back what is there. */
  async reconcileExport(
    id: string,
  ): Promise<{ readonly looked: number; readonly drifts: readonly DriftView[] }> {
    return readAnswer(await this.#post(`/v1/targets/${id}/reconcile`, {}));
  }

  #get(path: string): Promise<Response> {
    return fetch(new URL(path, this.#baseUrl), { headers: this.#headers() });
  }

  #post(path: string, body: unknown): Promise<Response> {
    return this.#send("POST", path, body);
  }

  #send(method: string, path: string, body: unknown): Promise<Response> {
    const headers = { ...this.#headers(), "content-type": "application/json" };
    const request = { method, headers, body: JSON.stringify(body) };
    return fetch(new URL(path, this.#baseUrl), request);
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#key}` };
  }
}
