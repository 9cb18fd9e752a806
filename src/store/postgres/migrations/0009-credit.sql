-- Tollgate, PostgreSQL store, schema 9: prepaid credit. What moved is in the journal.
CREATE TABLE credit_books (
  ws integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  -- When the next grant ends for good; NULL: none does.
  due_at bigint,
  -- Whether a rule may ask for a payment, or one is awaited.
  watched boolean NOT NULL,
  document text NOT NULL,
  checksum bigint NOT NULL,
  PRIMARY KEY (ws, customer)
);
CREATE INDEX credit_books_due ON credit_books (ws, due_at) WHERE due_at IS NOT NULL;
-- Who stands above a customer, as JSON; NULL: nobody.
ALTER TABLE customers ADD COLUMN parent text;
CREATE INDEX customers_by_parent ON customers (ws, ((parent::json) ->> 'id'))
  WHERE parent IS NOT NULL;
