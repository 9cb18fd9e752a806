/** What `tollgate export` does with a target: plan, run, see, put right. */
import { ERRORS, type ErrorCode, TollgateError } from "../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy } from "./by-hand-options.ts";
import {
  type Arguments,
  JSON_OPTION,
  type OptionSpec,
  print,
  type Surroundings,
  textOption,
} from "./command.ts";
import {
  type DriftView,
  type LineView,
  type MissingView,
  type PlanView,
  renderDrifts,
  renderExportPlan,
  renderLines,
  renderMissing,
  renderUnknownLines,
  type UnknownLineView,
} from "./render/export.ts";
import {
  type AttemptListView,
  type AttemptView,
  renderAttempt,
  renderAttempts,
} from "./render/export-attempts.ts";
import { ProgressBar } from "./render/progress-bar.ts";
import { type Session, withSession } from "./session.ts";

/** What can be done with a target. */
export const EXPORT_VERBS = [
  ...(["plan", "run", "status", "reconcile", "retry", "skip", "attempts", "show"] as const),
] as const;
type ExportVerb = (typeof EXPORT_VERBS)[number];

/** Whether the first word of `tollgate export` is such a verb, and not a statement. */
export function isExportVerb(word: string): word is ExportVerb {
  return EXPORT_VERBS.some((verb) => verb === word);
}

/** Options of the verbs. */
export const EXPORT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  state: { type: "string", value: "STATE", meaning: "status: only lines in this state" },
  requests: { type: "boolean", meaning: "plan: show the exact requests" },
  troubled: { type: "boolean", meaning: "attempts: only those in which something went wrong" },
  ...DECIDED_OPTIONS,
  ...JSON_OPTION,
};

/** What a command exits with where lines are in doubt, were refused or drift. */
const UNSETTLED_EXIT_CODE = 3;

interface Asked {
  readonly args: Arguments;
  readonly here: Surroundings;
}

/** What stands behind verbs that want more than a target. */
const FORMS: Readonly<Partial<Record<ExportVerb, string>>> = {
  retry: "TARGET KEY --reason TEXT --by NAME",
  skip: "TARGET KEY --reason TEXT --by NAME",
  show: "TARGET ATTEMPT",
};

/** Carries out a verb; resolves to the exit code. */
export function exportTo(
  verb: ExportVerb,
  [target, key]: readonly string[],
  asked: Asked,
): Promise<number> {
  const form = FORMS[verb];
  if (target === undefined || (form !== undefined && key === undefined)) {
    throw new TollgateError("cli.usage", `tollgate export ${verb} ${form ?? "TARGET"}.`);
  }
  const path = `/v1/targets/${encodeURIComponent(target)}`;
  const subject = encodeURIComponent(key ?? "");
  return withSession(asked.args, asked.here, async (session) => {
    switch (verb) {
      case "retry":
      case "skip":
        return settleLine(session, `${path}/lines/${subject}/${verb}`, asked);
      case "attempts":
        return attempts(session, { path, key }, asked);
      case "show":
        return showAttempt(session, `${path}/attempts/${subject}`, asked);
      default:
        return { plan, run, status, reconcile }[verb](session, path, asked);
    }
  });
}

