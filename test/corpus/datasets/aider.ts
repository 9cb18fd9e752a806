/**
 * aider's analytics stream: one event a message, with its cost and the running total of the
 * process that sent it. The stream has no session id and several processes write to it at once, so
 * a message belongs to the process whose total it continues, digit by digit.
 */
import { NO_TOKENS, PER_TOKEN } from "../arithmetic.ts";
import { type FoundFile, filesBelow, linesOf, nameOf } from "../files.ts";
import { sameDecimal } from "../float.ts";
import { countOf, type JsonObject, objectAt, textOf } from "../number-text.ts";
import { Peers } from "../peers.ts";
import { type RecordedCall, unexplained } from "../priced-call.ts";
import { callFigure, INPUT, OUTPUT, sumFigure, tokenFigure } from "../stated-total.ts";
import type { CorpusRun, DatasetReader, StatedFigure, Verdict } from "../types.ts";
import { idOf, litellmModel, modelStep, runOpened, timeOf } from "../wire.ts";

const DATASET = "aider";
const ARITHMETIC = [PER_TOKEN];

export const aider: DatasetReader = {
  dataset: DATASET,
  read: (root) => filesBelow(root, `runs/${DATASET}`, [".jsonl"]).flatMap(runsOfFile),
};

interface Message {
  readonly recorded: RecordedCall;
  readonly at: string;
  readonly name: string;
  readonly totalCost: string;
  readonly totalTokens: string;
}

/** The messages of one process of aider. */
interface Session {
  readonly user: string;
  readonly messages: Message[];
  /** Spent before the log begins; "broken": a running total of the stream, but for some digits. */
  readonly spentBefore: number | "broken";
}

function runsOfFile(file: FoundFile): CorpusRun[] {
  const sessions = sessionsOf(linesOf(file));
  if (sessions.length === 0) file.leaveOut("it has no messages: it is no stream of aider");
  return sessions.map((session) => {
    const first = session.messages[0];
    const id = idOf(DATASET, nameOf(file), session.user, first?.recorded.step ?? "");
    const run = { dataset: DATASET, run: id, agent: DATASET };
    return {
      dataset: DATASET,
      run: id,
      events: [
        runOpened(run, first?.at ?? timeOf(undefined)),
        ...session.messages.map(({ recorded, at, name }) => {
          const { provider, model } = litellmModel(name);
          const { step, tokens } = recorded;
          return modelStep(run, { id: step, at, provider, model, tokens, completeness: "partial" });
        }),
      ],
      stated: statedBy(session),
    };
  });
}

function sessionsOf(lines: readonly JsonObject[]): Session[] {
  const sessions: Session[] = [];
  const peers = new Peers();
  for (const line of lines) {
    if (line.event !== "message_send") continue;
    const message = messageOf(line, peers);
    const user = textOf(line.user_id) ?? "";
    const open = sessions.findLast(
      (session) => session.user === user && continues(session, message),
    );
    const spentBefore = beginning(message, sessions);
    if (open === undefined) sessions.push({ user, messages: [message], spentBefore });
    else open.messages.push(message);
  }
  return sessions;
}

function continues({ messages }: Session, next: Message): boolean {
  const total = Number(messages.at(-1)?.totalCost ?? "0") + Number(next.recorded.cost);
  return sameDecimal(String(total), next.totalCost);
}

function costOf(line: JsonObject): string {
  return textOf(objectAt(line.properties).cost) ?? "0";
}

function modelNameOf(line: JsonObject): string {
  return textOf(objectAt(line.properties).main_model) ?? "unknown";
}

function messageOf(line: JsonObject, peers: Peers): Message {
  const properties = objectAt(line.properties);
  const name = modelNameOf(line);
  const time = textOf(line.time) ?? "";
  const input = countOf(properties.prompt_tokens);
  const output = countOf(properties.completion_tokens);
  const tokens = { ...NO_TOKENS, input, output };
  return {
    recorded: {
      step: idOf("message", time, String(input), String(output)),
      cost: costOf(line),
      tokens,
      isCacheLost: true,
      isReasoningLost: true,
      peers: peers.add(name, { cost: costOf(line), tokens }),
    },
    at: timeOf(time),
    name,
    totalCost: textOf(properties.total_cost) ?? "0",
    totalTokens: textOf(properties.total_tokens) ?? "0",
  };
}

/** Figures this close to another, in places of their last digit, are the same one misread. */
const MISREAD_PLACES = 10;

/**
 * What a process had spent when the log begins: the part of its first total that the log does not
 * hold. A total that nearly continues one of the stream is a broken figure, not a beginning.
 */
function beginning(
  { recorded, totalCost }: Message,
  sessions: readonly Session[],
): Session["spentBefore"] {
  if (sameDecimal(recorded.cost, totalCost)) return 0;
  const before = Number(totalCost) - Number(recorded.cost);
  const places = totalCost.split(".")[1]?.length ?? 0;
  const near = MISREAD_PLACES * 10 ** -places;
  const known = [0, ...sessions.map(({ messages }) => Number(messages.at(-1)?.totalCost ?? "0"))];
  const isBroken = before < 0 || known.some((total) => Math.abs(total - before) <= near);
  return isBroken ? "broken" : before;
}

function statedBy({ messages, spentBefore }: Session): StatedFigure[] {
  return messages.flatMap(({ recorded, totalCost, totalTokens }, position) => {
    const name = `total_cost after ${recorded.step}`;
    const calls = messages.slice(0, position + 1).map((message) => message.recorded);
    const running =
      spentBefore === 0
        ? sumFigure({ name, text: totalCost }, calls, ARITHMETIC)
        : cutFigure({ name, text: totalCost }, expectedTotal(messages, position), spentBefore);
    const tokens = tokenFigure(
      { name: `total_tokens of ${recorded.step}`, text: totalTokens },
      { buckets: [...INPUT, ...OUTPUT], of: ({ id }) => id === recorded.step },
    );
    const isLast = position === messages.length - 1;
    return [callFigure(recorded, ARITHMETIC, true), { ...running, partOfSum: !isLast }, tokens];
  });
}

/**
 * A running total whose beginning lies before the log. What was spent by then is solved from the
 * first message; each later one must continue it to the last digit.
 */
function cutFigure(
  stated: { readonly name: string; readonly text: string },
  expected: string,
  spentBefore: Session["spentBefore"],
): StatedFigure {
  return {
    ...stated,
    kind: "cost",
    judge: (_metered, text): Verdict => {
      if (spentBefore === "broken" || !sameDecimal(expected, text)) {
        return unexplained(`${text} continues no running total of the stream`);
      }
      const detail = `${spentBefore} was spent before the log begins`;
      return { verdict: "fitted", rule: "session-began-before-the-log", detail };
    },
  };
}

function expectedTotal(messages: readonly Message[], position: number): string {
  const before = messages[position - 1];
  const message = messages[position];
  if (before === undefined) return message?.totalCost ?? "";
  return String(Number(before.totalCost) + Number(message?.recorded.cost));
}
