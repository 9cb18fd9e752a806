-- Tollgate, PostgreSQL store, schema 36: runs whose steps are not yet what a late opening states,
-- and runs whose customer became known while events waited.
ALTER TABLE runs ADD COLUMN restating text COLLATE "C";
CREATE INDEX runs_unfinished ON runs (ws, customer, id)
  WHERE customer IS NOT NULL AND (restating IS NOT NULL OR suspended > 0);
