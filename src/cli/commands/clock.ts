import { TollgateError } from "../../domain/errors.ts";
import {
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import { counted } from "../render/counted.ts";
import { withSession } from "../session.ts";

interface ClockView {
  readonly now: string;
  readonly isTest: boolean;
  readonly abandonedRuns?: number;
  readonly settledOutcomes?: number;
}

/** Shows the workspace's time; moves that of a sandbox. */
export const clock: Command = {
  name: "clock",
  summary: "Show a workspace's time; move a sandbox's clock forward",
  positionals: "show | advance DURATION",
  options: {
    to: { type: "string", value: "TIME", meaning: "instant to move to, instead of a duration" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb = "show", by] = args.positionals;
    const to = textOption(args, "to");
    if (verb !== "show" && (verb !== "advance" || (by === undefined) === (to === undefined))) {
      const detail =
        "tollgate clock show, advance P1M (an ISO 8601 duration), or advance --to TIME.";
      throw new TollgateError("cli.usage", detail);
    }
    return withSession(args, here, async (session) => {
      const answer =
        verb === "show"
          ? await session.get<ClockView>("/v1/clock")
          : await session.post<ClockView>("/v1/clock/advance", to === undefined ? { by } : { to });
      if (args.options.json === true) print(here.out, JSON.stringify(answer, null, 2));
      else show(answer, here);
      return 0;
    });
  },
};

function show(clock: ClockView, { out }: Surroundings): void {
  const { now, isTest, abandonedRuns = 0, settledOutcomes = 0 } = clock;
  print(out, `${now} (${isTest ? "test clock" : "the machine's clock"})`);
  if (abandonedRuns > 0) {
    const were = abandonedRuns === 1 ? "was" : "were";
    print(out, `${counted(abandonedRuns, "silent run")} ${were} abandoned.`);
  }
  const what = settledOutcomes === 1 ? "outcome" : "outcomes";
  if (settledOutcomes > 0) print(out, `${settledOutcomes} ${what} became final.`);
}
