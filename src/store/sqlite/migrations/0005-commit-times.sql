-- Tollgate, embedded store, schema 5: when what was known. Commit times of links, and what runs
-- and outcomes were before a unit of work changed them.
ALTER TABLE chain ADD COLUMN committed_at INTEGER;
-- First seq of the unit since which a run's facts, or an outcome, are as they are.
ALTER TABLE runs ADD COLUMN since_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outcomes ADD COLUMN since_seq INTEGER NOT NULL DEFAULT 0;
-- Runs without their totals, which follow from steps and outcomes.
CREATE TABLE former_runs (
  ws INTEGER NOT NULL,
  run TEXT NOT NULL,
  since_seq INTEGER NOT NULL,
  until_seq INTEGER NOT NULL,
  document TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, run, until_seq)
) WITHOUT ROWID, STRICT;
CREATE TABLE former_outcomes (
  ws INTEGER NOT NULL,
  run TEXT NOT NULL,
  key TEXT NOT NULL,
  since_seq INTEGER NOT NULL,
  until_seq INTEGER NOT NULL,
  document TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, run, key, until_seq)
) WITHOUT ROWID, STRICT;
