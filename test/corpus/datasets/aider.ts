/**
 * aider's analytics stream: one event a message, with its cost and the running total of the
 * process that sent it. The stream has no session id and several processes write to it at once, so
 * a message belongs to the process whose total it continues, digit by digit.
 */
import { NO_TOKENS, PER_TOKEN } from "../arithmetic.ts";
import { type FoundFile, filesBelow, stemOf, textOfFile } from "../files.ts";
import { sameDecimal } from "../float.ts";
import { countOf, type JsonObject, objectAt, parseLines, textOf } from "../number-text.ts";
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
  readonly isBeforeLaunch: boolean;
}

/** The messages of one process of aider. */
interface Session {
  readonly user: string;
  readonly messages: Message[];
}

function runsOfFile(file: FoundFile): CorpusRun[] {
  return sessionsOf(parseLines(textOfFile(file)).values).map((session) => {
    const first = session.messages[0];
    const id = idOf(DATASET, stemOf(file), session.user, first?.recorded.step ?? "");
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
  const firstLaunch = lines.findIndex((line) => line.event === "launched");
  const peers = new Peers();
  for (const [position, line] of lines.entries()) {
    if (line.event !== "message_send") continue;
    const isBeforeLaunch = firstLaunch < 0 || position < firstLaunch;
    const message = messageOf(line, { isBeforeLaunch, peers });
    const user = textOf(line.user_id) ?? "";
    const open = sessions.findLast(
      (session) => session.user === user && continues(session, message),
    );
    if (open === undefined) sessions.push({ user, messages: [message] });
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

interface Surroundings {
  readonly isBeforeLaunch: boolean;
  readonly peers: Peers;
}

function messageOf(line: JsonObject, around: Surroundings): Message {
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
      peers: around.peers.add(name, { cost: costOf(line), tokens }),
    },
    at: timeOf(time),
    name,
    totalCost: textOf(properties.total_cost) ?? "0",
    totalTokens: textOf(properties.total_tokens) ?? "0",
    isBeforeLaunch: around.isBeforeLaunch,
  };
}

function statedBy({ messages }: Session): StatedFigure[] {
  const begun = startedBefore(messages);
  return messages.flatMap(({ recorded, totalCost, totalTokens }, position) => {
    const name = `total_cost after ${recorded.step}`;
    const calls = messages.slice(0, position + 1).map((message) => message.recorded);
    const running = begun
      ? cutTotal({ name, text: totalCost }, messages, position)
      : sumFigure({ name, text: totalCost }, calls, ARITHMETIC);
    const tokens = tokenFigure(
      { name: `total_tokens of ${recorded.step}`, text: totalTokens },
      { buckets: [...INPUT, ...OUTPUT], of: ({ id }) => id === recorded.step },
    );
    const isLast = position === messages.length - 1;
    return [callFigure(recorded, ARITHMETIC, true), { ...running, partOfSum: !isLast }, tokens];
  });
}

/** True when the first total holds more than the first message: the log begins later. */
function startedBefore([first]: readonly Message[]): boolean {
  return first !== undefined && !sameDecimal(first.recorded.cost, first.totalCost);
}

/** Later messages that must continue an unknown beginning before it is believed. */
const CONFIRMING_MESSAGES = 2;

/**
 * A running total whose beginning lies before the log. What was spent by then is lost and solved
 * from the first message; each later message must continue it to the last digit.
 */
function cutTotal(
  stated: { readonly name: string; readonly text: string },
  messages: readonly Message[],
  position: number,
): StatedFigure {
  const first = messages[0];
  const before = Number(first?.totalCost) - Number(first?.recorded.cost);
  const isConfirmed = first?.isBeforeLaunch === true || messages.length > CONFIRMING_MESSAGES;
  return {
    ...stated,
    kind: "cost",
    judge: (_metered, text): Verdict => {
      const expected = expectedTotal(messages, position);
      if (!isConfirmed || before < 0 || !sameDecimal(expected, text)) {
        return unexplained(`${text} continues no running total of the stream`);
      }
      const detail = `${before} was spent before the log begins`;
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
