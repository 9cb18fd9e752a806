-- Tollgate, embedded store, schema 35: statements are listed by pages, and those of one customer
-- are found without those of others. The first index has all that a list tells, so that no page
-- reads documents, which may have thousands of lines each.
CREATE INDEX statements_in_order
  ON statements (ws, period DESC, customer, closed_at DESC, id, currency, total, digest);
CREATE INDEX statements_by_customer ON statements (ws, customer, period DESC, closed_at DESC, id);
-- What waits for its customer is listed by pages as well.
CREATE INDEX suspended_by_arrival ON suspended (ws, seq);
-- What people have booked for a customer is found without all that usage caused.
CREATE INDEX adjustments_by_hand ON adjustments (ws, customer, seq) WHERE run = '';
