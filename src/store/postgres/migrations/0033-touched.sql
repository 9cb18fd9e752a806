-- Tollgate, PostgreSQL store, schema 33: what the last commits touched, for nodes that take turns.

-- `no` is the number of the commit, `slot` its place among the few that are kept. Nothing follows
-- from these rows: a node that misses one forgets all that it knew. So they need no log, and they
-- are short-lived: to compress them would cost more than their room.
CREATE UNLOGGED TABLE touched (
  ws integer NOT NULL,
  slot integer NOT NULL,
  no bigint NOT NULL,
  document text NOT NULL,
  PRIMARY KEY (ws, slot)
);
ALTER TABLE touched ALTER COLUMN document SET STORAGE EXTERNAL;
SELECT tollgate_wall('touched');
