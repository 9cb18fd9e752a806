/** Bounds of what one node asks of a PostgreSQL server. Times are in milliseconds. */

/** Connections for units of work: as many workspaces are written to at once. */
export const DATABASE_UNITS_MAX_COUNT = 8;
/** Connections for lists and reports beside them. */
export const DATABASE_READERS_MAX_COUNT = 8;
/** Connections for look-ups that units of work and requests wait for, whatever reports run. */
export const DATABASE_LOOKUPS_MAX_COUNT = 4;
/** The server ends a statement that takes longer. */
export const DATABASE_STATEMENT_MAX_MS = 60_000;
/**
 * The server ends a transaction whose node says nothing for so long: a node that was stopped holds
 * its workspace for no longer than this.
 */
export const DATABASE_SILENCE_MAX_MS = 5_000;
/** How long a unit of work waits for its workspace, which another node has. */
export const DATABASE_LOCK_MAX_MS = 20_000;
/**
 * How much longer than the server may take for a statement and a lock a node waits for an answer:
 * where the network lets nothing through and says nothing, nobody else ends it for a quarter of an
 * hour.
 */
export const DATABASE_ANSWER_LATE_MS = 10_000;
/** How long a connection may take to open, or to come free. */
export const DATABASE_CONNECT_MAX_MS = 20_000;
/** A lease on periodic work that its holder does not renew ends after this. */
export const LEASE_MS = 30_000;
/** How often those who wait look whether another node has committed, at the least. */
export const OTHER_NODES_EVERY_MS = 100;
/** The same at the most, where few workspaces are waited for. */
export const OTHER_NODES_SOONEST_MS = 40;
/** How often a unit of work begins anew because another node changed its rules meanwhile. */
export const RULES_READ_AGAIN_MAX_COUNT = 20;
/** Rows of a table that are moved into a database as one transaction. */
export const MOVED_ROWS_MAX_COUNT = 2_000;
/** How long the removal of old steps waits for those who write to the same month. */
export const RETAIN_LOCK_MAX_MS = 5_000;
/** How long it waits for those who read that month: everybody else waits behind it. */
export const RETAIN_EMPTYING_MAX_MS = 100;
/** A read replica whose last commit is older is not asked. */
export const REPLICA_AGE_MAX_MS = 60_000;
/** How long a connection to it may take to open; the database itself can answer, too. */
export const REPLICA_CONNECT_MAX_MS = 2_000;
/** How long it may take to say how much it has: reports and /metrics wait for that. */
export const REPLICA_LOOK_MAX_MS = 2_000;
/** One that failed is left alone for so long. */
export const REPLICA_REST_MS = 5_000;
/** Rows of each kind (runs, customers, periods) that a node remembers of a workspace. */
export const KNOWN_ROWS_MAX_COUNT = 4_000;
/** Counters that a node remembers of a workspace, and as many balances of budgets. */
export const KNOWN_COUNTERS_MAX_COUNT = 50_000;
/** Of a customer's period with so many counters, commits tell which of them moved. */
export const LARGE_PAGE_COUNTERS_COUNT = 64;
/** Commits of a workspace whose touched rows are kept for other nodes. */
export const TOUCHED_COMMITS_COUNT = 16;
/** A commit that touched more rows tells none: whoever finds it forgets all that it knew. */
export const TOUCHED_ROWS_MAX_COUNT = 10_000;
/** Commits for which a node tells what it touched, since it found another one's. */
export const TOUCHED_TOLD_COUNT = 100;
/** Room in which lists for the server are made that a process keeps for the next ones. */
export const LISTS_ROOM_MAX_BYTES = 4 * 1024 * 1024;
/** Combinations of tables that small units write by one statement, prepared on each connection. */
export const BUNDLES_MAX_COUNT = 24;
/** What a node remembers of all workspaces together; those used longest ago are forgotten first. */
export const KNOWN_MAX_BYTES = 128 * 1024 * 1024;
