/** What every act of the demo works with. */

import type { DemoInternet } from "../fake-stripe/demo-internet.ts";
import type { RunView } from "../render/run-view.ts";
import type { Styles } from "../render/styles.ts";
import type { HoldGate } from "./agent/hold-gate.ts";
import { RunRecorder } from "./agent/run-recorder.ts";
import type { Services } from "./agent/services.ts";
import { type AgentEnd, runSupportAgent, type SupportTask } from "./agent/support-agent.ts";
import { LiveTree, type Terminal } from "./live-tree.ts";
import { type MeterAnswer, MeterClient } from "./meter-client.ts";
import type { TollgateApi } from "./tollgate-api.ts";

/** Made once by run-demo.ts. */
export interface DemoWorld {
  readonly api: TollgateApi;
  readonly baseUrl: string;
  readonly key: string;
  readonly services: Services;
  readonly out: Terminal;
  /** Where progress is shown. */
  readonly progress: Terminal;
  readonly styles: Styles;
  /** What the server reaches instead of the internet. */
  readonly internet: DemoInternet;
  /** Every root run of the demo, as it stood at its end. */
  readonly runs: RunView[];
}

/** Prints a paragraph's lines. */
export function say({ out }: DemoWorld, ...lines: readonly string[]): void {
  out.write(`${lines.join("\n")}\n`);
}

/** Prints the heading of an act. */
export function heading(world: DemoWorld, text: string): void {
  say(world, "", world.styles.bold(text));
}

/** A meter client of its own for one agent. */
export function meterFor(
  { baseUrl, key }: DemoWorld,
  onAnswer: (answer: MeterAnswer) => void = () => {},
): MeterClient {
  return new MeterClient({ baseUrl, apiKey: key, onAnswer });
}

/** One agent's work that is shown while it happens. */
export interface Performance {
  readonly run: string;
  readonly customer: string;
  readonly task: SupportTask;
  /** Asked before each call. (Default: nobody is.) */
  readonly gate?: HoldGate;
}

/** How it went: the run as it stood at its end, and what was reported of it. */
export interface Performed {
  readonly view: RunView;
  readonly recorder: RunRecorder;
  readonly end: AgentEnd;
}

/** Lets an agent work in a new run and shows the run as a tree while it grows. */
export async function perform(
  world: DemoWorld,
  { run, customer, task, gate }: Performance,
): Promise<Performed> {
  const live = new LiveTree(world.out, world.styles, () => world.api.run(run));
  const meter = meterFor(world, () => live.refresh());
  const recorder = new RunRecorder(meter, {
    ...{ run, customer, agent: "support" },
    ...(gate === undefined ? {} : { gate }),
  });
  const end = await runSupportAgent(world.services, recorder, task);
  const view = await live.finish();
  world.runs.push(view);
  return { view, recorder, end };
}
