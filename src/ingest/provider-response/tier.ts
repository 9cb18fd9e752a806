/**
 * The service tier that was billed. What is special about it is joined by `+` in a fixed order
 * (`batch`, `fast`, `priority+fast`, `batch+us`), so that a tier which the price book does not
 * know is seen instead of being priced as standard.
 */
import { canonicalTier, STANDARD_TIER } from "../../domain/cost/service-tier.ts";
import type { Block } from "./block.ts";

/** Google's words for a tier, and its numbers in the protocol buffer. */
const TIERS: Readonly<Record<string, string>> = {
  "0": STANDARD_TIER,
  "1": STANDARD_TIER,
  "2": "provisioned",
  traffic_type_unspecified: STANDARD_TIER,
  on_demand_flex: "flex",
  on_demand_priority: "priority",
  provisioned_throughput: "provisioned",
};

/** Where a response says it: tier, then speed, then the place of inference. */
const QUALIFIERS = [
  ["service_tier", "serviceTier", "trafficType", "traffic_type"],
  ["speed"],
  ["inference_geo"],
];

/** Null: standard, or not told. */
export function tierOf(usage: Block, body: Block): string | null {
  const told = QUALIFIERS.map((names) => said(usage, names) ?? said(body, names) ?? "");
  const special = told.map(tierNamed).filter((name) => name !== STANDARD_TIER);
  return special.length === 0 ? null : special.join("+");
}

function said(block: Block, names: readonly string[]): string | null {
  block.ignore(names);
  for (const name of names) {
    const value = block.value[name];
    if (typeof value === "string" || typeof value === "number") return String(value);
  }
  return null;
}

function tierNamed(told: string): string {
  const name = canonicalTier(told);
  return TIERS[name] ?? name;
}
