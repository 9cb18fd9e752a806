-- Tollgate, embedded store, schema 12: keys of this installation that sign receipts.
CREATE TABLE signing_keys (
  id TEXT PRIMARY KEY,
  public_key TEXT NOT NULL,      -- Ed25519, SPKI in base64
  private_key TEXT NOT NULL,     -- Ed25519, PKCS #8 in base64
  created_at INTEGER NOT NULL,
  retired_at INTEGER,
  checksum INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
