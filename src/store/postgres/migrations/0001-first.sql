-- Tollgate, PostgreSQL store, schema 1. Forward only.
-- Amounts and quantities are numeric: exact at any size, and summed by the server. Times are
-- milliseconds since 1970 UTC. `ws` is the workspace; every row belongs to one.
--
-- Keys lead with (ws, customer) wherever a row's customer is fixed, so that these tables can be
-- distributed by customer. What is keyed by run alone is the binding (runs) and what waits for it.
--
-- Keys compare by bytes ("C"): an order that no locale or library version changes.

CREATE TABLE workspaces (
  ws integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  id text COLLATE "C" NOT NULL UNIQUE,
  last_seq bigint NOT NULL DEFAULT 0,
  chain text NOT NULL
);

CREATE TABLE customers (
  ws integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text,
  time_zone text NOT NULL,
  anchor_day bigint NOT NULL,
  card_key text,
  created_at bigint NOT NULL,
  PRIMARY KEY (ws, id)
);

CREATE TABLE runs (
  ws integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  customer text COLLATE "C",
  agent text COLLATE "C",
  parent text COLLATE "C",
  height bigint NOT NULL,
  standing boolean NOT NULL,
  status text NOT NULL,
  opened boolean NOT NULL,
  opened_at bigint NOT NULL,
  head text NOT NULL,
  agent_head text NOT NULL,
  closed_at bigint,
  closed_by text NOT NULL,
  last_seen_at bigint NOT NULL,
  labels text,                   -- JSON text, not jsonb: kept as it was sent
  authority text,
  suspended bigint NOT NULL,
  own_steps bigint NOT NULL,
  own_unpriced bigint NOT NULL,
  own_cost numeric NOT NULL,
  own_charge numeric NOT NULL,
  tree_steps bigint NOT NULL,
  tree_unpriced bigint NOT NULL,
  tree_cost numeric NOT NULL,
  tree_charge numeric NOT NULL,
  rating text,
  PRIMARY KEY (ws, id)
);
CREATE INDEX runs_by_parent ON runs (ws, parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_by_opening ON runs (ws, opened_at, id);
CREATE INDEX runs_by_customer ON runs (ws, customer, opened_at, id);
CREATE INDEX runs_open ON runs (ws, last_seen_at) WHERE status = 'open' AND NOT standing;

-- The identity is in the primary key: a step's customer is its run's, which never changes.
CREATE TABLE steps (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  run text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  seq bigint NOT NULL,
  voided boolean NOT NULL,
  amended_by text,
  content_hash text NOT NULL,
  agent text,
  parent_step text,
  call_id text,
  hold text,
  occurred_at bigint NOT NULL,
  received_at bigint NOT NULL,
  rated_at bigint NOT NULL,
  period text NOT NULL,
  kind text NOT NULL,
  status text NOT NULL,
  completeness text NOT NULL,
  attempt bigint NOT NULL,
  payer text NOT NULL,
  role text NOT NULL,
  provider text,
  model text,
  tool text,
  tier text NOT NULL,
  labels text,
  usage text NOT NULL,           -- bucket=quantity,…
  card_version bigint,
  price_version bigint,
  cost numeric NOT NULL,
  cost_status text NOT NULL,
  charge numeric NOT NULL,       -- the sum of the shares
  shares text NOT NULL,          -- JSON: [charge, cell, amount] each
  checksum bigint NOT NULL,      -- CRC-32 of the step's text; the hash chain is the proof
  PRIMARY KEY (ws, customer, run, source, id)
);

-- Former revisions of steps, in the same form.
CREATE TABLE former_steps (
  LIKE steps INCLUDING DEFAULTS,
  PRIMARY KEY (ws, customer, run, source, id, revision)
);

-- Accepted events that are not steps, and administrative acts.
CREATE TABLE journal (
  ws integer NOT NULL,
  seq bigint NOT NULL,
  kind text NOT NULL,
  run text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  content_hash text NOT NULL,
  received_at bigint NOT NULL,
  document text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, seq)
);
CREATE INDEX journal_by_identity ON journal (ws, run, source, id) WHERE run <> '';

-- One link a commit: SHA-256 over the link before and the texts of what the commit added.
CREATE TABLE chain (
  ws integer NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  digest text NOT NULL,
  PRIMARY KEY (ws, first_seq)
);

