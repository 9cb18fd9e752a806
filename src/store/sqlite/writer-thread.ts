/** The writer's thread: carries out what writer.ts asks, one request after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { present } from "../../domain/assert.ts";
import type { Reply, Request, ToldError, WriterPlace } from "./writer.ts";
import { WritingConnection } from "./writing-connection.ts";

const port = present(parentPort, "the port of the writer's thread");
const { path, options } = workerData as WriterPlace;
const connection = new WritingConnection(path, options);

function carryOut(request: Request): Reply {
  switch (request.kind) {
    case "commit":
      connection.commit(request.transaction);
      return { kind: "done", result: null, failure: null };
    case "read": {
      const { result, failure } = connection.readOnTheWay(request.transaction, request.query);
      return { kind: "done", result, failure: failure === null ? null : toldOf(failure) };
    }
    case "close":
      connection.close();
      return { kind: "done", result: null, failure: null };
  }
}

function toldOf(error: unknown): ToldError {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  return { message: error instanceof Error ? error.message : String(error), code, errcode };
}

port.on("message", (request: Request) => {
  let reply: Reply;
  try {
    reply = carryOut(request);
  } catch (error) {
    reply = { kind: "failed", error: toldOf(error) };
  }
  port.postMessage(reply);
});
