-- Tollgate, PostgreSQL store, schema 36: runs whose steps are not yet what a late opening states.
ALTER TABLE runs ADD COLUMN restating text COLLATE "C";
CREATE INDEX runs_restating ON runs (ws, customer, id) WHERE restating IS NOT NULL;
