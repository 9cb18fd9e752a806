-- Tollgate, PostgreSQL store, schema 25: messages about alerts on their way to routes.
CREATE TABLE alert_cursors (
  ws bigint PRIMARY KEY,
  seq bigint NOT NULL,           -- alerts up to it have become deliveries
  checksum bigint NOT NULL
);

CREATE TABLE alert_deliveries (
  ws bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  route text COLLATE "C" NOT NULL,
  state text NOT NULL,
  next_at bigint NOT NULL,
  fence bigint NOT NULL,
  created_at bigint NOT NULL,
  ended_at bigint,
  document text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, id)
);

CREATE INDEX alert_deliveries_due ON alert_deliveries (ws, next_at, id) WHERE state = 'ready';
CREATE INDEX alert_deliveries_by_age ON alert_deliveries (ws, created_at, id);
CREATE INDEX alert_deliveries_taken ON alert_deliveries (ws, route, ended_at)
  WHERE state = 'delivered';

-- What was done of a kind, in order: alerts are read from the journal behind a seq.
CREATE INDEX journal_by_kind ON journal (ws, source, seq) WHERE run = '';

SELECT tollgate_wall('alert_cursors');
SELECT tollgate_wall('alert_deliveries');
