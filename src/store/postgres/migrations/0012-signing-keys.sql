-- Tollgate, PostgreSQL store, schema 12: keys of this installation that sign receipts.
CREATE TABLE signing_keys (
  id text COLLATE "C" PRIMARY KEY,
  public_key text NOT NULL,      -- Ed25519, SPKI in base64
  private_key text NOT NULL,     -- Ed25519, PKCS #8 in base64
  created_at bigint NOT NULL,
  retired_at bigint,
  checksum bigint NOT NULL
);
