/** What the server or TLS refuses, by code and words, and who can mend it how. */
import { StoreRefused } from "../../engine/store-refused.ts";
import { ForeignSession } from "./driver.ts";

interface Refusal {
  /** SQLSTATE, or what the driver and Node call it; null: they give it no code. */
  readonly code: string | null;
  readonly about: RegExp;
  readonly remedy: string;
  /** In place of words that help nobody. (Default: those of the server.) */
  readonly words?: string;
}

const MAKE_ROLE = "CREATE ROLE tollgate_app NOLOGIN; GRANT tollgate_app TO the user of the address";
const GRANT_ROLE = "GRANT tollgate_app TO the user of the address";
const ADDRESS = "correct the user and password of DATABASE_URL, or whom pg_hba.conf lets in";

/** What Node calls a certificate of an authority that this machine does not know. */
const UNKNOWN_AUTHORITY = [
  ...["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
  ...["SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER_CERT"],
];

/** What stands between a node and a server before a word is said. */
const TLS_REFUSALS: readonly Refusal[] = [
  ...UNKNOWN_AUTHORITY.map((code) => ({
    ...{ code, about: /./ },
    words: `its certificate is of an authority that is not trusted (${code})`,
    remedy: "name yours in the address as sslrootcert=/path/ca.pem",
  })),
  {
    ...{ code: "CERT_HAS_EXPIRED", about: /./, words: "its certificate has expired" },
    remedy: "give the server a new one, and have it read that (SELECT pg_reload_conf())",
  },
  {
    ...{ code: "CERT_NOT_YET_VALID", about: /./, words: "its certificate is not valid yet" },
    remedy: "compare the clocks of both machines",
  },
  {
    ...{ code: "ERR_TLS_CERT_ALTNAME_INVALID", about: /./ },
    remedy: "name the host in DATABASE_URL as the certificate does, or have it name that host",
  },
  {
    ...{ code: null, about: /does not support SSL/ },
    remedy: "turn ssl on there, or say sslmode=disable on a network that is yours alone",
  },
];

const REFUSALS: readonly Refusal[] = [
  ...TLS_REFUSALS,
  {
    ...{ code: null, about: /client password must be a.* string/ },
    words: "the server asks for a password, and the address has none",
    remedy: ADDRESS,
  },
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
  if (!(cause instanceof Error)) return undefined;
  const found = "code" in cause ? cause.code : null;
  return REFUSALS.find(({ code, about }) => found === code && about.test(cause.message));
}

const wordsOf = ({ words }: Refusal, cause: unknown): string => words ?? (cause as Error).message;

/** The server's words and what to do about them; null: it is not known. */
export function refusalHint(cause: unknown): string | null {
  const refusal = known(cause);
  return refusal === undefined ? null : `${wordsOf(refusal, cause)}; ${refusal.remedy}`;
}

/** Why no connection was opened, where somebody must mend it; anything else as it is. */
export function refusedConnection(cause: unknown): unknown {
  if (cause instanceof ForeignSession) return new StoreRefused(cause.message, DIRECTLY, { cause });
  const refusal = known(cause);
  if (refusal === undefined) return cause;
  return new StoreRefused(wordsOf(refusal, cause), refusal.remedy, { cause });
}
