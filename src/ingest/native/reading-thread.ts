/** The reader's thread: reads bodies as body-reader.ts asks, one after the other. */
import { parentPort } from "node:worker_threads";
import { present } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import { mapProviderUsage } from "../provider-response/map.ts";
import { BodyPacker } from "./body-packer.ts";
import type { BodyAnswer, BodyAsked } from "./body-reader.ts";
import { contentDigest } from "./content-digest.ts";

const port = present(parentPort, "the port of the reader's thread");
const packer = new BodyPacker({ digest: { content: contentDigest }, mapProviderUsage });

port.on("message", ({ body, kind }: BodyAsked) => {
  let answer: BodyAnswer;
  try {
    const packed = packer.pack(body, kind);
    answer = { packed: { ...packed, numbers: packed.numbers.slice(0, packed.count) } };
  } catch (error) {
    if (!(error instanceof TollgateError)) throw error;
    answer = { refused: error.toProblem() };
  }
  const handedOver = "packed" in answer ? [answer.packed.numbers.buffer as ArrayBuffer] : [];
  port.postMessage(answer, handedOver);
});
port.postMessage("ready");
