import { TollgateError } from "../../domain/errors.ts";
import { AS_OF_OPTION, asOfQuery } from "../as-of-option.ts";
import { BY_HAND_OPTIONS, byHandOf } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "../command.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { type Session, withSession } from "../session.ts";

interface GoodwillView {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly amount: string;
  readonly reason: string;
  readonly by: string;
}

/** Gives credits by hand and lists them. */
export const goodwill: Command = {
  name: "goodwill",
  summary: "Give a customer a credit in the open period; list credits",
  positionals: "list | give CUSTOMER AMOUNT",
  options: { ...BY_HAND_OPTIONS, ...AS_OF_OPTION, ...JSON_OPTION, ...SERVER_OPTIONS },
  run: (args, here) => {
    const [verb = "list", customer, amount] = args.positionals;
    if (verb === "list") return withSession(args, here, (session) => list(session, args, here));
    if (verb !== "give" || customer === undefined || amount === undefined) {
      throw new TollgateError("cli.usage", "tollgate goodwill list, or give CUSTOMER AMOUNT.");
    }
    const body = { customer, amount, ...byHandOf(args) };
    return withSession(args, here, async (session) => {
      const given = await session.post<GoodwillView>("/v1/goodwill", body);
      return show([given], args, here);
    });
  },
};

async function list(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const path = `/v1/goodwill${asOfQuery(args)}`;
  const page = await session.get<{ readonly goodwill: readonly GoodwillView[] }>(path);
  return show(page.goodwill, args, here);
}

function show(all: readonly GoodwillView[], args: Arguments, here: Surroundings): number {
  if (args.options.json === true) {
    print(here.out, JSON.stringify(all, null, 2));
    return 0;
  }
  const rows = all.map((one) => [
    ...[one.id, one.customer, one.period, `${formatMoney(one.amount)} ${one.currency}`],
    ...[one.by, one.reason],
  ]);
  const titles = ["goodwill", "customer", "period", "given", "by", "reason"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  print(here.out, ...renderTable({ columns, rows }, here.styles));
  return 0;
}
