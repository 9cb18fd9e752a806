/** What every act of the demo works with. */

import type { DemoInternet } from "../fake-stripe/demo-internet.ts";
import type { RunView } from "../render/run-view.ts";
import type { Styles } from "../render/styles.ts";
import type { Services } from "./agent/services.ts";
import { type AgentEnd, runSupportAgent, type SupportTask } from "./agent/support-agent.ts";
import { LiveTree, type Terminal } from "./live-tree.ts";
import { Metering } from "./metering.ts";
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

/** Whether agents ask before each call, and who hears of what arrived. */
export interface HowMetered {
  readonly isGuarded: boolean;
  readonly onArrival?: () => void;
}

/** A client of the SDK for one agent, or for many. */
export function meteringFor(world: DemoWorld, { isGuarded, onArrival }: HowMetered): Metering {
  const { baseUrl, key, services } = world;
  const { providerUrl } = services;
  return new Metering({ baseUrl, key, providerUrl, isGuarded, onArrival });
}

/** One agent's work that is shown while it happens. */
export interface Performance {
  readonly run: string;
  readonly customer: string;
  readonly task: SupportTask;
  /** Whether it asks before each call. (Default: it does not) */
  readonly isGuarded?: boolean;
}

/** How it went: the run as it stood at its end, and what was sent of it. */
export interface Performed {
  readonly view: RunView;
  readonly sent: Metering["sent"];
  readonly end: AgentEnd;
}

/** Lets an agent work in a new run and shows the run as a tree while it grows. */
export async function perform(
  world: DemoWorld,
  { run, customer, task, isGuarded = false }: Performance,
): Promise<Performed> {
  const live = new LiveTree(world.out, world.styles, () => world.api.run(run));
  const metering = meteringFor(world, { isGuarded, onArrival: () => live.refresh() });
  const { services } = world;
  const end = await runSupportAgent({ services, metering }, { run, customer }, task);
  await metering.close();
  const view = await live.finish();
  world.runs.push(view);
  return { view, sent: metering.sent, end };
}
