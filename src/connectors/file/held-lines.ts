/** All lines that manifests of a workspace and account name, wherever they stand below a base. */
import { TollgateError } from "../../domain/errors.ts";
import type { HeldLine, Session } from "../../engine/export/connector-port.ts";
import { linesOfManifest } from "./manifest.ts";
import { gotFromPlace, type Listed, listedBelow } from "./object-place.ts";

/** How far the clock of a bucket or of another machine may be off. */
const CLOCK_SKEW_MAX_MS = 3_600_000;
/** Below an account's folder: one of the period, one of the window. */
const DEPTH = 2;
const MANIFESTS_AT_ONCE = 8;

/** Lines of manifests that were written since an instant, or may have been; null: of all. */
export async function* heldInManifests(
  { base, folder }: { readonly base: string; readonly folder: string },
  session: Session,
  sinceMs: number | null,
): AsyncGenerator<readonly HeldLine[]> {
  const fromMs = sinceMs === null ? Number.NEGATIVE_INFINITY : sinceMs - CLOCK_SKEW_MAX_MS;
  for await (const page of listedBelow(base, { folder, depth: DEPTH }, session)) {
    if (page === null) throw unlisted(base + folder);
    const urls = page.filter((one) => isNew(one, fromMs)).map(({ url }) => url);
    for (let at = 0; at < urls.length; at += MANIFESTS_AT_ONCE) {
      const some = urls.slice(at, at + MANIFESTS_AT_ONCE);
      yield* await Promise.all(some.map((url) => linesAt(url, session)));
    }
  }
}

function isNew({ url, writtenMs }: Listed, fromMs: number): boolean {
  return url.endsWith(".manifest.json") && (writtenMs === null || writtenMs >= fromMs);
}

async function linesAt(url: string, session: Session): Promise<HeldLine[]> {
  const answer = await gotFromPlace(url, session);
  // Somebody takes it away just now: then it is not there.
  if (answer?.status === 404) return [];
  if (answer?.status !== 200) throw unlisted(url);
  return linesOfManifest(answer.body).map((line) => ({ ...line, place: url }));
}

function unlisted(place: string): TollgateError {
  return new TollgateError("export.unlisted", `"${place}" cannot be read now.`);
}
