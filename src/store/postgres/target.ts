/** Where a unit of work writes. */
import type { Digest } from "../../engine/ports.ts";
import { type Bound, rowText } from "../stored-rows.ts";
import type { Bundles } from "./bundle.ts";
import type { Queries } from "./connection.ts";
import type { UnitRows } from "./known-rows.ts";
import type { RunPlaces } from "./run-places.ts";
import type { UnitAhead } from "./unit-ahead.ts";

/** The transaction that a unit writes in. */
export interface Target {
  readonly queries: Queries;
  readonly ws: number;
  readonly digest: Digest;
  readonly places: RunPlaces;
  readonly bundles: Bundles;
  /** What is known of rows without reading them. */
  readonly rows: UnitRows;
  /** The unit before it, where that is on its way to the disk; null: all is on disk. */
  readonly ahead: UnitAhead | null;
}

/**
 * The checksum of a row, of its values behind the workspace in the order of a data folder: there is
 * one oracle for both stores, and rows move from one to the other as they are.
 */
export function checksumOf({ ws, digest }: Target, values: readonly Bound[]): number {
  return digest.checksum(rowText([ws, ...values]));
}
