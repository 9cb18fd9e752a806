-- Tollgate, PostgreSQL store, schema 5: when what was known. Commit times of links, and what runs
-- and outcomes were before a unit of work changed them.
ALTER TABLE chain ADD COLUMN committed_at bigint;
-- First seq of the unit since which a run's facts, or an outcome, are as they are.
ALTER TABLE runs ADD COLUMN since_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE outcomes ADD COLUMN since_seq bigint NOT NULL DEFAULT 0;
-- Runs without their totals, which follow from steps and outcomes.
CREATE TABLE former_runs (
  ws integer NOT NULL,
  run text COLLATE "C" NOT NULL,
  since_seq bigint NOT NULL,
  until_seq bigint NOT NULL,
  document text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, run, until_seq)
);
CREATE TABLE former_outcomes (
  ws integer NOT NULL,
  run text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  since_seq bigint NOT NULL,
  until_seq bigint NOT NULL,
  document text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, run, key, until_seq)
);
