/** Runs of genai-prices records: one a body, one step for each provider that the body fits. */
import { mapProviderUsage } from "../product.ts";
import type { CorpusRun, DatasetReader, StatedFigure } from "../types.ts";
import { idOf } from "../wire.ts";
import { priceFiguresOf } from "./genai-costs.ts";
import { LibraryReadings } from "./genai-extractors.ts";
import { formatOf } from "./genai-formats.ts";
import { LibraryPrices } from "./genai-library.ts";
import { type Extraction, type Fit, type GenaiRecord, readGenaiFolder } from "./genai-record.ts";
import { tokenFiguresOf } from "./genai-tokens.ts";
import { factsOf } from "./mapped-answer.ts";
import { unexplained } from "./verdicts.ts";

const DATASET = "genai-prices";

/** The library priced the bodies at its commit: the newest of them is of 24 July 2026. */
const PRICED_AT = "2026-07-25T12:00:00Z";

export const genaiPrices: DatasetReader = {
  dataset: DATASET,
  read: (root) => {
    const { records, providers } = readGenaiFolder(root, `responses/${DATASET}`);
    if (records.length === 0) return [];
    const library = new LibraryPrices(providers, PRICED_AT);
    const readings = new LibraryReadings(providers, records);
    const prices = library.document(`${DATASET} price list of the records`);
    const listed = providers.length === 0 ? {} : { prices };
    return records.map((record) => ({ ...runOf(record, { library, readings }), ...listed }));
  },
};

interface Library {
  readonly library: LibraryPrices;
  readonly readings: LibraryReadings;
}

function runOf(record: GenaiRecord, from: Library): CorpusRun {
  const run = idOf(DATASET, record.name);
  const readings = record.extractions.flatMap((extraction) =>
    chosen(extraction).map((fit) => ({ extraction, fit })),
  );
  return {
    dataset: DATASET,
    run,
    events: readings.map(({ fit }) => stepOf(record, fit, run)),
    stated: readings.flatMap(({ extraction, fit }) =>
      figuresOf(record, { extraction, fit, ...from }),
    ),
  };
}

/** All priced fits, and one fit of each format that no priced one has. */
function chosen({ fits }: Extraction): Fit[] {
  const priced = fits.filter(({ prices }) => Object.keys(prices).length > 0);
  const formats = new Set(priced.map(formatOf));
  const others = fits.filter((fit) => {
    const isNew = !formats.has(formatOf(fit));
    formats.add(formatOf(fit));
    return isNew;
  });
  return [...priced, ...others];
}

function stepIdOf({ provider, flavor }: Fit): string {
  return `${provider}:${flavor}`;
}

function stepOf({ body, model }: GenaiRecord, fit: Fit, run: string): object {
  const place = { run, customer: idOf("corpus", run), agent: DATASET, source: "corpus" };
  const base = { ...place, id: stepIdOf(fit), occurredAt: PRICED_AT, kind: "model" };
  const { provider } = fit;
  const mapped = mapProviderUsage(formatOf(fit), body, { provider, model: model ?? null });
  const main = "steps" in mapped ? mapped.steps[0] : undefined;
  if (main === undefined) return { ...base, provider, usage: {} };
  return { ...base, ...factsOf({ ...main, kind: "model", tier: "standard" }) };
}

interface Stated extends Library {
  readonly extraction: Extraction;
  readonly fit: Fit;
}

function figuresOf(record: GenaiRecord, stated: Stated): StatedFigure[] {
  const { extraction, fit, library, readings } = stated;
  const step = stepIdOf(fit);
  const { tokens } = extraction;
  const model = record.model ?? "";
  const figures = [
    ...tokenFiguresOf({ step, body: record.body, tokens }),
    ...priceFiguresOf({ step, fit, model, tokens, library }),
  ];
  const why = readings.whyNot(record.body, fit, tokens);
  if (why === undefined) return figures;
  return figures.map((figure) => ({ ...figure, judge: () => unexplained(`${step}: ${why}`) }));
}
