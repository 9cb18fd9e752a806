/** Moments up to which what a customer used is told apart: those at which its credit moved. */

/** Moments of some customers as plain data, which may cross threads. */
export interface MomentsOf {
  /** Seqs in order; what was committed with one of them, or before it, comes before the moment. */
  readonly groups: readonly (readonly number[])[];
  /** Customers and the place of their group. Whoever is not named has no moments. */
  readonly customers: readonly (readonly [customer: string, group: number])[];
}

/** No moments of anybody. */
export const NO_MOMENTS: MomentsOf = { groups: [], customers: [] };

/** Looks a customer's moments up. */
export function momentsIn({ groups, customers }: MomentsOf): (id: string) => readonly number[] {
  const places = new Map(customers);
  return (customer) => groups[places.get(customer) ?? -1] ?? [];
}
