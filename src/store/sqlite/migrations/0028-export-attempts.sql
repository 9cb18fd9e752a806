-- Tollgate, embedded store, schema 28: what was sent to billing systems and answered, for support.
CREATE TABLE export_attempts (
  ws INTEGER NOT NULL,
  id TEXT NOT NULL,
  target TEXT NOT NULL,
  is_troubled INTEGER NOT NULL, -- 1: something went otherwise than it should
  at INTEGER NOT NULL,
  document TEXT NOT NULL,       -- lines, requests and answers without secrets, as JSON
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, id)
) WITHOUT ROWID, STRICT;

CREATE INDEX export_attempts_newest ON export_attempts (ws, target, is_troubled, at, id);
CREATE INDEX export_attempts_by_age ON export_attempts (ws, at);
