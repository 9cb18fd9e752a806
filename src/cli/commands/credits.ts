import { TollgateError } from "../../domain/errors.ts";
import { BY_HAND_OPTIONS, byHandOf, requiredOption } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import {
  type CreditsView,
  type EntryView,
  renderCredits,
  renderHistory,
} from "../render/credits.ts";
import { type Session, withSession } from "../session.ts";

type Verb = (session: Session, args: Arguments, here: Surroundings) => Promise<number>;

/** Gives, moves, ends and shows prepaid credit. */
export const credits: Command = {
  name: "credits",
  summary: "Give prepaid credit, ask for its payment, and show what is left of it",
  positionals:
    "balance | history | grant | topup | refund | transfer | expire | rule | … CUSTOMER …",
  options: {
    currency: { type: "string", value: "CODE", meaning: "(default: that of the customer's card)" },
    name: { type: "string", value: "TEXT", meaning: "grant: what people call it" },
    priority: { type: "string", value: "N", meaning: "less is burned first (default: 100)" },
    expires: { type: "string", value: "TIME", meaning: "grant: when it ends" },
    days: { type: "string", value: "N", meaning: "topup, rule: days until the credit ends" },
    charges: { type: "string", value: "LIST", meaning: "charges that it may pay (default: all)" },
    cost: { type: "string", value: "AMOUNT", meaning: "grant: what was paid for it" },
    "rollover-upto": { type: "string", value: "AMOUNT", meaning: "grant: most that rolls over" },
    "rollover-expires": { type: "string", value: "TIME", meaning: "grant: when that ends" },
    amount: { type: "string", value: "AMOUNT", meaning: "how much (default: all that is left)" },
    to: { type: "string", value: "CUSTOMER", meaning: "transfer: its parent or child" },
    "to-currency": { type: "string", value: "CODE", meaning: "transfer: into another wallet" },
    "to-amount": { type: "string", value: "AMOUNT", meaning: "transfer: what it is worth there" },
    paid: { type: "string", value: "REFERENCE", meaning: "topup: it is paid already" },
    reference: { type: "string", value: "TEXT", meaning: "confirm, refuse: of the payment" },
    threshold: { type: "string", value: "AMOUNT", meaning: "rule: asks below this balance" },
    cap: { type: "string", value: "AMOUNT", meaning: "rule: most in a billing period" },
    ...BY_HAND_OPTIONS,
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const verb = VERBS[args.positionals[0] ?? ""];
    if (verb === undefined) throw usageError();
    return withSession(args, here, (session) => verb(session, args, here));
  },
};

const USAGE =
  "tollgate credits balance CUSTOMER | history CUSTOMER | grant CUSTOMER AMOUNT | " +
  "topup CUSTOMER AMOUNT | confirm TOPUP | refuse TOPUP | refund CUSTOMER GRANT | " +
  "transfer CUSTOMER GRANT | expire CUSTOMER GRANT | rule CUSTOMER [off] | endpoint [URL|off].";

function usageError(): TollgateError {
  return new TollgateError("cli.usage", USAGE);
}

const VERBS: Readonly<Record<string, Verb>> = {
  balance: async (session, args, here) => {
    return show(await session.get<CreditsView>(pathOf(word(args, 1))), args, here);
  },
  history,
  grant: async (session, args, here) => {
    const [customer, amount] = [word(args, 1), word(args, 2)];
    const [upTo, until] = [textOption(args, "rollover-upto"), textOption(args, "rollover-expires")];
    const isRolling = upTo !== undefined || until !== undefined;
    const body = {
      ...{ customer, amount, ...termsOf(args), ...byHandOf(args) },
      ...stated(args, { name: "name", expires: "expiresAt", cost: "cost" }),
      ...(isRolling ? { rollover: { upTo: upTo ?? null, expiresAt: until ?? null } } : {}),
    };
    return tell(await session.post("/v1/credits/grants", body), args, here);
  },
  topup,
  confirm: (session, args, here) => settle(session, args, { here, verb: "confirm" }),
  refuse: (session, args, here) => settle(session, args, { here, verb: "refuse" }),
  refund: async (session, args, here) => {
    const body = { ...grantOf(args), ...stated(args, { amount: "amount" }), ...byHandOf(args) };
    return tell(await session.post("/v1/credits/refunds", body), args, here);
  },
  transfer: async (session, args, here) => {
    const names = { amount: "amount", to: "to", "to-currency": "toCurrency" };
    const there = stated(args, { ...names, "to-amount": "toAmount" });
    const body = { ...grantOf(args), ...there, ...byHandOf(args) };
    return tell(await session.post("/v1/credits/transfers", body), args, here);
  },
  expire: async (session, args, here) => {
    return show(await session.post("/v1/credits/expirations", grantOf(args)), args, here);
  },
  rule,
  endpoint,
};

