import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsOf } from "./connection.ts";
import type { Answered, Client, Query } from "./driver.ts";
import { lockBefore } from "./ground.ts";

const LOCKED = {
  ...{ last_seq: 7, chain: "link", committed_at: 5, commits: 3, place: "here", is_watched: false },
  ...{ tariff_version: 1, budgets_version: 1, terms_version: 1, month: 682 },
};

test("what is asked with the lock is sent with it, in one round trip", async () => {
  const sent: { readonly query: Query; readonly answer: (answered: Answered) => void }[] = [];
  const client = {
    query: (query: Query) =>
      new Promise<Answered>((answer) => {
        sent.push({ query, answer });
      }),
  } as unknown as Client;
  const ask = () => rowsOf(client, "SELECT no FROM touched WHERE ws = $1", [1]);
  const asked = lockBefore(client, 1, ask);
  assert.deepEqual(
    sent.map(({ query }) => query.text.trim().split(/\s+/)[0]),
    ["BEGIN", "SELECT", "SELECT"],
  );
  assert.match(sent[1]?.query.text ?? "", /FOR UPDATE/);
  const rows = [[], [LOCKED], [{ no: 3 }]];
  for (const [at, { answer }] of sent.entries()) answer({ rows: rows[at] ?? [], command: "" });
  const [ground, answer] = await asked;
  assert.deepEqual([ground.commit.commits, ground.head.lastSeq, answer], [3, 7, [{ no: 3 }]]);
});
