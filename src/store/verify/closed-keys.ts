/** Keys of lanes that are closed: whose they are, and of which charge. */

/** The key of a customer's closed lane. */
export function closedKey(customer: string, charge: string): string {
  return JSON.stringify([customer, charge]);
}

/** Whose lane a key is of. */
export function customerIn(key: string): string {
  return (JSON.parse(key) as string[])[0] ?? "";
}

/** Which charge a key's lane is of. */
export function chargeIn(key: string): string {
  return (JSON.parse(key) as string[])[1] ?? "";
}
