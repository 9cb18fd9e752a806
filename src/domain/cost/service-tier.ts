/**
 * Service tiers by name. Producers spell the ordinary tier in several ways; every other name is
 * a price of its own and must never be taken for standard.
 */

/** The tier at the listed price. */
export const STANDARD_TIER = "standard";

/**
 * Other spellings of "nothing special was billed". `auto` is not one: it is what a caller asks
 * for and says nothing about the tier that served.
 */
const STANDARD_SPELLINGS: ReadonlySet<string> = new Set([
  "",
  "default",
  "global",
  "none",
  "normal",
  "not_available",
  "on_demand",
  "ondemand",
  "regular",
  "unspecified",
]);

const TIER_NAME = /^[a-z0-9][a-z0-9_.+]{0,49}$/;

/** A tier name as prices key it: lower case, `+` between qualifiers, no hyphen or space. */
export function isTierName(name: string): boolean {
  return TIER_NAME.test(name) && canonicalTier(name) === name && name !== STANDARD_TIER;
}

/** One spelling per tier: `On-Demand`, `default` → `standard`; `Flex` → `flex`. */
export function canonicalTier(name: string): string {
  const plain = name.trim().toLowerCase().replaceAll(/[-\s]/g, "_");
  return STANDARD_SPELLINGS.has(plain) ? STANDARD_TIER : plain;
}
