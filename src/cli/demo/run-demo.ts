/**
 * The demo: a real agent works against a scripted provider and is metered over HTTP, from the first
 * rate card to the bill in a billing system. It needs a server on a fresh data folder and a key.
 */

import type { DemoInternet } from "../fake-stripe/demo-internet.ts";
import { stylesFor } from "../render/styles.ts";
import { applyFirstCard, changeCard, sendAgain, workOnTicket } from "./acts.ts";
import { answerQuestions } from "./busy-act.ts";
import { closePeriod, sayNextSteps, sayWhatStays } from "./closing-act.ts";
import { type DemoWorld, say } from "./demo-world.ts";
import { exportBills } from "./export-act.ts";
import { raiseCap, stopAtCap } from "./limits-act.ts";
import type { Terminal } from "./live-tree.ts";
import { startScriptedProvider } from "./scripted-provider.ts";
import { TollgateApi } from "./tollgate-api.ts";
import { loadVendorSdks } from "./vendor-sdks.ts";

/** Pause between the pieces of an answer where someone looks on, to see the runs grow. */
const WATCHED_PIECE_DELAY_MS = 25;

/** What the demo needs of whoever starts it. */
export interface DemoOptions {
  /** Address of a running Tollgate, such as `http://127.0.0.1:4700`. */
  readonly baseUrl: string;
  /** A key with the scopes ingest, read and admin. */
  readonly adminKey: string;
  readonly out: Terminal;
  /** Where progress bars go. (Default: process.stderr) */
  readonly progress?: Terminal;
  /** The server's data folder; exports are written below it. */
  readonly dataDir: string;
  /** What the server reaches instead of the internet: the same object as it was started with. */
  readonly internet: DemoInternet;
  /** Whether the server is still there afterwards. (Default: true) */
  readonly staysUp?: boolean;
  /** (Default: process.env) */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Plays the whole demo; resolves when the next steps are printed. Throws where a number is off. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { baseUrl, adminKey, out, dataDir } = options;
  const startedMs = performance.now();
  const sdks = await loadVendorSdks();
  const pieceDelayMs = out.isTTY === true ? WATCHED_PIECE_DELAY_MS : 0;
  const provider = await startScriptedProvider({ pieceDelayMs });
  const world: DemoWorld = {
    api: new TollgateApi(baseUrl, adminKey),
    baseUrl,
    key: adminKey,
    services: { sdks, providerUrl: provider.baseUrl },
    out,
    progress: options.progress ?? process.stderr,
    styles: stylesFor(out, options.environment ?? process.env),
    runs: [],
    internet: options.internet,
  };
  try {
    say(world, `Tollgate listens on ${baseUrl} and keeps its data in ${dataDir}.`);
    say(world, `The agents' models are scripted and listen on ${provider.baseUrl}.`);
    const card = await applyFirstCard(world);
    const ticket = await workOnTicket(world);
    await sendAgain(world, ticket);
    await stopAtCap(world);
    await raiseCap(world);
    await answerQuestions(world);
    await changeCard(world, { card, before: ticket.view });
    await exportBills(world, await closePeriod(world, dataDir));
  } finally {
    await provider.close();
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  say(world, "", `All of this took ${seconds} s.`);
  if (options.staysUp === false) sayWhatStays(world, dataDir);
  else sayNextSteps(world);
}
