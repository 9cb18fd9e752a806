/**
 * Finds lines in the manifests of their window. Manifests never change, so those that were read are
 * remembered for a short time; that a line is absent is told only by a list that was just read.
 */
import type { Found } from "../../domain/export/outbox.ts";
import type { Session } from "../../engine/export/connector-port.ts";
import { keysOfManifest } from "./manifest.ts";
import { gotFromPlace, listedAt } from "./object-place.ts";

const REMEMBERED_MS = 60_000;
const REMEMBERED_MAX_COUNT = 200;

interface Remembered {
  readonly keys: ReadonlySet<string>;
  readonly untilMs: number;
}

/** What was read, for each target as long as its process knows its credentials. */
const read = new WeakMap<Session["memory"], Map<string, Remembered>>();

/** Whether a manifest below a place names a line. */
export async function foundInManifests(
  key: string,
  { base, folder }: { readonly base: string; readonly folder: string },
  session: Session,
): Promise<Found> {
  const manifests = read.get(session.memory) ?? new Map<string, Remembered>();
  read.set(session.memory, manifests);
  const nowMs = session.nowMs();
  for (const { keys, untilMs } of manifests.values()) {
    if (untilMs > nowMs && keys.has(key)) return "present";
  }
  const urls = await listedAt(base, folder, session);
  if (urls === null) return "unclear";
  for (const url of urls.filter((one) => one.endsWith(".manifest.json"))) {
    let known = manifests.get(url);
    if (known === undefined || known.untilMs <= nowMs) {
      const answer = await gotFromPlace(url, session);
      if (answer?.status !== 200) return "unclear";
      known = { keys: keysOfManifest(answer.body), untilMs: nowMs + REMEMBERED_MS };
      remember(manifests, url, known);
    }
    if (known.keys.has(key)) return "present";
  }
  return "absent";
}

function remember(manifests: Map<string, Remembered>, url: string, one: Remembered): void {
  manifests.delete(url);
  const [oldest] = manifests.keys();
  if (manifests.size >= REMEMBERED_MAX_COUNT && oldest !== undefined) manifests.delete(oldest);
  manifests.set(url, one);
}
