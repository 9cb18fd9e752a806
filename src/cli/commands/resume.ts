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
import type { BalanceView, StopView } from "../render/budgets.ts";
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
      const answer = await session.post<ResumedView>("/v1/stops/resume", body);
      const { lifted, short } = answer;
      if (args.options.json === true) print(here.out, JSON.stringify(answer, null, 2));
      else print(here.out, lifted === null ? "The limit is raised." : `Goes on: ${told(lifted)}.`);
      if (short !== null) print(here.err, stoppedAgain(short));
      return 0;
    });
  },
};

interface ResumedView {
  readonly lifted: StopView | null;
  readonly short: BalanceView | null;
}

/** Only room lets a run go on that its budget has paused. */
function stoppedAgain(short: BalanceView) {
  const { budget, each, scope, measure, limit, settled, held, stage } = short;
  const of = scope === "" ? "" : ` of ${scope}`;
  const stands = `${settled} settled and ${held} held of ${limit ?? "no limit"}`;
  const gate = stage !== null && stage.at !== limit ? stage : null;
  const from = gate === null ? "" : `, and it has the stage ${gate.do} from ${gate.at} on`;
  // Steps name their labels themselves: those without this one go on.
  const next = each === "label" ? "its next hold of this label" : "its next hold";
  const what = `Its budget ${budget}${of} stops it again with ${next}: ${stands}${from}.`;
  if (measure === "prepaid") return `${what}\nGive the customer credit.`;
  const stages = gate === null ? "" : "; or set its stages anew";
  return `${what}\nRaise it: --raise ${budget}=LIMIT${stages}.`;
}

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
