/**
 * What the stand-in models say. A conversation's key is `<scenario>/<anything>`; its turn is the
 * number of answers already in the prompt, so the stand-in keeps no memory of a dialogue. The last
 * turn repeats for ever: that is how a loop is written.
 */

/** A tool that the model asks for. */
export interface ScriptedCall {
  readonly name: string;
  readonly input: Readonly<Record<string, string>>;
}

/** One answer of a model. */
export interface Turn {
  readonly text: string;
  readonly calls?: readonly ScriptedCall[];
  /** Hidden reasoning: billed as output and never shown. */
  readonly reasoning?: string;
  /** HTTP statuses of the first attempts; the one after them succeeds. */
  readonly failures?: readonly number[];
  /** The connection of the first attempt breaks after this many pieces of a stream. */
  readonly cutAfterPieces?: number;
}

const TICKET: readonly Turn[] = [
  {
    reasoning:
      "The customer asks for their money. I need the order first, then the rule on late " +
      "parcels. Both can be looked up at once, since neither depends on the other.",
    text: "",
    calls: [
      { name: "lookup_order", input: { order: "A-20417" } },
      { name: "search_handbook", input: { question: "When is an order that is late refunded?" } },
    ],
  },
  {
    reasoning:
      "Promised on the 6th, no scan since the 8th. Whether the carrier has a strike matters " +
      "for the answer, so the researcher should find out.",
    text: "I have the order and the rule. I am checking what the carrier says.",
    calls: [
      {
        name: "research",
        input: { question: "Is Nordpost delayed in the north this month, and until when?" },
      },
    ],
    failures: [500],
  },
  {
    reasoning: "More than ten working days late, below 500 euros: refund in full.",
    text: "",
    calls: [{ name: "refund_order", input: { order: "A-20417", reason: "late" } }],
  },
  {
    text:
      "I am sorry: your parcel was caught in the strike at Nordpost's northern depot and is " +
      "more than ten working days late. I have refunded order A-20417 in full, shipping " +
      "included. The money is on your account in three to five banking days. There is nothing " +
      "you have to do; should the parcel still arrive, keep it or refuse it.",
  },
];

const RESEARCH: readonly Turn[] = [
  {
    text: "I will look for news of the carrier.",
    calls: [{ name: "web_search", input: { query: "Nordpost northern depot delays November" } }],
    failures: [529],
  },
  {
    text: "The first result names a strike. I am checking for its end.",
    calls: [{ name: "web_search", input: { query: "Nordpost depot strike ends agreement" } }],
  },
  {
    text:
      "Nordpost's northern depot was on strike from the 7th to the 18th. The backlog of about " +
      "forty thousand parcels is being worked off; the carrier expects normal times from the " +
      "27th. Parcels handed over between the 6th and the 18th show no scan and are not lost.",
    cutAfterPieces: 9,
  },
];

const QUESTION: readonly Turn[] = [
  {
    text: "",
    calls: [{ name: "search_handbook", input: { question: "Can a voucher be paid out?" } }],
  },
  {
    text:
      "A voucher cannot be paid out, but it is valid for three years and you can use it in " +
      "parts. If you have lost the code, I can send it again to the address that bought it.",
  },
];

/** The agent searches for the same thing again and again, and its own step limit ends it. */
const LOOP: readonly Turn[] = [
  {
    text: "Nothing useful yet, I will search again.",
    calls: [{ name: "web_search", input: { query: "warranty of a bag bought from a reseller" } }],
  },
];

const SCENARIOS: Readonly<Record<string, readonly Turn[]>> = {
  ticket: TICKET,
  research: RESEARCH,
  question: QUESTION,
  loop: LOOP,
};

/** The turn of a conversation; undefined where its key names no scenario. */
export function turnOf(conversation: string, answers: number): Turn | undefined {
  const turns = SCENARIOS[conversation.split("/")[0] ?? ""];
  return turns?.[Math.min(answers, turns.length - 1)];
}
