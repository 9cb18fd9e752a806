/** `tollgate simulate --policies`: which runs of real history policies would have stopped. */
import { writeFile } from "node:fs/promises";
import type { ErrorCode } from "../domain/errors.ts";
import { TollgateError } from "../domain/errors.ts";
import { type Arguments, print, type Surroundings, textOption } from "./command.ts";
import { readPolicyFile } from "./policy-file.ts";
import {
  type ReplayedView,
  type ReplayTotalView,
  type ReplayView,
  renderReplay,
  replayCsv,
} from "./render/policy-simulation.ts";
import { ProgressBar } from "./render/progress-bar.ts";
import { type Session, withSession } from "./session.ts";

type Line =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | ReplayedView
  | ReplayTotalView
  | { readonly type: "problem"; readonly code: ErrorCode; readonly detail: string };

/** What it is asked with, besides the files of policies. */
export interface ReplayOptions {
  readonly files: readonly string[];
  readonly customers: readonly string[] | null;
  readonly top: number;
}

/** Carries it out; resolves to the exit code. */
export async function simulatePolicies(
  args: Arguments,
  here: Surroundings,
  { files, customers, top }: ReplayOptions,
): Promise<number> {
  const policies: object[] = [];
  for (const file of files) policies.push(...(await readPolicyFile(file, here)));
  return withSession(args, here, async (session) => {
    const found = await ask(session, here, { policies, customers });
    if (args.options.json === true) print(here.out, JSON.stringify(found, null, 2));
    else print(here.out, ...renderReplay(found, { top, styles: here.styles }));
    const csv = textOption(args, "csv");
    if (csv !== undefined) {
      await writeFile(csv, replayCsv(found));
      print(here.err, `${found.runs.length} rows written to ${csv}.`);
    }
    return 0;
  });
}

async function ask(session: Session, here: Surroundings, body: object): Promise<ReplayView> {
  const bar = new ProgressBar(here.err);
  const runs: ReplayedView[] = [];
  let total: ReplayTotalView | null = null;
  try {
    for await (const line of session.postLines<Line>("/v1/simulations/policies", body)) {
      if (line.type === "problem") throw new TollgateError(line.code, line.detail);
      if (line.type === "run") runs.push(line);
      if (line.type === "total") total = line;
      if (line.type === "progress") {
        const { done, total: of } = line;
        bar.show({ label: "playing again", done, total: of, note: `${runs.length} found` });
      }
    }
  } finally {
    bar.clear();
  }
  if (total !== null) return { runs, total };
  throw new TollgateError("internal", "The answer ended before the simulation did.");
}
