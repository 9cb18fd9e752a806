/** The library's matching of model names: by patterns, without regard to case. */
import type { GenaiMatch } from "../product.ts";

export function accepts(match: GenaiMatch, name: string): boolean {
  const text = name.toLowerCase();
  if ("or" in match) return match.or.some((one) => accepts(one, name));
  if ("and" in match) return match.and.every((one) => accepts(one, name));
  if ("equals" in match) return text === match.equals.toLowerCase();
  if ("starts_with" in match) return text.startsWith(match.starts_with.toLowerCase());
  if ("ends_with" in match) return text.endsWith(match.ends_with.toLowerCase());
  if ("contains" in match) return text.includes(match.contains.toLowerCase());
  return new RegExp(match.regex).test(name);
}
