-- Tollgate, embedded store, schema 29: holds stand in the order in which they were granted. Where
-- they stood by their identity, a row of 700 bytes went into the middle of a page, and often split
-- it; now it is appended, and what finds it by its identity is small.
DROP INDEX holds_counting;
DROP INDEX holds_by_settler;
ALTER TABLE holds RENAME TO former_holds;

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
) STRICT;

INSERT INTO holds SELECT * FROM former_holds ORDER BY granted_at;
DROP TABLE former_holds;

CREATE INDEX holds_counting ON holds (ws, expires_at) WHERE state = 'open';
CREATE INDEX holds_by_settler ON holds (ws, settled_run, settled_source, settled_id)
  WHERE settled_id IS NOT NULL;
