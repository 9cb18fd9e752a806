-- Tollgate, PostgreSQL store, schema 15: lines for billing systems, and the secrets of targets.
CREATE TABLE export_lines (
  ws integer NOT NULL,
  target text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,         -- UUID of the line's identity
  customer text COLLATE "C" NOT NULL,
  item text COLLATE "C" NOT NULL,
  period text COLLATE "C" NOT NULL,
  no bigint NOT NULL,          -- place among the lines of its customer and item
  state text COLLATE "C" NOT NULL,
  is_open bigint NOT NULL,     -- 1: somebody has to do something about it
  due_at bigint NOT NULL,
  version bigint NOT NULL,     -- counts changes; a change names the one that it follows
  body text COLLATE "C" NOT NULL,        -- frozen bytes
  document text COLLATE "C" NOT NULL,    -- all else, as JSON
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, target, customer, item, no)
);

CREATE UNIQUE INDEX export_lines_by_key ON export_lines (ws, key);
CREATE INDEX export_lines_open ON export_lines (ws, target, customer, item, no)
  WHERE is_open = 1;
CREATE INDEX export_lines_by_period ON export_lines (ws, target, customer, item, period, no);

CREATE TABLE export_secrets (
  ws integer NOT NULL,
  target text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,      -- which key of the installation it is encrypted with
  sealed text COLLATE "C" NOT NULL,      -- AES-256-GCM: nonce, ciphertext and tag, base64
  saved_at bigint NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, target, name)
);
