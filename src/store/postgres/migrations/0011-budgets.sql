-- Tollgate, PostgreSQL store, schema 11: budgets, what they came to, holds and stops.
-- Levels are whole numbers in the scale of the budget's measure: 33 places for money, else 9.
CREATE TABLE budgets (
  ws integer NOT NULL,
  id bigint NOT NULL,
  counts_from bigint NOT NULL,
  retired_at bigint,
  key text COLLATE "C" NOT NULL,
  document text NOT NULL,
  PRIMARY KEY (ws, id)
);

-- A limit that one scope was given in place of the budget's.
CREATE TABLE budget_limits (
  ws integer NOT NULL,
  budget_id bigint NOT NULL,
  scope text COLLATE "C" NOT NULL,
  level numeric NOT NULL,
  PRIMARY KEY (ws, budget_id, scope)
);

CREATE TABLE budget_balances (
  ws integer NOT NULL,
  budget_id bigint NOT NULL,
  scope text COLLATE "C" NOT NULL,
  window_key text COLLATE "C" NOT NULL,
  settled numeric NOT NULL,
  stages_told bigint NOT NULL,
  granted_at bigint NOT NULL,
  PRIMARY KEY (ws, budget_id, scope, window_key)
);

-- What the holds that count set aside of a balance: their sum, kept in the same transaction.
CREATE TABLE budget_held (
  ws integer NOT NULL,
  budget_id bigint NOT NULL,
  scope text COLLATE "C" NOT NULL,
  window_key text COLLATE "C" NOT NULL,
  level numeric NOT NULL,
  PRIMARY KEY (ws, budget_id, scope, window_key)
);

CREATE TABLE holds (
  ws integer NOT NULL,
  run text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  hold_id text NOT NULL,
  state text NOT NULL,
  customer text COLLATE "C" NOT NULL,
  call_id text COLLATE "C",
  content_hash text NOT NULL,
  granted_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  on_expiry text NOT NULL,
  cost numeric NOT NULL,
  charge numeric NOT NULL,
  currency text,
  max_output bigint,
  clamped bigint NOT NULL,
  reserves text NOT NULL,        -- JSON: [budget, scope, window, level] each
  document text NOT NULL,        -- the step as it is taken to be should nobody record it
  ended_at bigint,
  settled_run text COLLATE "C",  -- the step that settled it, where it is not its own
  settled_source text COLLATE "C",
  settled_id text COLLATE "C",
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, run, source, id)
);
CREATE INDEX holds_counting ON holds (ws, expires_at) WHERE state = 'open';
CREATE INDEX holds_by_call ON holds (ws, call_id)
  WHERE call_id IS NOT NULL AND state = 'open';
CREATE INDEX holds_by_settler ON holds (ws, settled_run, settled_source, settled_id)
  WHERE settled_id IS NOT NULL;

CREATE TABLE stops (
  ws integer NOT NULL,
  scope_kind text COLLATE "C" NOT NULL,
  scope text COLLATE "C" NOT NULL,
  document text NOT NULL,
  PRIMARY KEY (ws, scope_kind, scope)
);

-- Changes of max(0, settled - limit): what was settled above a limit, by what caused it.
CREATE TABLE overruns (
  ws integer NOT NULL,
  seq bigint NOT NULL,
  budget_id bigint NOT NULL,
  scope text COLLATE "C" NOT NULL,
  window_key text COLLATE "C" NOT NULL,
  run text NOT NULL,
  source text NOT NULL,
  id text NOT NULL,
  cause text NOT NULL,
  level numeric NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, budget_id, scope, window_key, seq)
);
