import { STOP_SCOPES } from "../../domain/budget/stop.ts";
import { TollgateError } from "../../domain/errors.ts";
import { BY_HAND_OPTIONS, byHandOf } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { renderStops, type StopView } from "../render/budgets.ts";
import { withSession } from "../session.ts";

const { reason, by } = BY_HAND_OPTIONS;
const DECIDED = reason === undefined || by === undefined ? {} : { reason, by };

/** Stops work, and lists what is stopped. */
export const stop: Command = {
  name: "stop",
  summary: "Stop a run tree, an agent, a customer or everything; list what is stopped",
  positionals: "list | run|agent|customer ID | workspace",
  options: {
    ...DECIDED,
    pause: { type: "boolean", meaning: "let it wait instead of ending it" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [of = "list"] = args.positionals;
    if (of === "list") {
      return withSession(args, here, async (session) => {
        const { stops } = await session.get<{ stops: readonly StopView[] }>("/v1/stops");
        return show(stops, args, here);
      });
    }
    const mode = args.options.pause === true ? "pause" : "block";
    const body = { ...stopped(args), mode, ...decidedBy(args) };
    return withSession(args, here, async (session) => {
      return show([await session.post<StopView>("/v1/stops", body)], args, here);
    });
  },
};

/** Lets stopped work go on, and raises its cap with it. */
export const resume: Command = {
  name: "resume",
  summary: "Let stopped or paused work go on, and raise its cap in the same act",
  positionals: "RUN | run|agent|customer ID | workspace",
  options: {
    ...DECIDED,
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
      return 0;
    });
  },
};

function told({ of, id, mode }: StopView): string {
  return `${of}${id === "" ? "" : ` ${id}`}, which was ${mode === "pause" ? "paused" : "blocked"}`;
}

/** What is meant: one word alone is a run's id, as the most usual. */
function stopped(args: Arguments): { readonly of: string; readonly id?: string } {
  const [first, id] = args.positionals;
  if (first === "workspace") return { of: first };
  if (first !== undefined && id === undefined) return { of: "run", id: first };
  if (id !== undefined && STOP_SCOPES.some((scope) => scope === first)) {
    return { of: first as string, id };
  }
  throw new TollgateError(
    "cli.usage",
    "Say what: run, agent or customer and its id, or workspace.",
  );
}

function raised(args: Arguments) {
  const raise = textOption(args, "raise");
  if (raise === undefined) return {};
  const at = raise.lastIndexOf("=");
  if (at < 1) throw new TollgateError("cli.usage", "Write --raise BUDGET=LIMIT.", "--raise");
  return { raise: { budget: raise.slice(0, at), limit: raise.slice(at + 1) } };
}

function decidedBy(args: Arguments) {
  const { reason: why, by: who } = byHandOf(args);
  return { reason: why, by: who };
}

function show(stops: readonly StopView[], args: Arguments, here: Surroundings): number {
  if (args.options.json === true) print(here.out, JSON.stringify(stops, null, 2));
  else print(here.out, ...renderStops(stops, here.styles));
  return 0;
}
