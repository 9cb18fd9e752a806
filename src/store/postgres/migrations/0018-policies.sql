-- Tollgate, PostgreSQL store: what was called with which arguments, as a digest of both.
ALTER TABLE steps ADD COLUMN call_hash text;
ALTER TABLE former_steps ADD COLUMN call_hash text;
