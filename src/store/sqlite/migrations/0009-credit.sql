-- Tollgate, embedded store, schema 9: prepaid credit. What moved is in the journal.
CREATE TABLE credit_books (
  ws       INTEGER NOT NULL,
  customer TEXT    NOT NULL,
  -- When the next grant ends for good; NULL: none does.
  due_at   INTEGER,
  -- 1 where a rule may ask for a payment, or one is awaited.
  watched  INTEGER NOT NULL,
  document TEXT    NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (ws, customer)
) STRICT, WITHOUT ROWID;
CREATE INDEX credit_books_due ON credit_books (ws, due_at) WHERE due_at IS NOT NULL;
-- Who stands above a customer, as JSON; NULL: nobody.
ALTER TABLE customers ADD COLUMN parent TEXT;
-- Guarded, so that a row whose text was altered can still be read, and named.
CREATE INDEX customers_by_parent
  ON customers (ws, CASE WHEN json_valid(parent) THEN json_extract(parent, '$.id') END)
  WHERE parent IS NOT NULL;
