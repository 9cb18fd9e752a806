/** Every kind of log that states totals of whole runs. */
import type { DatasetReader } from "../types.ts";
import { aider } from "./aider.ts";
import { claudeCode } from "./claude-code.ts";
import { inspect } from "./inspect.ts";
import { miniSweAgent } from "./mini-swe-agent.ts";
import { openhandsCompletions, openhandsSdkLogs } from "./openhands-completions.ts";
import { openhandsOutput } from "./openhands-output.ts";
import { pi } from "./pi.ts";
import { tau2 } from "./tau2.ts";

export const RUN_DATASETS: readonly DatasetReader[] = [
  tau2,
  miniSweAgent,
  openhandsCompletions,
  openhandsOutput,
  openhandsSdkLogs,
  inspect,
  claudeCode,
  pi,
  aider,
];
