/** What the server refuses, by its SQLSTATE and words, and who can mend it how. */
import { StoreRefused } from "../../engine/store-refused.ts";
import { ForeignSession } from "./driver.ts";

interface Refusal {
  readonly code: string;
  readonly about: RegExp;
  readonly remedy: string;
}

const MAKE_ROLE = "CREATE ROLE tollgate_app NOLOGIN; GRANT tollgate_app TO the user of the address";
const GRANT_ROLE = "GRANT tollgate_app TO the user of the address";
const ADDRESS = "correct the user and password of DATABASE_URL, or whom pg_hba.conf lets in";

const REFUSALS: readonly Refusal[] = [
  {
    code: "42501",
    about: /create role/,
    remedy: `have it made by somebody who may: ${MAKE_ROLE}`,
  },
  {
    code: "42501",
    about: /grant role|admin option on role/,
    remedy: `another user made it: have somebody who may run ${GRANT_ROLE}`,
  },
  {
    code: "42501",
    about: /for schema/,
    remedy: "have its owner grant USAGE and CREATE on it to the user of the address",
  },
  {
    code: "42501",
    about: /for database/,
    remedy: "have its owner grant CONNECT on it to the user of the address",
  },
  { code: "42501", about: /set role/, remedy: `have somebody who may run ${GRANT_ROLE}` },
  {
    code: "22023",
    about: /^role .* does not exist|"role"/,
    remedy: `have it made by somebody who may: ${MAKE_ROLE}`,
  },
  { code: "28P01", about: /./, remedy: ADDRESS },
  { code: "28000", about: /./, remedy: ADDRESS },
  { code: "3D000", about: /./, remedy: "correct the database of DATABASE_URL, or make it" },
  {
    code: "53300",
    about: /./,
    remedy: "raise max_connections or what limits the user; each node opens 20 at most",
  },
  { code: "3F000", about: /./, remedy: "its search_path names no schema that is there" },
  {
    code: "08P01",
    about: /startup parameter/,
    remedy: "a pooler stands between that lets no settings of a session through: connect directly",
  },
];

/** What whoever runs a pooler can do about it. */
export const DIRECTLY = "connect directly, or through a pooler that keeps them";

function known(cause: unknown): Refusal | undefined {
  if (!(cause instanceof Error && "code" in cause)) return undefined;
  return REFUSALS.find(({ code, about }) => cause.code === code && about.test(cause.message));
}

/** The server's words and what to do about them; null: it is not known. */
export function refusalHint(cause: unknown): string | null {
  const refusal = known(cause);
  return refusal === undefined ? null : `${(cause as Error).message}; ${refusal.remedy}`;
}

/** Why no connection was opened, where somebody must mend it; anything else as it is. */
export function refusedConnection(cause: unknown): unknown {
  if (cause instanceof ForeignSession) return new StoreRefused(cause.message, DIRECTLY, { cause });
  const refusal = known(cause);
  if (refusal === undefined) return cause;
  return new StoreRefused((cause as Error).message, refusal.remedy, { cause });
}
