-- Tollgate, PostgreSQL store, schema 35: statements are listed by pages. Those of one customer
-- stand together by their key.
CREATE INDEX statements_in_order ON statements (ws, period DESC, customer, closed_at DESC, id);
-- What waits for its customer is listed by pages as well.
CREATE INDEX suspended_by_arrival ON suspended (ws, seq);
-- What people have booked for a customer is found without all that usage caused.
CREATE INDEX adjustments_by_hand ON adjustments (ws, customer, seq) WHERE run = '';
-- What is booked in a period is read by pages, in the order in which it was.
DROP INDEX adjustments_by_period;
CREATE INDEX adjustments_by_period ON adjustments (ws, customer, booked_period, seq);
