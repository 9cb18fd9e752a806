/** Where a unit of work writes. */
import type { Digest } from "../../engine/ports.ts";
import type { Queries } from "./connection.ts";
import type { RunPlaces } from "./run-places.ts";

/** The transaction that a unit writes in. */
export interface Target {
  readonly queries: Queries;
  readonly ws: number;
  readonly digest: Digest;
  readonly places: RunPlaces;
}
