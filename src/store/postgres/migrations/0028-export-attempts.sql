-- Tollgate, PostgreSQL store, schema 28: what was sent to billing systems, and answered by them.
CREATE TABLE export_attempts (
  ws bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  target text COLLATE "C" NOT NULL,
  is_troubled bigint NOT NULL,  -- 1: something went otherwise than it should
  at bigint NOT NULL,
  document text NOT NULL,       -- lines, requests and answers without secrets, as JSON
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, id)
);

CREATE INDEX export_attempts_newest ON export_attempts (ws, target, is_troubled, at, id);
CREATE INDEX export_attempts_by_age ON export_attempts (ws, at);

SELECT tollgate_wall('export_attempts');
