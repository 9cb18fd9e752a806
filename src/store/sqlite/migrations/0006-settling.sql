-- Tollgate, embedded store, schema 6: outcomes that are final when a window has passed.
ALTER TABLE outcomes ADD COLUMN final_at INTEGER;
CREATE INDEX outcomes_due ON outcomes (ws, final_at, run, key) WHERE status = 'provisional';
CREATE INDEX outcomes_waiting ON outcomes (ws, customer, run, key) WHERE status = 'provisional';
