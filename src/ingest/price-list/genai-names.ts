/**
 * The names under which a genai-prices model is certainly known. The library matches by rules
 * (begins with, contains, regular expressions) and would price any string that fits. Here only
 * names that its data spells out count; a beginning is good for a suggestion.
 */

/** A match rule of the library's data. */
export type GenaiMatch =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly GenaiMatch[] }
  | { readonly and: readonly GenaiMatch[] };

/** What a model may be called, and how names begin that may be its. */
export interface ModelNames {
  readonly aliases: readonly string[];
  readonly prefixes: readonly string[];
}

interface NamedModel {
  readonly provider: string;
  readonly id: string;
  readonly match: GenaiMatch;
}

/**
 * Aliases: every text that the rules spell out in full and accept as a model id, such as
 * `claude-3-7-sonnet` of "begins with claude-3-7-sonnet". Prefixes: the texts of "begins with".
 */
export function modelNames(model: NamedModel): ModelNames {
  const texts = spelledOut(model.match);
  const full = texts.map(({ text }) => text).filter((text) => isFullName(text));
  const aliases = [...full, ...bedrockNames(model)].filter(
    (name) => name !== model.id && accepts(model.match, name),
  );
  const prefixes = texts.filter(({ rule }) => rule === "starts_with").map(({ text }) => text);
  return { aliases: [...new Set(aliases)], prefixes: [...new Set(prefixes)] };
}

interface SpelledOut {
  readonly rule: "equals" | "starts_with" | "ends_with" | "contains";
  readonly text: string;
}

function spelledOut(match: GenaiMatch): SpelledOut[] {
  if ("or" in match) return match.or.flatMap(spelledOut);
  if ("and" in match) return match.and.flatMap(spelledOut);
  if ("equals" in match) return [{ rule: "equals", text: match.equals }];
  if ("starts_with" in match) return [{ rule: "starts_with", text: match.starts_with }];
  if ("ends_with" in match) return [{ rule: "ends_with", text: match.ends_with }];
  return "contains" in match ? [{ rule: "contains", text: match.contains }] : [];
}

/** `claude-sonnet-4@` and `ft:gpt-4o-2024-` are beginnings of names, `regional.` is none. */
function isFullName(text: string): boolean {
  return /[a-z0-9)]$/i.test(text);
}

/** Whether the library would take this name for the model. */
function accepts(match: GenaiMatch, name: string): boolean {
  const text = name.toLowerCase();
  if ("or" in match) return match.or.some((one) => accepts(one, name));
  if ("and" in match) return match.and.every((one) => accepts(one, name));
  if ("equals" in match) return text === match.equals.toLowerCase();
  if ("starts_with" in match) return text.startsWith(match.starts_with.toLowerCase());
  if ("ends_with" in match) return text.endsWith(match.ends_with.toLowerCase());
  if ("contains" in match) return text.includes(match.contains.toLowerCase());
  return new RegExp(match.regex).test(name);
}

/** Bedrock's regional inference profiles; `global.` ones are entries of their own. */
const BEDROCK_REGIONS = ["us", "us-gov", "eu", "apac", "au", "jp", "in", "ca"];

/** The library writes `regional.<id>` for prices of `<id>` itself and of `us.<id>`, `eu.<id>`, … */
function bedrockNames({ provider, id }: NamedModel): string[] {
  if (provider !== "aws" || id.startsWith("global.")) return [];
  const plain = id.replace(/^regional\./, "");
  return [plain, ...BEDROCK_REGIONS.map((region) => `${region}.${plain}`)];
}
