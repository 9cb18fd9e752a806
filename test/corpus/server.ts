/**
 * Starts what the corpus command judges: a whole Tollgate on a fresh data folder, over HTTP. Each
 * dataset gets one of its own, so that the price list of one cannot price another.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTollgate } from "../../src/compose.ts";
import { HttpMeter } from "./http-meter.ts";
import type { Meter } from "./types.ts";

export interface StartedMeter {
  readonly meter: Meter;
  readonly stop: () => Promise<void>;
}

/** Starts a server on a free port with an empty store. */
export async function startMeter(): Promise<StartedMeter> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-corpus-"));
  const server = await startTollgate({ dataDir, port: 0 });
  const key = server.passingKey(["ingest", "read", "admin"]);
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { meter: new HttpMeter({ url: server.url, key }), stop };
}
