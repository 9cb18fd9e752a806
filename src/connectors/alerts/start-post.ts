/** Delivers alerts while a server runs: at once what is new, by timers what is due. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "../../engine/engine.ts";
import type { OutgoingHttp } from "../../engine/outgoing-http.ts";
import type { MailServer } from "./mail-channel.ts";
import { type SignHeaders, slackChannel, teamsChannel, webhookChannel } from "./webhook-channel.ts";

/** What alerts are sent with. */
export interface PostOptions {
  readonly outgoing: OutgoingHttp;
  readonly sign: SignHeaders;
  /** (Default: no mail is sent.) */
  readonly mail?: MailServer;
  /** What links begin with. (Default: nothing.) */
  readonly publicUrl?: string;
  /** Where failures are told. (Default: nowhere.) */
  readonly logger?: { error(entry: object): void };
}

/** Messages that are due are looked for so often; new alerts are sent at once. */
const DUE_EVERY_MS = 1_000;
/** How often new alerts are looked for that nobody told of, such as those of another process. */
const NEW_EVERY_MS = 30_000;
/** How often customers whose totals moved are looked at behind the units, how many in one go. */
const WATCH_EVERY_MS = 1_000;
const WATCHED_A_LOOK = 50;
/** Margin is dearer to look at, and needs totals that a busy store would rather keep in memory. */
const MARGIN_EVERY_MS = 60_000;
const MARGINS_A_LOOK = 200;
const TIDY_EVERY_MS = 3_600_000;
/** A receiver that takes longer gets its message again when its lease has ended. */
const DRAIN_MAX_MS = 3_000;

/** Starts it; returns how to stop. */
export async function startPost(
  engine: Engine,
  { outgoing, sign, mail, publicUrl = "", logger }: PostOptions,
): Promise<() => Promise<void>> {
  const { alerts, store } = engine;
  const channels = {
    webhook: webhookChannel(outgoing, sign),
    slack: slackChannel(outgoing),
    teams: teamsChannel(outgoing),
    ...(mail === undefined ? {} : { email: await lateMailChannel(mail) }),
  };
  const post = alerts.post({ channels, chance: Math.random, publicUrl });
  let isStopped = false;
  const guarded = (what: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => {
      // A store that closes under it is no failure.
      if (!isStopped) logger?.error({ what, error: String(error) });
    });
  };
  const send = (workspace: string) => guarded("alerts could not be sent", post.run(workspace));
  const sendAll = async () => {
    for (const workspace of await store.workspaces()) send(workspace);
  };
  const sendAllDue = async () => {
    for (const workspace of await store.workspaces()) {
      guarded("alerts could not be sent", post.sendDue(workspace));
    }
  };
  const lookAtAll = async () => {
    for (const workspace of await store.workspaces()) await alerts.look(workspace, WATCHED_A_LOOK);
  };
  const lookAtMargins = async () => {
    for (const one of await store.workspaces()) await alerts.lookAtMargin(one, MARGINS_A_LOOK);
  };
  const tidyAll = async () => {
    for (const workspace of await store.workspaces()) await post.tidy(workspace);
  };
  const stopListening = alerts.listen(send);
  const timers = [
    setInterval(() => guarded("alerts could not be sent", sendAllDue()), DUE_EVERY_MS),
    setInterval(() => guarded("alerts could not be sent", sendAll()), NEW_EVERY_MS),
    setInterval(() => guarded("alerts could not be looked for", lookAtAll()), WATCH_EVERY_MS),
    setInterval(() => guarded("margins could not be looked at", lookAtMargins()), MARGIN_EVERY_MS),
    setInterval(() => guarded("messages could not be tidied", tidyAll()), TIDY_EVERY_MS),
  ];
  for (const timer of timers) timer.unref();
  guarded("alerts could not be sent", sendAll());
  return async () => {
    isStopped = true;
    for (const timer of timers) clearInterval(timer);
    stopListening();
    await Promise.race([post.drain(), sleep(DRAIN_MAX_MS, undefined, { ref: false })]);
    post.stop();
  };
}

/** Loaded where mail is sent. */
async function lateMailChannel(mail: MailServer) {
  return (await import("./mail-channel.ts")).mailChannel(mail);
}
