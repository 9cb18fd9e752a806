-- Tollgate, PostgreSQL store, schema 2: administrative acts are found by what they changed.
CREATE INDEX journal_by_act ON journal (ws, source, id, seq) WHERE run = '';
