/** What a unit of work stands on: what the row of its workspace told under the unit's lock. */
import { present } from "../../domain/assert.ts";
import type { RulesVersions } from "../../engine/node-ports.ts";
import type { ChainHead } from "../../engine/ports.ts";
import type { Row } from "../stored-rows.ts";
import { control, rowsOf } from "./connection.ts";
import { type Client, sendTogether } from "./driver.ts";
import { IS_WATCHED } from "./postgres-notes.ts";
import type { Commit } from "./workspace-rows.ts";

/** Acknowledged means flushed, whatever the server's default is. */
const BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on";

/** Begins a transaction of this tenant. */
export const beginOf = (ws: number) => `${BEGIN}; SET LOCAL tollgate.ws = ${ws}`;

/**
 * What a unit does first: it locks its workspace's row and is told all that it needs to know. The
 * month is that of the server's clock, so that no producer's clock makes partitions.
 */
const LOCK = `SELECT last_seq, chain, committed_at, tariff_version, budgets_version, terms_version,
    commits, tableoid || ' ' || pg_postmaster_start_time() AS place, ${IS_WATCHED},
    (12 * (extract(year FROM now()) - 1970) + extract(month FROM now()) - 1)::integer AS month
  FROM workspaces WHERE ws = $1 FOR UPDATE`;

/** Where a unit begins. */
export interface Ground {
  readonly head: ChainHead;
  readonly rules: RulesVersions;
  readonly commit: Commit;
  /** Whether somebody looks at live views. */
  readonly isWatched: boolean;
  /** That of runs which are heard of now. */
  readonly month: number;
}

/**
 * Begins a transaction and locks the workspace, in one round trip; what is sent behind it is
 * carried out behind it. The lock is prepared: to plan it for each unit takes as long as to get it.
 */
export async function lockWorkspace(client: Client, ws: number): Promise<Ground> {
  const [ground] = await lockBefore(client, ws, async () => undefined);
  return ground;
}

/** The same, and behind it what is asked in the same round trip: it sees what the lock found. */
export async function lockBefore<T>(
  client: Client,
  ws: number,
  ask: () => Promise<T>,
): Promise<readonly [ground: Ground, answer: T]> {
  const begin = () => control(client, beginOf(ws));
  const lock = () => rowsOf(client, LOCK, [ws]);
  const sent = sendTogether<Promise<unknown>>(client, [begin, lock, ask], { isLarge: false });
  const [, locked, answer] = (await Promise.all(sent)) as [unknown, Row[], T];
  return [groundOf(present(locked[0], `the row of workspace ${ws}`)), answer];
}

function groundOf(row: Row): Ground {
  const number = (name: string) => row[name] as number;
  const digest = row.chain as string;
  const { place, commits, month } = row;
  return {
    head: { lastSeq: number("last_seq"), digest, committedAtMs: number("committed_at") },
    rules: rulesOf(row),
    commit: { place: place as string, commits: commits as number, digest },
    isWatched: row.is_watched === true,
    month: month as number,
  };
}

/** Versions of the rules in a row of `workspaces`. */
export function rulesOf(row: Row): RulesVersions {
  const number = (name: string) => row[name] as number;
  return {
    tariff: number("tariff_version"),
    budgets: number("budgets_version"),
    terms: number("terms_version"),
  };
}

/** A unit does not stand where it was taken to: it begins anew. */
export class GroundMoved extends Error {}

/** Whether nothing that a unit goes by differs. */
export function isSameGround(one: Ground, other: Ground): boolean {
  const { head, commit, rules } = one;
  return (
    one.isWatched === other.isWatched &&
    one.month === other.month &&
    commit.place === other.commit.place &&
    commit.commits === other.commit.commits &&
    head.digest === other.head.digest &&
    head.lastSeq === other.head.lastSeq &&
    head.committedAtMs === other.head.committedAtMs &&
    rules.tariff === other.rules.tariff &&
    rules.budgets === other.rules.budgets &&
    rules.terms === other.rules.terms
  );
}
