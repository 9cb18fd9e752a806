/** Export lines, what is missing and what differs, as tables. */
import { formatMoney } from "./money.ts";
import type { Styles } from "./styles.ts";
import { type Column, renderTable } from "./table.ts";

/** A name or setting that is missing. */
export interface MissingView {
  readonly place: string;
  readonly detail: string;
}

/** A line, as far as tables show it. */
export interface LineView {
  readonly key: string;
  readonly customer: string;
  readonly item: string;
  readonly window: { readonly from: string; readonly to: string };
  readonly revision: number;
  readonly state: string;
  readonly value: string;
  readonly unit: string;
  readonly note: string;
}

/** A dry run. */
export interface PlanView {
  readonly lines: readonly LineView[];
  readonly requests: readonly {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  }[];
  readonly carried: readonly {
    readonly customer: string;
    readonly item: string;
    readonly unit: string;
    readonly carried: string;
  }[];
  readonly missing: readonly MissingView[];
  readonly hasMore: boolean;
}

/** Where a target and we differ. */
export interface DriftView {
  readonly customer: string;
  readonly item: string;
  readonly window: { readonly from: string; readonly to: string };
  readonly drift: string | null;
  readonly note: string;
}

function left(...titles: readonly string[]): Column[] {
  return titles.map((title) => ({ title, align: "left" }));
}

/** Lines with their keys. */
export function renderLines(lines: readonly LineView[], styles: Styles): string[] {
  if (lines.length === 0) return [];
  const columns = [
    ...left("customer", "item", "from", "to"),
    { title: "rev", align: "right" as const },
    { title: "value", align: "point" as const },
    ...left("unit", "state", "key", "note"),
  ];
  const rows = lines.map(({ customer, item, window, revision, value, unit, state, key, note }) => {
    const [from, to] = [timeOf(window.from), timeOf(window.to)];
    return [customer, item, from, to, String(revision), value, unit, state, key, note];
  });
  return renderTable({ columns, rows }, styles);
}

/** `2026-11-01`, or with hours and minutes where they are not midnight in UTC. */
function timeOf(text: string): string {
  return text.replace(/T00:00:00\.000Z$/, "").replace(/:00\.000Z$/, "Z");
}

/** What must be set first. */
export function renderMissing(missing: readonly MissingView[], styles: Styles): string[] {
  if (missing.length === 0) return [];
  const rows = missing.map(({ place, detail }) => [{ text: place, style: styles.red }, detail]);
  return ["Missing:", ...renderTable({ columns: left("", ""), rows }, styles)];
}

/** A dry run. */
export function renderExportPlan(
  { lines, requests, carried, missing, hasMore }: PlanView,
  { hasRequests, styles }: { readonly hasRequests: boolean; readonly styles: Styles },
): string[] {
  const columns = [
    ...left("customer", "item"),
    { title: "carried", align: "point" as const },
    ...left("unit"),
  ];
  const rows = carried.map((one) => [one.customer, one.item, one.carried, one.unit]);
  return [
    `Lines that would be sent: ${lines.length}${hasMore ? ", and more" : ""}.`,
    ...renderLines(lines, styles),
    ...(rows.length === 0 ? [] : ["Not yet:", ...renderTable({ columns, rows }, styles)]),
    ...renderMissing(missing, styles),
    ...(hasRequests ? requests.flatMap((request) => renderRequest(request, styles)) : []),
  ];
}

function renderRequest(request: PlanView["requests"][number], styles: Styles): string[] {
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  const title = styles.bold(`${request.method} ${request.url}`);
  return ["", title, ...headers, "", ...(request.body === null ? [] : [request.body])];
}

/** A line of theirs that these books do not know, or what a sum there is too much. */
export interface UnknownLineView {
  /** Null: it is of a sum. */
  readonly key: string | null;
  readonly customer: string | null;
  readonly item: string | null;
  readonly unit: string | null;
  readonly value: string | null;
  readonly note: string;
  readonly place: string;
}

/** Lines that they have and that these books do not know, with where they stand. */
export function renderUnknownLines(lines: readonly UnknownLineView[], styles: Styles): string[] {
  if (lines.length === 0) return [];
  const columns = [
    ...left("customer", "item"),
    { title: "value", align: "point" as const },
    ...left("unit", "key", "", "place"),
  ];
  const rows = lines.map(({ customer, item, value, unit, key, note, place }) => [
    ...[customer ?? "", item ?? "", value ?? "", unit ?? "", key ?? "", note, place],
  ]);
  return ["At the target, not in these books:", ...renderTable({ columns, rows }, styles)];
}

/** What a reconciliation looked at and found. */
interface LookedView {
  readonly looked: number;
  readonly drifts: readonly DriftView[];
  readonly unknown: readonly UnknownLineView[] | null;
}

/** Where they and we differ; nothing is good news, if anything was looked at and all is known. */
export function renderDrifts({ looked, drifts, unknown }: LookedView, styles: Styles): string[] {
  if (drifts.length === 0 && (unknown ?? []).length > 0) return [];
  if (looked === 0) return ["Nothing to look at: no line is due, or they cannot be asked."];
  if (drifts.length === 0) return [styles.green("Nothing drifts.")];
  const columns = [
    ...left("customer", "item", "from", "to"),
    { title: "drift", align: "point" as const },
    ...left("note"),
  ];
  const rows = drifts.map(({ customer, item, window, drift, note }) => [
    ...[customer, item, timeOf(window.from), timeOf(window.to)],
    drift === null ? "unknown" : formatMoney(drift),
    note,
  ]);
  return renderTable({ columns, rows }, styles);
}
