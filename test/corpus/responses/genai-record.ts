/** Records of genai-prices: response bodies with what that library read of them and priced. */

import { type CorpusFolder, documentOf, filesBelow, textOfFile } from "../files.ts";
import { type JsonObject, objectAt, objectsOf, textOf } from "../number-text.ts";
import type { GenaiProvider } from "../product.ts";

/** A body as one provider's extractor reads it. */
export interface Fit {
  readonly provider: string;
  readonly flavor: string;
  /** Prices by field, decimal text: `input_price`, `output_price`, `total_price`. */
  readonly prices: Readonly<Record<string, string>>;
}

/** What several extractors read alike. */
export interface Extraction {
  /** The library's counts, which overlap: `input_tokens` holds the cached ones. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly fits: readonly Fit[];
}

export interface GenaiRecord {
  readonly body: JsonObject;
  readonly name: string;
  readonly model: string | undefined;
  readonly extractions: readonly Extraction[];
}

export interface GenaiFolder {
  readonly records: readonly GenaiRecord[];
  /** The price list that the library used. */
  readonly providers: readonly GenaiProvider[];
}

/** Finds records and price list by their shape. */
export function readGenaiFolder(root: string | CorpusFolder, folder: string): GenaiFolder {
  const read = filesBelow(root, folder, [".json"]).map((file) => {
    return { file, items: objectsOf(documentOf(file)) };
  });
  // A record is known by its place among all, in however many files they are.
  const records = read.flatMap(({ items }) => items).flatMap(recordOf);
  const providers = read.flatMap(({ file, items }) => {
    const isList = items.some((item) => Array.isArray(item.models));
    return isList ? (JSON.parse(textOfFile(file)) as GenaiProvider[]) : [];
  });
  return { records, providers };
}

function recordOf(item: JsonObject, position: number): GenaiRecord[] {
  if (!Array.isArray(item.extracted)) return [];
  const { file, ...body } = objectAt(item.body);
  const model = textOf(item.model) ?? textOf(body.model) ?? textOf(body.modelVersion);
  const extractions = objectsOf(item.extracted).map((extraction) => ({
    tokens: textsOf(objectAt(extraction.usage)),
    fits: objectsOf(extraction.extractors).map(fitOf),
  }));
  return [{ body, name: `${position}:${textOf(file) ?? ""}`, model, extractions }];
}

function fitOf({ provider_id, api_flavor, ...prices }: JsonObject): Fit {
  return {
    provider: textOf(provider_id) ?? "",
    flavor: textOf(api_flavor) ?? "",
    prices: textsOf(prices),
  };
}

function textsOf(object: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value]] : [],
    ),
  );
}
