import { TollgateError } from "../../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  textOption,
} from "../command.ts";
import type { StopView } from "../render/budgets.ts";
import { withSession } from "../session.ts";
import { stopped } from "../what-is-stopped.ts";

/** Lets stopped work go on, and raises its cap with it. */
export const resume: Command = {
  name: "resume",
  summary: "Let stopped or paused work go on, and raise its cap in the same act",
  positionals: "RUN | run|agent|customer ID | workspace",
  options: {
    ...DECIDED_OPTIONS,
    raise: { type: "string", value: "BUDGET=LIMIT", meaning: "the limit that it gets" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const body = { ...stopped(args), ...raised(args), ...decidedBy(args) };
    return withSession(args, here, async (session) => {
      const { lifted } = await session.post<{ lifted: StopView | null }>("/v1/stops/resume", body);
      if (args.options.json === true) print(here.out, JSON.stringify({ lifted }, null, 2));
      else print(here.out, lifted === null ? "The limit is raised." : `Goes on: ${told(lifted)}.`);
      if (lifted?.byBudget === true && !("raise" in body)) {
        const again = "The budget pauses it again where it has no room: raise its limit";
        print(here.err, `${again}, --raise BUDGET=LIMIT.`);
      }
      return 0;
    });
  },
};

function told({ of, id, mode }: StopView): string {
  return `${of}${id === "" ? "" : ` ${id}`}, which was ${mode === "pause" ? "paused" : "blocked"}`;
}

function raised(args: Arguments) {
  const raise = textOption(args, "raise");
  if (raise === undefined) return {};
  const at = raise.lastIndexOf("=");
  if (at < 1) throw new TollgateError("cli.usage", "Write --raise BUDGET=LIMIT.", "--raise");
  return { raise: { budget: raise.slice(0, at), limit: raise.slice(at + 1) } };
}
