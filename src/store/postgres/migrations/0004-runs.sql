-- Tollgate, PostgreSQL store, schema 4: charges that wait for how a run ends.
ALTER TABLE outcomes ADD COLUMN ending TEXT;
