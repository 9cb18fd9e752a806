-- Tollgate, embedded store, schema 1. Forward only.
-- Amounts and quantities are decimal text: exact, and readable with any SQLite client.
-- Times are milliseconds since 1970 UTC. `ws` is the workspace; every row belongs to one.

CREATE TABLE workspaces (
  ws INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  last_seq INTEGER NOT NULL DEFAULT 0,
  chain TEXT NOT NULL,
  -- Last step (step_no) that runs, counters and roll-ups in the file include.
  summed_step_no INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Texts that steps repeat: sources, facets (agent, provider, model, tool, tier) and labels.
CREATE TABLE names (
  name_no INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE customers (
  ws INTEGER NOT NULL,
  id TEXT NOT NULL,
  name TEXT,
  time_zone TEXT NOT NULL,
  anchor_day INTEGER NOT NULL,
  card_key TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (ws, id)
) WITHOUT ROWID, STRICT;

CREATE TABLE runs (
  run_no INTEGER PRIMARY KEY,
  ws INTEGER NOT NULL,
  id TEXT NOT NULL,
  customer TEXT,
  agent TEXT,
  parent TEXT,
  height INTEGER NOT NULL,
  standing INTEGER NOT NULL,
  status TEXT NOT NULL,
  opened INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  head TEXT NOT NULL,
  agent_head TEXT NOT NULL,
  closed_at INTEGER,
  closed_by TEXT NOT NULL,
  last_seen_at INTEGER NOT NULL,
  labels TEXT,
  authority TEXT,
  suspended INTEGER NOT NULL,
  own_steps INTEGER NOT NULL,
  own_unpriced INTEGER NOT NULL,
  own_cost TEXT NOT NULL,
  own_charge TEXT NOT NULL,
  tree_steps INTEGER NOT NULL,
  tree_unpriced INTEGER NOT NULL,
  tree_cost TEXT NOT NULL,
  tree_charge TEXT NOT NULL,
  rating TEXT,
  UNIQUE (ws, id)
) STRICT;
CREATE INDEX runs_by_parent ON runs (ws, parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_by_opening ON runs (ws, opened_at);
CREATE INDEX runs_by_customer ON runs (ws, customer, opened_at);
CREATE INDEX runs_open ON runs (ws, status) WHERE status = 'open';

-- Steps in the order of their first commit. Everything a step states is its text, in parts: what
-- repeats (facets, labels) is a name, the rest is the body (domain/event/step-text.ts).
-- `id` is a 16-byte blob where it is a lower-case UUID, else text.
CREATE TABLE steps (
  step_no INTEGER PRIMARY KEY,
  run_no INTEGER NOT NULL,
  source_no INTEGER NOT NULL,
  id ANY NOT NULL,
  seq INTEGER NOT NULL,
  facets_no INTEGER NOT NULL,
  body TEXT NOT NULL,
  labels_no INTEGER,
  checksum INTEGER NOT NULL      -- CRC-32 of the step's text; the hash chain is the proof
) STRICT;
-- The identity: nothing is counted twice.
CREATE UNIQUE INDEX steps_by_identity ON steps (run_no, source_no, id);

-- Former revisions of steps, in the same form.
CREATE TABLE former_steps (
  former_no INTEGER PRIMARY KEY,
  run_no INTEGER NOT NULL,
  source_no INTEGER NOT NULL,
  id ANY NOT NULL,
  seq INTEGER NOT NULL,
  facets_no INTEGER NOT NULL,
  body TEXT NOT NULL,
  labels_no INTEGER,
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX former_steps_by_identity ON former_steps (run_no, source_no, id);

-- Accepted events that are not steps, and administrative acts.
CREATE TABLE journal (
  ws INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  run TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX journal_by_identity ON journal (ws, run, source, id) WHERE run <> '';

-- One link a commit: SHA-256 over the link before and the texts of what the commit added.
CREATE TABLE chain (
  ws INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (ws, first_seq)
) WITHOUT ROWID, STRICT;

CREATE TABLE outcomes (
  ws INTEGER NOT NULL,
  run TEXT NOT NULL,
  key TEXT NOT NULL,
  outcome TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  status TEXT NOT NULL,
  seq INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  customer TEXT NOT NULL,
  agent TEXT,
  period TEXT NOT NULL,
  card_version INTEGER,
  charge TEXT NOT NULL,
  shares TEXT NOT NULL,
  PRIMARY KEY (ws, run, key)
) WITHOUT ROWID, STRICT;

-- Totals that every commit moves have a number of their own: an update by it touches no key.
CREATE TABLE counters (
  counter_no INTEGER PRIMARY KEY,
  ws INTEGER NOT NULL,
  customer TEXT NOT NULL,
  period TEXT NOT NULL,
  card_key TEXT NOT NULL,
  charge_key TEXT NOT NULL,
  cell TEXT NOT NULL,
  segments TEXT NOT NULL,        -- card version=quantity,…
  amount TEXT NOT NULL,
  UNIQUE (ws, customer, period, card_key, charge_key, cell)
) STRICT;

CREATE TABLE rollups (
  rollup_no INTEGER PRIMARY KEY,
  ws INTEGER NOT NULL,
  customer TEXT NOT NULL,
  period TEXT NOT NULL,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  tool TEXT NOT NULL,
  steps INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  cost TEXT NOT NULL,
  charge TEXT NOT NULL,
  input_tokens TEXT NOT NULL,
  output_tokens TEXT NOT NULL,
  UNIQUE (ws, customer, period, agent, kind, provider, model, tool)
) STRICT;

CREATE TABLE calls (
  ws INTEGER NOT NULL,
  call_id TEXT NOT NULL,
  customer TEXT NOT NULL,
  run TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (ws, call_id, customer)
) WITHOUT ROWID, STRICT;

CREATE TABLE witnesses (
  ws INTEGER NOT NULL,
  run TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  customer TEXT NOT NULL,
  call_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, run, source, id)
) WITHOUT ROWID, STRICT;
CREATE INDEX witnesses_by_call ON witnesses (ws, call_id);

CREATE TABLE suspended (
  ws INTEGER NOT NULL,
  run TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, run, source, id)
) WITHOUT ROWID, STRICT;

CREATE TABLE conflicts (
  ws INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  run TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  settled TEXT,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX conflicts_by_identity ON conflicts (ws, run, source, id);

CREATE TABLE periods (
  ws INTEGER NOT NULL,
  customer TEXT NOT NULL,
  period TEXT NOT NULL,
  closed_at INTEGER NOT NULL,
  statement_id TEXT NOT NULL,
  PRIMARY KEY (ws, customer, period)
) WITHOUT ROWID, STRICT;

CREATE TABLE adjustments (
  ws INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  customer TEXT NOT NULL,
  booked_period TEXT NOT NULL,
  origin_period TEXT NOT NULL,
  card_key TEXT NOT NULL,
  charge_key TEXT NOT NULL,
  cell TEXT NOT NULL,
  amount TEXT NOT NULL,
  reason TEXT NOT NULL,
  run TEXT NOT NULL,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX adjustments_by_period ON adjustments (ws, customer, booked_period);

CREATE TABLE statements (
  ws INTEGER NOT NULL,
  id TEXT NOT NULL,
  customer TEXT NOT NULL,
  period TEXT NOT NULL,
  currency TEXT NOT NULL,
  closed_at INTEGER NOT NULL,
  total TEXT NOT NULL,
  document TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (ws, id)
) WITHOUT ROWID, STRICT;

CREATE TABLE rate_cards (
  ws INTEGER NOT NULL,
  version_id INTEGER NOT NULL,
  card_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  effective_from INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (ws, version_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE price_versions (
  ws INTEGER NOT NULL,
  version_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  effective_from INTEGER,
  recorded_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (ws, version_id)
) WITHOUT ROWID, STRICT;

-- Only the SHA-256 of a key is kept.
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  workspace TEXT NOT NULL,
  scopes TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  checksum INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
