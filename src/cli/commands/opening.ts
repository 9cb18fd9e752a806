import { TollgateError } from "../../domain/errors.ts";
import { BY_HAND_OPTIONS, byHandOf } from "../by-hand-options.ts";
import { type Command, JSON_OPTION, print, SERVER_OPTIONS, textOption } from "../command.ts";
import { formatMoney } from "../render/money.ts";
import { renderTable } from "../render/table.ts";
import { withSession } from "../session.ts";

interface OpeningView {
  readonly parts: readonly {
    readonly id: string;
    readonly period: string;
    readonly currency: string;
    readonly amount: string;
    readonly correction?: string;
    readonly description: string;
  }[];
}

/** Takes over what a customer counted and owed elsewhere. */
export const opening: Command = {
  name: "opening",
  summary: "Take over what a customer counted and owed elsewhere, in mid-period",
  positionals: "CUSTOMER",
  options: {
    amount: { type: "string", value: "AMOUNT", meaning: "what is owed; negative: what is in hand" },
    counters: {
      type: "string",
      value: "LIST",
      meaning: "counted so far, by charge: tools=800,agents/support=12 (cell of a matrix)",
    },
    ...BY_HAND_OPTIONS,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [customer] = args.positionals;
    if (customer === undefined) {
      throw new TollgateError("cli.usage", "Which customer? Give its id.", "CUSTOMER");
    }
    const counters = countersOf(textOption(args, "counters") ?? "");
    const amount = textOption(args, "amount") ?? null;
    if (amount === null && counters.length === 0) {
      const detail = "Give what is owed, what was counted, or both.";
      throw new TollgateError("cli.usage", detail, "--amount --counters");
    }
    const body = { amount, counters, ...byHandOf(args) };
    return withSession(args, here, async (session) => {
      const path = `/v1/customers/${encodeURIComponent(customer)}/opening`;
      const answer = await session.post<OpeningView>(path, body);
      if (args.options.json === true) print(here.out, JSON.stringify(answer, null, 2));
      else print(here.out, ...lines(answer));
      return 0;
    });
  },
};

const COUNT = /^([^=/]+)(?:\/([^=]+))?=(.+)$/;

function countersOf(list: string): object[] {
  const parts = list === "" ? [] : list.split(",");
  return parts.map((part) => {
    const [whole, charge, cell = "", quantity] = COUNT.exec(part.trim()) ?? [];
    if (whole !== undefined) return { charge, cell, quantity };
    throw new TollgateError("cli.usage", "--counters is a list such as tools=800.", "--counters");
  });
}

function lines({ parts }: OpeningView): string[] {
  const money = (amount: string, currency: string) =>
    `${formatMoney(amount, currency)} ${currency}`;
  const rows = parts.map(({ id, period, description, amount, correction, currency }) => {
    const corrected = correction === undefined ? "" : money(correction, currency);
    return [id, period, description, money(amount, currency), corrected];
  });
  const titles = ["opening", "period", "", "books", "the close adds"];
  return renderTable({ columns: titles.map((title) => ({ title, align: "left" })), rows });
}
