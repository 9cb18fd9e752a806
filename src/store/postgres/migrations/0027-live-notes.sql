-- Tollgate, PostgreSQL store, schema 27: what units of work tell live views on other nodes.

-- Until when somebody looks on, by the server's clock. Units of work are told it with their lock.
ALTER TABLE workspaces ADD COLUMN live_until bigint NOT NULL DEFAULT 0;

-- `no` is the number of the commit. Nothing follows from these rows: they are kept for a moment,
-- and a view that misses one is told everything anew. So they need no log.
CREATE UNLOGGED TABLE live_notes (
  ws integer NOT NULL,
  no bigint NOT NULL,
  node text NOT NULL,
  document text NOT NULL,
  PRIMARY KEY (ws, no)
);
SELECT tollgate_wall('live_notes');