CREATE TABLE outcomes (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  run text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  outcome text NOT NULL,
  content_hash text NOT NULL,
  status text NOT NULL,
  seq bigint NOT NULL,
  occurred_at bigint NOT NULL,
  received_at bigint NOT NULL,
  agent text,
  period text NOT NULL,
  card_version bigint,
  charge numeric NOT NULL,
  shares text NOT NULL,
  PRIMARY KEY (ws, customer, run, key)
);

CREATE TABLE counters (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  period text COLLATE "C" NOT NULL,
  card_key text COLLATE "C" NOT NULL,
  charge_key text COLLATE "C" NOT NULL,
  cell text COLLATE "C" NOT NULL,
  segments text NOT NULL,        -- card version=quantity,…
  amount numeric NOT NULL,
  PRIMARY KEY (ws, customer, period, card_key, charge_key, cell)
);

CREATE TABLE rollups (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  period text COLLATE "C" NOT NULL,
  agent text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL,
  tool text COLLATE "C" NOT NULL,
  steps bigint NOT NULL,
  unpriced bigint NOT NULL,
  cost numeric NOT NULL,
  charge numeric NOT NULL,
  input_tokens numeric NOT NULL,
  output_tokens numeric NOT NULL,
  PRIMARY KEY (ws, customer, period, agent, kind, provider, model, tool)
);

CREATE TABLE calls (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  run text NOT NULL,
  source text NOT NULL,
  id text NOT NULL,
  PRIMARY KEY (ws, customer, call_id)
);
CREATE INDEX calls_by_id ON calls (ws, call_id);

CREATE TABLE witnesses (
  ws integer NOT NULL,
  run text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  customer text NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  received_at bigint NOT NULL,
  document text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, run, source, id)
);
CREATE INDEX witnesses_by_call ON witnesses (ws, call_id);

CREATE TABLE suspended (
  ws integer NOT NULL,
  run text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  content_hash text NOT NULL,
  received_at bigint NOT NULL,
  document text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, run, source, id)
);

CREATE TABLE conflicts (
  ws integer NOT NULL,
  seq bigint NOT NULL,
  run text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  content_hash text NOT NULL,
  received_at bigint NOT NULL,
  document text NOT NULL,
  settled text,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, seq)
);
CREATE INDEX conflicts_by_identity ON conflicts (ws, run, source, id);

CREATE TABLE periods (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  period text COLLATE "C" NOT NULL,
  closed_at bigint NOT NULL,
  statement_id text NOT NULL,
  PRIMARY KEY (ws, customer, period)
);

CREATE TABLE adjustments (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  booked_period text COLLATE "C" NOT NULL,
  origin_period text NOT NULL,
  card_key text NOT NULL,
  charge_key text NOT NULL,
  cell text NOT NULL,
  amount numeric NOT NULL,
  reason text NOT NULL,
  run text NOT NULL,
  source text NOT NULL,
  id text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, customer, seq)
);
CREATE INDEX adjustments_by_period ON adjustments (ws, customer, booked_period);

CREATE TABLE statements (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  period text COLLATE "C" NOT NULL,
  currency text NOT NULL,
  closed_at bigint NOT NULL,
  total text NOT NULL,           -- as the statement prints it, with its zeros
  document text NOT NULL,
  digest text NOT NULL,
  PRIMARY KEY (ws, customer, id)
);
CREATE INDEX statements_by_id ON statements (ws, id);

CREATE TABLE rate_cards (
  ws integer NOT NULL,
  version_id bigint NOT NULL,
  card_key text NOT NULL,
  version bigint NOT NULL,
  effective_from bigint NOT NULL,
  recorded_at bigint NOT NULL,
  document text NOT NULL,
  PRIMARY KEY (ws, version_id)
);

CREATE TABLE price_versions (
  ws integer NOT NULL,
  version_id bigint NOT NULL,
  source text NOT NULL,
  effective_from bigint,
  recorded_at bigint NOT NULL,
  document text NOT NULL,
  PRIMARY KEY (ws, version_id)
);

-- Only the SHA-256 of a key is kept.
CREATE TABLE api_keys (
  id text COLLATE "C" PRIMARY KEY,
  hash text NOT NULL UNIQUE,
  workspace text NOT NULL,
  scopes text NOT NULL,
  label text NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint,
  checksum bigint NOT NULL
);
