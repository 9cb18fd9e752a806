-- Tollgate, PostgreSQL store, schema 13: whom of a customer's a run works for.
ALTER TABLE runs ADD COLUMN end_user text COLLATE "C";
CREATE INDEX runs_with_end_user ON runs (ws, id) WHERE end_user IS NOT NULL;
CREATE INDEX runs_by_end_user ON runs (ws, end_user, id) WHERE end_user IS NOT NULL;
