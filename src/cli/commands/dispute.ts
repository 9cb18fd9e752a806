import { TollgateError } from "../../domain/errors.ts";
import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import { BY_HAND_OPTIONS, byHandOf, requiredOptions } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { wholeOption } from "../number-option.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

interface DisputeView {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly amount: string;
  readonly statement: string | null;
  readonly line: number | null;
  readonly run: string | null;
  readonly outcome: string | null;
  readonly reason: string;
  readonly resolution: { readonly favor: string; readonly by: string } | null;
}

const LINES_MAX = 999_999;

/** Holds what a customer contests out of the next statement, until it is decided. */
export const dispute: Command = {
  name: "dispute",
  summary: "Hold a line or an outcome's charge out of the next statement until it is decided",
  positionals: "list | open | resolve ID",
  options: {
    statement: { type: "string", value: "ID", meaning: "open: statement of the line" },
    line: { type: "string", value: "N", meaning: "open: number of the line" },
    run: { type: "string", value: "ID", meaning: "open: run of the outcome" },
    outcome: { type: "string", value: "KEY", meaning: "open: key of the outcome" },
    amount: { type: "string", value: "AMOUNT", meaning: "open: (default: all that is left of it)" },
    favor: { type: "string", value: "WHOM", meaning: "resolve: customer or us" },
    ...BY_HAND_OPTIONS,
    ...AS_OF_OPTION,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb = "list", id] = args.positionals;
    if (verb === "open") return ask(args, here, { path: "/v1/disputes", body: opening(args) });
    if (verb === "resolve" && id !== undefined) {
      const path = `/v1/disputes/${encodeURIComponent(id)}/resolve`;
      return ask(args, here, { path, body: requiredOptions(args, ["favor", "reason", "by"]) });
    }
    if (verb === "list") {
      return withSession(args, here, async (session) => {
        const path = `/v1/disputes${asOfQuery(args)}`;
        const page = await session.get<{ readonly disputes: DisputeView[] }>(path);
        return show(page.disputes, args, here);
      });
    }
    throw new TollgateError("cli.usage", "tollgate dispute list, open, or resolve ID.");
  },
};

function opening(args: Arguments): object {
  const line = wholeOption(textOption(args, "line"), "--line", LINES_MAX);
  const names = ["statement", "run", "outcome", "amount"];
  const given = names.flatMap((name) => {
    const value = textOption(args, name);
    return value === undefined ? [] : [[name, value]];
  });
  const about = Object.fromEntries(given);
  return { ...about, ...(line === undefined ? {} : { line }), ...byHandOf(args) };
}

function ask(
  args: Arguments,
  here: Surroundings,
  { path, body }: { readonly path: string; readonly body: object },
): Promise<number> {
  return withSession(args, here, async (session) =>
    show([await session.post<DisputeView>(path, body)], args, here),
  );
}

function show(all: readonly DisputeView[], args: Arguments, here: Surroundings): number {
  if (args.options.json === true) {
    print(here.out, JSON.stringify(all, null, 2));
    return 0;
  }
  const rows = all.map((one) => [
    one.id,
    one.customer,
    one.statement === null
      ? `outcome ${one.outcome} of ${one.run}`
      : `${one.statement} ${one.line}`,
    one.period,
    `${formatMoney(one.amount, one.currency)} ${one.currency}`,
    one.resolution === null ? "open" : `for ${one.resolution.favor} by ${one.resolution.by}`,
    one.reason,
  ]);
  const titles = ["dispute", "customer", "of", "held out of", "amount", "state", "reason"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  print(here.out, ...renderTable({ columns, rows }, here.styles));
  return 0;
}
