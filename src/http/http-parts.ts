/** What the HTTP adapter is given. Parsers come in as functions: adapters never import another. */
import type { HoldAsk } from "../domain/budget/hold-ask.ts";
import type { PackagedPrices } from "../domain/cost/packaged-prices.ts";
import type { PriceEntry } from "../domain/cost/price-book.ts";
import type { TollgateEvent } from "../domain/event/event.ts";
import type { EventResult, RunResult } from "../engine/commit/result.ts";
import type { Engine } from "../engine/engine.ts";
import type { Cap } from "../engine/limits/hold-answers.ts";
import type { StepKey } from "../engine/ports.ts";
import type { ReportSource } from "../engine/reports/report-source.ts";
import type { LiveHub } from "./live/live-hub.ts";

/** What became of one event of a request, in its place. */
export interface IngestedEvent {
  /** The id as sent; null where there is none that may be shown. */
  readonly id: string | null;
  readonly result: EventResult;
  /** Further steps that one provider usage block stood for. */
  readonly extra: readonly { readonly id: string; readonly result: EventResult }[];
  /** Counts of that block that are in no bucket. Left out: none. */
  readonly unread?: readonly string[];
}

/** What became of a request. `runs` may hold runs of other requests of the same commit. */
export interface IngestAnswer {
  readonly results: readonly IngestedEvent[];
  readonly runs: ReadonlyMap<string, RunResult>;
}

/** Reads events and commits them; resolves when they are on disk. */
export interface EventIntake {
  /**
   * Takes a body as text, or as bytes that are UTF-8. Throws `request.malformed`,
   * `request.too_large` where it is no list of events.
   */
  ingestBody(
    workspace: string,
    body: string | Uint8Array,
    kind: "json" | "ndjson",
  ): Promise<IngestAnswer>;
  /** One native event; its problem names the field alone. */
  ingestValue(workspace: string, value: unknown): Promise<IngestAnswer>;
}

/** Formats of price documents that can be imported. */
export const PRICE_FORMATS = ["tollgate", "litellm"] as const;
export type PriceFormat = (typeof PRICE_FORMATS)[number];

/** A price document that was read. */
export interface ReadPrices {
  readonly source: string;
  readonly effectiveFromMs: number | null;
  readonly entries: readonly PriceEntry[];
  /** What of a foreign list could not be kept as it is. */
  readonly notes: readonly {
    readonly kind: string;
    readonly provider: string;
    readonly subject: string;
    readonly detail: string;
  }[];
}

/** Where failures and the life of the server are told. */
export interface Logger {
  info(entry: object): void;
  error(entry: object): void;
}

/** Everything that the server is built of. */
export interface HttpParts {
  readonly engine: Engine;
  /** Where reports are read, if not from the engine's own store. (Default: from it.) */
  readonly reports?: ReportSource<Engine>;
  readonly intake: EventIntake;
  /** What is asked of a run's holds. Throws what is wrong, the field's whole path among it. */
  readonly readHolds: (
    body: unknown,
    at: { readonly run: string; readonly nowText: string },
  ) => {
    readonly events: readonly TollgateEvent[];
    readonly asks: readonly HoldAsk[];
    readonly caps: readonly Cap[];
  };
  /** Holds that are named by their steps. Throws what is wrong with the body. */
  readonly readNamedHolds: (
    body: unknown,
    run: string,
  ) => readonly (StepKey & { readonly ttlMs: number })[];
  /** JSON without lost digits. Throws `request.malformed`. */
  readonly parseJson: (text: string) => unknown;
  /** The path of a key that stands twice in an object of a JSON text; null: none does. */
  readonly repeatedKey: (text: string) => string | null;
  /** Throws `price.invalid`. */
  readonly parsePrices: (document: unknown, format: PriceFormat) => ReadPrices;
  /** The price list that comes with this version. */
  readonly packagedPrices: () => Promise<PackagedPrices>;
  /** Makes a workspace with the seed price book, unless it has one. */
  readonly prepareWorkspace: (workspace: string) => Promise<void>;
  /** Names of the provider usage formats that events may carry. */
  readonly usageFormats: readonly string[];
  /** Version of the product. */
  readonly version: string;
  /** How long a caller waits for a decision on holds. (Default: DECISION_MAX_MS.) */
  readonly decisionMaxMs?: number;
  /** The secret that payment requests of a workspace are signed with. (Default: none is sent.) */
  readonly paymentSecret?: (workspace: string) => string;
  /** Why a URL is never called; null: it may be. (Default: every URL may be.) */
  readonly targetProblem?: (url: string) => string | null;
  /** Commits since the start, for /metrics. (Default: not told.) */
  readonly commitCount?: () => number;
  /** The live views that are open. (Default: views of its own.) */
  readonly live?: LiveHub;
  /** (Default: nothing is logged.) */
  readonly logger?: Logger;
}
