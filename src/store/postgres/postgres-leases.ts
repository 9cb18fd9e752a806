/** Leases on periodic work, kept in the database and timed by its clock. */
import type { Lease, Leases } from "../../engine/node-ports.ts";
import type { Row } from "../stored-rows.ts";
import type { Parameter } from "./connection.ts";

type All = (sql: string, ...values: Parameter[]) => Promise<Row[]>;

/** Leases of every node of a database. */
export class PostgresLeases implements Leases {
  readonly #all: All;

  constructor(all: All) {
    this.#all = all;
  }

  async take(name: string, holder: string, ms: number): Promise<Lease | null> {
    const [row] = await this.#all("SELECT tollgate_lease($1, $2, $3) AS fence", name, holder, ms);
    const fence = (row?.fence ?? null) as number | null;
    return fence === null ? null : { name, fence };
  }

  async end({ name, fence }: Lease): Promise<void> {
    await this.#all("SELECT tollgate_end_lease($1, $2)", name, fence);
  }
}
