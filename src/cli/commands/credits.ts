import { BY_HAND_OPTIONS, byHandOf, requiredOptions } from "../by-hand-options.ts";
import { type Arguments, type Command, textOption } from "../command.ts";
import {
  type CreditsView,
  type EntryView,
  renderCredits,
  renderHistory,
} from "../render/credits.ts";
import { commandOfVerbs, type Scene, told, type Verb } from "../verbs.ts";

const VERBS: readonly Verb[] = [
  {
    form: "balance CUSTOMER",
    run: async (scene, [customer = ""]) => {
      return show(scene, await scene.session.get<CreditsView>(pathOf(customer)));
    },
  },
  { form: "history CUSTOMER", run: history },
  { form: "grant CUSTOMER AMOUNT", run: grant },
  { form: "topup CUSTOMER AMOUNT", run: topup },
  { form: "confirm TOPUP", run: (scene, [id = ""]) => settle(scene, id, "confirm") },
  { form: "refuse TOPUP", run: (scene, [id = ""]) => settle(scene, id, "refuse") },
  {
    form: "refund CUSTOMER GRANT",
    run: async (scene, [customer, grant]) => {
      const { args, session } = scene;
      const body = { customer, grant, ...stated(args, { amount: "amount" }), ...byHandOf(args) };
      return tell(scene, await session.post("/v1/credits/refunds", body));
    },
  },
  {
    form: "transfer CUSTOMER GRANT",
    run: async (scene, [customer, grant]) => {
      const { args, session } = scene;
      const names = { amount: "amount", to: "to", "to-currency": "toCurrency" };
      const there = stated(args, { ...names, "to-amount": "toAmount" });
      const body = { customer, grant, ...there, ...byHandOf(args) };
      return tell(scene, await session.post("/v1/credits/transfers", body));
    },
  },
  {
    form: "expire CUSTOMER GRANT",
    run: async (scene, [customer, grant]) => {
      const body = { customer, grant };
      return show(scene, await scene.session.post("/v1/credits/expirations", body));
    },
  },
  { form: "rule CUSTOMER [off]", run: rule },
  { form: "endpoint [URL|off]", run: endpoint },
];

/** Gives, moves, ends and shows prepaid credit. */
export const credits: Command = commandOfVerbs({
  name: "credits",
  summary: "Give prepaid credit, ask for its payment, and show what is left of it",
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
  },
  verbs: VERBS,
});

function pathOf(customer: string, rest = ""): string {
  return `/v1/customers/${encodeURIComponent(customer)}/credits${rest}`;
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

async function history(scene: Scene, [customer = ""]: readonly string[]): Promise<number> {
  const path = pathOf(customer, "/history?limit=1000");
  const entries: EntryView[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: { readonly entries: readonly EntryView[]; readonly next: string | null } =
      await scene.session.get(cursor === "" ? path : `${path}&cursor=${cursor}`);
    entries.push(...page.entries);
    cursor = page.next;
  }
  return told(scene, { entries }, () => renderHistory(entries, scene.here.styles));
}

async function grant(scene: Scene, [customer, amount]: readonly string[]): Promise<number> {
  const { args, session } = scene;
  const [upTo, until] = [textOption(args, "rollover-upto"), textOption(args, "rollover-expires")];
  const isRolling = upTo !== undefined || until !== undefined;
  const body = {
    ...{ customer, amount, ...termsOf(args), ...byHandOf(args) },
    ...stated(args, { name: "name", expires: "expiresAt", cost: "cost" }),
    ...(isRolling ? { rollover: { upTo: upTo ?? null, expiresAt: until ?? null } } : {}),
  };
  return tell(scene, await session.post("/v1/credits/grants", body));
}

/** What is paid already is confirmed at once. */
async function topup(scene: Scene, [customer, amount]: readonly string[]): Promise<number> {
  const { args, session } = scene;
  const hand = byHandOf(args);
  const body = { customer, amount, ...termsOf(args), ...hand };
  const asked = await session.post<{ readonly id: string }>("/v1/topups", body);
  const reference = textOption(args, "paid");
  if (reference === undefined) return tell(scene, asked);
  const path = `/v1/topups/${encodeURIComponent(asked.id)}/confirm`;
  return tell(scene, await session.post(path, { reference, by: hand.by }));
}

async function settle(scene: Scene, id: string, verb: "confirm" | "refuse"): Promise<number> {
  const { args, session } = scene;
  const path = `/v1/topups/${encodeURIComponent(id)}/${verb}`;
  const body = requiredOptions(args, ["reference", "by"]);
  return tell(scene, await session.post(path, body));
}

async function rule(scene: Scene, [customer = "", off]: readonly string[]): Promise<number> {
  const { args, session } = scene;
  const path = pathOf(customer, "/rule");
  if (off === "off") {
    const currency = encodeURIComponent(requiredOptions(args, ["currency"]).currency);
    return show(scene, await session.delete(`${path}?currency=${currency}`));
  }
  const required = requiredOptions(args, ["threshold", "amount"]);
  const body = { ...required, ...termsOf(args), ...stated(args, { cap: "cap" }) };
  return show(scene, await session.put(path, body));
}

async function endpoint(scene: Scene, [url]: readonly string[]): Promise<number> {
  const path = "/v1/payment-endpoint";
  const answer =
    url === undefined
      ? await scene.session.get<object>(path)
      : await scene.session.put<object>(path, { url: url === "off" ? null : url });
  return tell(scene, answer);
}

function show(scene: Scene, answer: CreditsView): number {
  return told(scene, answer, () => renderCredits(answer, scene.here.styles));
}

/** One line for what was done. */
function tell(scene: Scene, answer: object): number {
  const shown = Object.entries(answer).filter(([, value]) => value !== null);
  return told(scene, answer, () => [
    shown.map(([name, value]) => `${name} ${String(value)}`).join("  "),
  ]);
}
