/**
 * The service tier that was billed. Providers spell "nothing special" in many ways; what is left
 * is joined by `+` in a fixed order (`batch`, `fast`, `priority+fast`, `us`), so that a tier
 * which the price book does not know is seen instead of being priced as standard.
 */
import type { Block } from "./block.ts";

/** Names of a tier in responses. Those that map to "" say nothing about the price. */
const TIERS: Readonly<Record<string, string>> = {
  auto: "",
  default: "",
  not_available: "",
  on_demand: "",
  standard: "",
  unspecified: "",
  global: "",
  traffic_type_unspecified: "",
  "0": "",
  "1": "",
  "2": "provisioned",
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
  const told = QUALIFIERS.map((names) => normal(said(usage, names) ?? said(body, names) ?? ""));
  const special = told.filter((name) => name !== "");
  return special.length === 0 ? null : special.join("+");
}

function said(block: Block, names: readonly string[]): string | null {
  for (const name of names) {
    const value = block.value[name];
    if (typeof value === "number") block.ignore([name]);
    if (typeof value === "string" || typeof value === "number") return String(value);
  }
  return null;
}

function normal(tier: string): string {
  const name = tier.toLowerCase();
  return TIERS[name] ?? name;
}
