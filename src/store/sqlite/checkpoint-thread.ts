/** A thread that copies pages of the log to the file when it is told to; see checkpoints.ts. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { present } from "../../domain/assert.ts";

const port = present(parentPort, "the port of the thread that copies the log");
const db = new DatabaseSync(workerData as string);
db.exec("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;");

port.on("message", (isLast: boolean) => {
  if (isLast) db.close();
  else db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  port.postMessage(null);
});
