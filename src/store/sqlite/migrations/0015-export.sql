-- Tollgate, embedded store, schema 15: lines for billing systems, and the secrets of targets.
CREATE TABLE export_lines (
  ws INTEGER NOT NULL,
  target TEXT NOT NULL,
  key TEXT NOT NULL,         -- UUID of the line's identity
  customer TEXT NOT NULL,
  item TEXT NOT NULL,
  period TEXT NOT NULL,
  no INTEGER NOT NULL,          -- place among the lines of its customer and item
  state TEXT NOT NULL,
  is_open INTEGER NOT NULL,     -- 1: somebody has to do something about it
  due_at INTEGER NOT NULL,
  version INTEGER NOT NULL,     -- counts changes; a change names the one that it follows
  body TEXT NOT NULL,        -- frozen bytes
  document TEXT NOT NULL,    -- all else, as JSON
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, target, customer, item, no)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX export_lines_by_key ON export_lines (ws, key);
CREATE INDEX export_lines_open ON export_lines (ws, target, customer, item, no)
  WHERE is_open = 1;
CREATE INDEX export_lines_by_period ON export_lines (ws, target, customer, item, period, no);

CREATE TABLE export_secrets (
  ws INTEGER NOT NULL,
  target TEXT NOT NULL,
  name TEXT NOT NULL,
  key_id TEXT NOT NULL,      -- which key of the installation it is encrypted with
  sealed TEXT NOT NULL,      -- AES-256-GCM: nonce, ciphertext and tag, base64
  saved_at INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, target, name)
) WITHOUT ROWID, STRICT;