function word({ positionals }: Arguments, at: number): string {
  const value = positionals[at];
  if (value === undefined) throw usageError();
  return value;
}

function pathOf(customer: string, rest = ""): string {
  return `/v1/customers/${encodeURIComponent(customer)}/credits${rest}`;
}

function grantOf(args: Arguments): { readonly customer: string; readonly grant: string } {
  return { customer: word(args, 1), grant: word(args, 2) };
}

/** Options that were given, under the names of the API. */
function stated(args: Arguments, names: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(names).flatMap(([option, field]) => {
      const value = textOption(args, option);
      return value === undefined ? [] : [[field, value]];
    }),
  );
}

function termsOf(args: Arguments): object {
  const [priority, days, charges] = ["priority", "days", "charges"].map((name) =>
    textOption(args, name),
  );
  return {
    ...stated(args, { currency: "currency" }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
    ...(days === undefined ? {} : { expiresAfterDays: Number(days) }),
    ...(charges === undefined ? {} : { charges: charges.split(",") }),
  };
}

async function history(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const path = pathOf(word(args, 1), "/history?limit=1000");
  const entries: EntryView[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: { readonly entries: readonly EntryView[]; readonly next: string | null } =
      await session.get(cursor === "" ? path : `${path}&cursor=${cursor}`);
    entries.push(...page.entries);
    cursor = page.next;
  }
  if (args.options.json === true) print(here.out, JSON.stringify({ entries }, null, 2));
  else print(here.out, ...renderHistory(entries, here.styles));
  return 0;
}

/** What is paid already is confirmed at once. */
async function topup(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const [customer, amount] = [word(args, 1), word(args, 2)];
  const hand = byHandOf(args);
  const body = { customer, amount, ...termsOf(args), ...hand };
  const asked = await session.post<{ readonly id: string }>("/v1/topups", body);
  const reference = textOption(args, "paid");
  if (reference === undefined) return tell(asked, args, here);
  const path = `/v1/topups/${encodeURIComponent(asked.id)}/confirm`;
  return tell(await session.post(path, { reference, by: hand.by }), args, here);
}

async function settle(
  session: Session,
  args: Arguments,
  { here, verb }: { readonly here: Surroundings; readonly verb: "confirm" | "refuse" },
): Promise<number> {
  const path = `/v1/topups/${encodeURIComponent(word(args, 1))}/${verb}`;
  const body = { reference: requiredOption(args, "reference"), by: requiredOption(args, "by") };
  return tell(await session.post(path, body), args, here);
}

async function rule(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const path = pathOf(word(args, 1), "/rule");
  if (args.positionals[2] === "off") {
    const currency = encodeURIComponent(requiredOption(args, "currency"));
    return show(await session.delete(`${path}?currency=${currency}`), args, here);
  }
  const [threshold, amount] = ["threshold", "amount"].map((name) => requiredOption(args, name));
  const body = { threshold, amount, ...termsOf(args), ...stated(args, { cap: "cap" }) };
  return show(await session.put(path, body), args, here);
}

async function endpoint(session: Session, args: Arguments, here: Surroundings): Promise<number> {
  const url = args.positionals[1];
  const path = "/v1/payment-endpoint";
  const answer =
    url === undefined
      ? await session.get(path)
      : await session.put(path, { url: url === "off" ? null : url });
  return tell(answer as object, args, here);
}

function show(answer: CreditsView, args: Arguments, { out, styles }: Surroundings): number {
  if (args.options.json === true) print(out, JSON.stringify(answer, null, 2));
  else print(out, ...renderCredits(answer, styles));
  return 0;
}

/** One line for what was done. */
function tell(answer: object, args: Arguments, { out }: Surroundings): number {
  if (args.options.json === true) {
    print(out, JSON.stringify(answer, null, 2));
    return 0;
  }
  const shown = Object.entries(answer).filter(([, value]) => value !== null);
  print(out, shown.map(([name, value]) => `${name} ${String(value)}`).join("  "));
  return 0;
}
