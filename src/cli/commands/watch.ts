import { setTimeout as pause } from "node:timers/promises";
import { TollgateError } from "../../domain/errors.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "../command.ts";
import { LiveBoard, type LiveMessage } from "../live-board.ts";
import { changeLines, renderBoard } from "../render/live-board.ts";
import { type Session, type StreamEvent, withSession } from "../session.ts";

/** Shows what goes on, as it happens. */
export const watch: Command = {
  name: "watch",
  summary: "Watch a run, a customer or everything as it happens",
  positionals: "[run ID | customer ID]",
  options: {
    once: { type: "boolean", meaning: "show what stands now, and end" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const path = pathOf(args.positionals);
    return withSession(args, here, (session) => follow(session, path, { args, here }));
  },
};

function pathOf([of, id, ...more]: readonly string[]): string {
  if (of === undefined) return "/v1/live";
  if ((of === "run" || of === "customer") && id !== undefined && more.length === 0) {
    return `/v1/${of}s/${encodeURIComponent(id)}/live`;
  }
  throw new TollgateError("cli.usage", `tollgate watch ${watch.positionals}.`);
}

const TRIES_MAX_COUNT = 30;
const TRY_AGAIN_MS = 1_000;

/** Reads on where it was cut off. A server that does not come back ends it. */
async function follow(
  session: Session,
  path: string,
  shown: { readonly args: Arguments; readonly here: Surroundings },
): Promise<number> {
  const screen = new Screen(shown.args, shown.here);
  let [lastId, tries]: [string | null, number] = [null, 0];
  for (;;) {
    try {
      for await (const event of session.events(path, lastId)) {
        tries = 0;
        lastId = event.id ?? lastId;
        if (screen.show(event) === "over") return 0;
      }
    } catch (error) {
      if (lastId === null || tries >= TRIES_MAX_COUNT) throw error;
    }
    tries += 1;
    await pause(TRY_AGAIN_MS);
  }
}

/** Draws over itself on a terminal; elsewhere it writes line by line. */
class Screen {
  readonly #board = new LiveBoard();
  readonly #args: Arguments;
  readonly #here: Surroundings;
  #drawn = 0;

  constructor(args: Arguments, here: Surroundings) {
    this.#args = args;
    this.#here = here;
  }

  /** Shows one message; `over` where nothing more is to come. */
  show({ name, data }: StreamEvent): "over" | "on" {
    const { out, styles } = this.#here;
    const { json, once } = this.#args.options;
    if (name !== "snapshot" && name !== "change") return "on";
    const message = data as LiveMessage;
    if (name === "snapshot") this.#board.begin(message);
    else this.#board.change(message);
    if (json === true) print(out, JSON.stringify({ event: name, ...message }));
    else if (out.isTTY === true) this.#draw(renderBoard(this.#board, styles));
    else if (name === "snapshot") print(out, ...renderBoard(this.#board, styles));
    else for (const line of changeLines(message)) print(out, line);
    return once === true || this.#isRunOver() ? "over" : "on";
  }

  /** Lines longer than the terminal is wide are cut by it, so each takes one row. */
  #draw(lines: readonly string[]): void {
    const back = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\u001b[J`;
    this.#drawn = lines.length;
    this.#here.out.write(`${back}\u001b[?7l${lines.join("\n")}\n\u001b[?7h`);
  }

  /** A run that has ended is watched no more; work of a customer goes on. */
  #isRunOver(): boolean {
    const [of, id = ""] = this.#args.positionals;
    const run = of === "run" ? this.#board.runs.get(id) : undefined;
    return run !== undefined && run.status !== "open" && run.status !== "abandoned";
  }
}
