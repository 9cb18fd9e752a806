-- Tollgate, embedded store, schema 11: budgets, what they came to, holds and stops.
-- Levels are whole numbers in the scale of the budget's measure: 33 places for money, else 9.
CREATE TABLE budgets (
  ws INTEGER NOT NULL,
  id INTEGER NOT NULL,
  counts_from INTEGER NOT NULL,
  retired_at INTEGER,
  key TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (ws, id)
) WITHOUT ROWID, STRICT;

-- A limit that one scope was given in place of the budget's.
CREATE TABLE budget_limits (
  ws INTEGER NOT NULL,
  budget_id INTEGER NOT NULL,
  scope TEXT NOT NULL,
  level TEXT NOT NULL,
  PRIMARY KEY (ws, budget_id, scope)
) WITHOUT ROWID, STRICT;

-- Totals: they may wait in memory, like those of runs and counters.
CREATE TABLE budget_balances (
  ws INTEGER NOT NULL,
  budget_id INTEGER NOT NULL,
  scope TEXT NOT NULL,
  window_key TEXT NOT NULL,
  settled TEXT NOT NULL,
  stages_told INTEGER NOT NULL,
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (ws, budget_id, scope, window_key)
) WITHOUT ROWID, STRICT;

CREATE TABLE holds (
  ws INTEGER NOT NULL,
  run TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  hold_id TEXT NOT NULL,
  state TEXT NOT NULL,
  customer TEXT NOT NULL,
  call_id TEXT,
  content_hash TEXT NOT NULL,
  granted_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  on_expiry TEXT NOT NULL,
  cost TEXT NOT NULL,
  charge TEXT NOT NULL,
  currency TEXT,
  max_output INTEGER,
  clamped INTEGER NOT NULL,
  reserves TEXT NOT NULL,        -- JSON: [budget, scope, window, level] each
  document TEXT NOT NULL,        -- the step as it is taken to be should nobody record it
  ended_at INTEGER,
  settled_run TEXT,              -- the step that settled it, where it is not its own
  settled_source TEXT,
  settled_id TEXT,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, run, source, id)
) WITHOUT ROWID, STRICT;
CREATE INDEX holds_counting ON holds (ws, expires_at) WHERE state = 'open';
CREATE INDEX holds_by_settler ON holds (ws, settled_run, settled_source, settled_id)
  WHERE settled_id IS NOT NULL;

CREATE TABLE stops (
  ws INTEGER NOT NULL,
  scope_kind TEXT NOT NULL,
  scope TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (ws, scope_kind, scope)
) WITHOUT ROWID, STRICT;

-- Changes of max(0, settled - limit): what was settled above a limit, by what caused it.
CREATE TABLE overruns (
  ws INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  budget_id INTEGER NOT NULL,
  scope TEXT NOT NULL,
  window_key TEXT NOT NULL,
  run TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  cause TEXT NOT NULL,
  level TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, budget_id, scope, window_key, seq)
) WITHOUT ROWID, STRICT;
