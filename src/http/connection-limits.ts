/**
 * Limits of connections, as opposed to documents (those are in domain/limits.ts). Node's own
 * defaults are generous to slow and idle clients: 60 s for headers, 300 s for a request, checked
 * every 30 s, any number of connections.
 */

/** Headers must be complete after this. */
export const HEADERS_TIMEOUT_MS = 10_000;
/** A whole request must be complete after this. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** How often the two above are looked at. */
export const TIMEOUT_CHECK_MS = 2_000;
/** An idle connection is closed after this: longer than usual client pools keep theirs. */
export const KEEP_ALIVE_MS = 65_000;
/** Request line and headers together. */
export const HEADERS_MAX_BYTES = 16 * 1024;
/** Open connections; more are refused by closing them. */
export const CONNECTIONS_MAX_COUNT = 4_096;
/** Bodies of all requests in flight together; more are answered 503. */
export const BODIES_MAX_BYTES = 96 * 1024 * 1024;
/** Inflated bytes up to which the ratio to the compressed ones is not judged. */
export const BOMB_FLOOR_BYTES = 256 * 1024;
/** How long a shutdown waits for requests in flight before it cuts them off. */
export const DRAIN_MAX_MS = 20_000;
/** API keys remembered as valid. */
export const KEYS_REMEMBERED_MAX_COUNT = 1_000;
/** A remembered key is looked up again after this, whatever else forgot to say it is revoked. */
export const KEY_REMEMBERED_MS = 1_000;
/** A head up to this is read by plain-request.ts; one up to HEADERS_MAX_BYTES by Node. */
export const PLAIN_HEAD_MAX_BYTES = 2 * 1024;
/** Heads of requests remembered as read: 2 MiB when all are as long as they may be. */
export const PLAIN_HEADS_MAX_COUNT = 1_000;
