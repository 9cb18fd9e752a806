-- Tollgate, embedded store, schema 17: messages about alerts on their way to routes.
CREATE TABLE alert_cursors (
  ws INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,          -- alerts up to it have become deliveries
  checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE alert_deliveries (
  ws INTEGER NOT NULL,
  id TEXT NOT NULL,
  route TEXT NOT NULL,
  state TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  document TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, id)
) WITHOUT ROWID, STRICT;

CREATE INDEX alert_deliveries_due ON alert_deliveries (ws, next_at, id) WHERE state = 'ready';
CREATE INDEX alert_deliveries_by_age ON alert_deliveries (ws, created_at, id);
CREATE INDEX alert_deliveries_taken ON alert_deliveries (ws, route, ended_at)
  WHERE state = 'delivered';

-- What was done of a kind, in order: alerts are read from the journal behind a seq.
CREATE INDEX journal_by_kind ON journal (ws, source, seq) WHERE run = '';
