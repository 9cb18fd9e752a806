import { allPages } from "../all-pages.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  print,
  SERVER_OPTIONS,
  type Surroundings,
} from "../command.ts";
import { askSpelling } from "../on-record.ts";
import { renderStops, type StopView } from "../render/budgets.ts";
import { withSession } from "../session.ts";
import { stopped } from "../what-is-stopped.ts";

/** Stops work, and lists what is stopped. */
export const stop: Command = {
  name: "stop",
  summary: "Stop a run tree, an agent, a customer or everything; list what is stopped",
  positionals: "list | run|agent|customer ID | workspace",
  options: {
    ...DECIDED_OPTIONS,
    pause: { type: "boolean", meaning: "let it wait instead of ending it" },
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [of = "list"] = args.positionals;
    if (of === "list") {
      return withSession(args, here, async (session) => {
        const stops = { path: "/v1/stops", field: "stops" };
        return show(await allPages<StopView>(session, stops), args, here);
      });
    }
    const mode = args.options.pause === true ? "pause" : "block";
    const body = { ...stopped(args), mode, ...decidedBy(args) };
    return withSession(args, here, async (session) => {
      const made = await session.post<StopView>("/v1/stops", body);
      // In a hurry a name is misspelt, and what it was meant for goes on.
      const doubts = await askSpelling(session, made);
      if (doubts.length > 0) print(here.err, ...doubts);
      return show([made], args, here);
    });
  },
};

function show(stops: readonly StopView[], args: Arguments, here: Surroundings): number {
  if (args.options.json === true) print(here.out, JSON.stringify(stops, null, 2));
  else print(here.out, ...renderStops(stops, here.styles));
  return 0;
}
