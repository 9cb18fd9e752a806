-- Tollgate, PostgreSQL store, schema 22: several nodes on one database.

-- What nodes keep in memory is as of these; every unit of work compares them under the lock of
-- this row. `commits` changes with every unit: who waits for something looks again.
ALTER TABLE workspaces ADD COLUMN committed_at bigint NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN commits bigint NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN tariff_version bigint NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN budgets_version bigint NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN terms_version bigint NOT NULL DEFAULT 0;
ALTER TABLE workspaces SET (fillfactor = 20);

-- Who does periodic work. `fence` grows with every change of holder, and a unit of work under a
-- lease checks it in its own transaction.
CREATE TABLE leases (
  name text COLLATE "C" PRIMARY KEY,
  holder text NOT NULL,
  fence bigint NOT NULL,
  until timestamptz NOT NULL
);

-- What belongs to the installation and not to a node's disk.
CREATE TABLE installation (
  name text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

-- The month in which a run was first heard of, by the server's clock, counted from 1970. It never
-- changes, so a run's steps stand in one partition whatever their times say.
ALTER TABLE runs ADD COLUMN month integer NOT NULL DEFAULT 0;

-- A sign of life must not move an index entry: without it most updates stay on their page.
DROP INDEX runs_open;
CREATE INDEX runs_open ON runs (ws) WHERE status = 'open' AND NOT standing;
ALTER TABLE runs SET (fillfactor = 60);
ALTER TABLE counters SET (fillfactor = 60);
ALTER TABLE rollups SET (fillfactor = 60);
ALTER TABLE budget_balances SET (fillfactor = 60);
ALTER TABLE budget_held SET (fillfactor = 60);

-- Steps are their sealed text. No version that kept columns ever served, so none are carried over.
DO $$ BEGIN
  IF EXISTS (SELECT FROM steps) THEN
    RAISE EXCEPTION 'steps of schema 21 are not carried over';
  END IF;
END $$;
DROP TABLE former_steps;
DROP TABLE steps;
CREATE TABLE steps (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  run text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  month integer NOT NULL,        -- of its run
  seq bigint NOT NULL,
  facets text NOT NULL,          -- agent, provider, model, tool, tier
  body text NOT NULL,            -- domain/event/step-text.ts
  labels text NOT NULL,          -- JSON; empty: none
  checksum bigint NOT NULL,      -- CRC-32 of the step's text; the hash chain is the proof
  PRIMARY KEY (ws, customer, run, source, id, month)
) PARTITION BY LIST (month);
CREATE TABLE former_steps (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  run text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  facets text NOT NULL,
  body text NOT NULL,
  labels text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, customer, run, source, id, seq)
);

-- Attaching waits for no reader and no writer; "PARTITION OF" would wait for all of them.
CREATE FUNCTION tollgate_month(wanted integer) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE name text := 'steps_' || wanted;
BEGIN
  IF wanted < 0 OR wanted > 12000 THEN RAISE EXCEPTION 'month % is out of range', wanted; END IF;
  PERFORM pg_advisory_xact_lock(7164553822);
  IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE steps INCLUDING ALL)', name);
  EXECUTE format('ALTER TABLE steps ATTACH PARTITION %I FOR VALUES IN (%s)', name, wanted);
END $$;