function queryOf(args: Arguments, names: readonly string[]): string {
  const given = names.flatMap((name) => {
    const value = textOption(args, name);
    return value === undefined ? [] : [[name, value]];
  });
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

function customerOf(args: Arguments): { readonly customer?: string } {
  const customer = textOption(args, "customer");
  return customer === undefined ? {} : { customer };
}

function told(document: unknown, { args, here }: Asked, lines: () => readonly string[]): void {
  if (args.options.json === true) print(here.out, JSON.stringify(document, null, 2));
  else print(here.out, ...lines());
}

async function plan(session: Session, path: string, asked: Asked): Promise<number> {
  const view = await session.get<PlanView>(`${path}/plan${queryOf(asked.args, ["customer"])}`);
  const hasRequests = asked.args.options.requests === true;
  told(view, asked, () => renderExportPlan(view, { hasRequests, styles: asked.here.styles }));
  return view.missing.length > 0 ? UNSETTLED_EXIT_CODE : 0;
}

type RunLine =
  | { readonly type: "progress"; readonly phase: string; readonly done: number }
  | ({ readonly type: "total" } & RunTotal)
  | { readonly type: "error"; readonly code: string; readonly detail: string };

interface RunTotal {
  readonly planned: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly confirmed: number;
  readonly missing: readonly MissingView[];
  readonly stopped: string | null;
}

async function run(session: Session, path: string, asked: Asked): Promise<number> {
  const total = await runTotal(session, path, asked);
  const { sent, missing, stopped } = total;
  told(total, asked, () => [
    `Lines planned: ${total.planned}; confirmed by reading back: ${total.confirmed}.`,
    ...Object.entries(sent).map(([state, count]) => `${count} sent, now ${state}.`),
    ...(stopped === null ? [] : [`${asked.here.styles.red("stopped")}: ${stopped}`]),
    ...renderMissing(missing, asked.here.styles),
  ]);
  const isUnsettled = (sent.rejected ?? 0) + (sent.unknown ?? 0) > 0;
  return isUnsettled || stopped !== null || missing.length > 0 ? UNSETTLED_EXIT_CODE : 0;
}

async function runTotal(session: Session, path: string, { args, here }: Asked): Promise<RunTotal> {
  const bar = new ProgressBar(here.err);
  try {
    for await (const line of session.postLines<RunLine>(`${path}/runs`, customerOf(args))) {
      if (line.type === "error") throw new TollgateError(codeOf(line.code), line.detail);
      if (line.type === "total") return line;
      bar.show({ label: line.phase, done: line.done, total: line.done, note: "" });
    }
    throw new TollgateError("internal", "The run ended without a total; see its status.");
  } finally {
    bar.clear();
  }
}

/** A server of another version may have codes that are not known here. */
function codeOf(code: string): ErrorCode {
  return code in ERRORS ? (code as ErrorCode) : "internal";
}

interface StatusView {
  readonly counts: Readonly<Record<string, number>>;
  readonly lines: readonly LineView[];
  readonly next: string | null;
}

async function status(session: Session, path: string, asked: Asked): Promise<number> {
  const query = queryOf(asked.args, ["state", "customer"]);
  const view = await session.get<StatusView>(`${path}/lines${query}`);
  told(view, asked, () => [
    Object.entries(view.counts)
      .map(([state, count]) => `${count} ${state}`)
      .join(", ") || "no lines yet",
    ...renderLines(view.lines, asked.here.styles),
    ...(view.next === null ? [] : ["There are more; name a customer, or ask for JSON."]),
  ]);
  const { rejected = 0, unknown = 0 } = view.counts;
  return rejected + unknown > 0 ? UNSETTLED_EXIT_CODE : 0;
}

interface ReconcileView {
  readonly looked: number;
  readonly confirmed: number;
  readonly drifts: readonly DriftView[];
  readonly unknown: readonly UnknownLineView[] | null;
}

async function reconcile(session: Session, path: string, asked: Asked): Promise<number> {
  const view = await session.post<ReconcileView>(`${path}/reconcile`, customerOf(asked.args));
  told(view, asked, () => [
    `Lines looked at: ${view.looked}; confirmed: ${view.confirmed}.`,
    ...renderDrifts(view, asked.here.styles),
    ...renderUnknownLines(view.unknown ?? [], asked.here.styles),
  ]);
  const unknown = view.unknown?.length ?? 0;
  if (unknown > 0) {
    const detail = `Lines at the target, and not in these books: ${unknown}.`;
    throw new TollgateError("export.unknown_lines", detail);
  }
  return view.drifts.length > 0 ? UNSETTLED_EXIT_CODE : 0;
}

/** Attempts of a target, or of one of its lines; the newest first. */
async function attempts(
  session: Session,
  { path, key }: { readonly path: string; readonly key: string | undefined },
  asked: Asked,
): Promise<number> {
  const query = new URLSearchParams({
    ...(key === undefined ? {} : { line: key }),
    ...(asked.args.options.troubled === true ? { troubled: "true" } : {}),
  });
  const view = await session.get<AttemptListView>(`${path}/attempts?${query}`);
  told(view, asked, () => renderAttempts(view, asked.here.styles));
  return 0;
}

/** The requests of one attempt, and what was answered. */
async function showAttempt(session: Session, path: string, asked: Asked): Promise<number> {
  const view = await session.get<AttemptView>(path);
  told(view, asked, () => renderAttempt(view, asked.here.styles));
  return 0;
}

async function settleLine(session: Session, path: string, asked: Asked): Promise<number> {
  const line = await session.post<LineView>(path, decidedBy(asked.args));
  told(line, asked, () => renderLines([line], asked.here.styles));
  return 0;
}
