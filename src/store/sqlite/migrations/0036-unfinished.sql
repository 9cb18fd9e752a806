-- Tollgate, embedded store, schema 36: runs whose steps are not yet what a late opening states,
-- which their head says behind char(29), and runs whose customer became known while events waited.
CREATE INDEX runs_unfinished ON runs (ws, customer, id)
  WHERE customer IS NOT NULL AND (instr(head, char(29)) > 0 OR suspended > 0);
