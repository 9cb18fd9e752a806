/** A server over a disk that takes its time, so that units begin while another is on its way. */
import { nodeDigest } from "../../src/compose.ts";
import type { Store } from "../../src/engine/ports.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { arm, type Fault } from "./failing-database.ts";
import { LateWriter } from "./late-writer.ts";
import { serveStore } from "./served-store.ts";

/** What fails, once so many units have begun while another was on its way. */
export interface LateFault extends Fault {
  readonly afterEarly: number;
}

/** Serves a folder; `commitMs` is how long each commit takes, asked anew for each. */
export async function serveSlowly(
  dataDir: string,
  key: string,
  { fault, commitMs }: { readonly fault: LateFault | null; readonly commitMs: () => number },
) {
  let writer: LateWriter | null = null;
  const store: Store & { close(): Promise<void> } = openSqliteStore({
    dataDir,
    digest: nodeDigest,
    writer: (place) => {
      writer = new LateWriter(place, commitMs);
      return writer;
    },
  });
  let [early, isArmed] = [0, false];
  const transact = store.transact.bind(store);
  store.transact = (workspace, work, handedOver) =>
    transact(
      workspace,
      (unit) => {
        if (writer?.isBusy) early += 1;
        if (early === fault?.afterEarly && !isArmed) arm(fault);
        isArmed ||= early === fault?.afterEarly;
        return work(unit);
      },
      handedOver,
    );
  return { ...(await serveStore(store, key)), early: () => early };
}
