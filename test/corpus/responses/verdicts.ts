/** The verdicts that the rules of this folder give. */
import type { Verdict } from "../types.ts";

export const AGREE: Verdict = { verdict: "agree" };

export function explained(rule: string, detail: string): Verdict {
  return { verdict: "explained", rule, detail };
}

export function unexplained(detail: string): Verdict {
  return { verdict: "unexplained", detail };
}
