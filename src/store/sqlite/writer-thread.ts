/** The writer's thread: carries out what writer.ts asks, one request after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { present } from "../../domain/assert.ts";
import { CHECKPOINT_PAGES, Checkpoints } from "./checkpoints.ts";
import { LogCopier } from "./log-copier.ts";
import type { Reply, Request, ToldError, WriterPlace } from "./writer.ts";
import { WritingConnection } from "./writing-connection.ts";

const port = present(parentPort, "the port of the writer's thread");
const { path, options } = workerData as WriterPlace;
const connection = new WritingConnection(path, options);
const copier = new LogCopier(path);
const checkpoints = new Checkpoints({
  pages: () => connection.logPages(),
  finish: () => connection.copyLog(),
  copy: () => copier.copy(),
  giveUp: () => connection.copyLogAt(CHECKPOINT_PAGES),
});
/** Should copying beside commits fall behind, a commit does it, as SQLite does on its own. */
connection.copyLogAt(4 * CHECKPOINT_PAGES);

function carryOut(request: Exclude<Request, { kind: "close" }>): Reply {
  switch (request.kind) {
    case "commit":
      connection.commit(request.transaction);
      return { kind: "done", result: null, failure: null };
    case "read": {
      const { result, failure } = connection.readOnTheWay(request.transaction, request.query);
      return { kind: "done", result, failure: failure === null ? null : toldOf(failure) };
    }
  }
}

function toldOf(error: unknown): ToldError {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  return { message: error instanceof Error ? error.message : String(error), code, errcode };
}

async function close(): Promise<void> {
  await checkpoints.settled();
  await copier.close();
  connection.close();
}

function replyTo(request: Exclude<Request, { kind: "close" }>): Reply {
  try {
    return carryOut(request);
  } catch (error) {
    return { kind: "failed", error: toldOf(error) };
  }
}

port.on("message", async (request: Request) => {
  if (request.kind === "close") {
    await close();
    port.postMessage({ kind: "done", result: null, failure: null } satisfies Reply);
    return;
  }
  port.postMessage(replyTo(request));
  checkpoints.look();
});
