/** A thread that adds steps up; see sum-steps.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { present } from "../../domain/assert.ts";
import { StepSummer } from "./step-summer.ts";
import type { SummingPlace, SummingReply, SummingRequest } from "./sum-steps.ts";

const port = present(parentPort, "the port of a thread that adds up steps");
const summer = new StepSummer(workerData as SummingPlace);

port.on("message", (request: SummingRequest) => {
  const reply: SummingReply =
    request === null
      ? { kind: "sums", counted: summer.finish() }
      : { kind: "read", rows: summer.add(request) };
  port.postMessage(reply);
});
