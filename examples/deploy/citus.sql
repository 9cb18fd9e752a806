-- Distributes the tables of Tollgate by customer with Citus (https://docs.citusdata.com). Run it
-- once, as the owner of the tables, on the coordinator: after a first node has made the schema, and
-- before there is data. It was never run: there is no Citus where Tollgate is tested. Tests hold it
-- against the schema and the statements: each key holds the column that its table is distributed
-- by, and whatever a unit of work asks of such a table names the customer. All shards are asked
-- what falls due of outcomes, by time, and what reports ask of everybody.
--
-- What it does not change: a unit of work locks its workspace's row on the coordinator, so a
-- workspace grows no faster than one server commits
-- (docs/decisions/0138-what-distribution-waits-for.md). It spreads rows, the memory for their
-- indexes, and the reading of reports.

CREATE EXTENSION IF NOT EXISTS citus;

-- By customer: what grows with use. All of a customer lies on one shard.
SELECT create_distributed_table('steps', 'customer');
SELECT create_distributed_table('former_steps', 'customer', colocate_with => 'steps');
SELECT create_distributed_table('outcomes', 'customer', colocate_with => 'steps');
SELECT create_distributed_table('counters', 'customer', colocate_with => 'steps');
SELECT create_distributed_table('rollups', 'customer', colocate_with => 'steps');
SELECT create_distributed_table('periods', 'customer', colocate_with => 'steps');
SELECT create_distributed_table('adjustments', 'customer', colocate_with => 'steps');
SELECT create_distributed_table('statements', 'customer', colocate_with => 'steps');

-- On every server: small, read with everything, and changed by acts alone.
SELECT create_reference_table('rate_cards');
SELECT create_reference_table('price_versions');

-- On the coordinator, as they are. The lock, the chain and the journal, in the workspace's order:
--   workspaces, chain, journal
-- the binding of a run to its customer and month, looked up once for each run of a unit, and what
-- waits for it or is found before a customer is known:
--   runs, former_runs, former_outcomes, calls, witnesses, suspended, conflicts
-- customers, which are found by who pays for them, too:
--   customers
-- budgets, which may stand for a whole workspace or agent, and what holds set aside in them:
--   budgets, budget_limits, budget_balances, budget_held, holds, stops, overruns
-- credit, of which a unit asks what has fallen due, of whomever:
--   credit_books
-- messages and lines on their way out, and what belongs to the installation:
--   alert_cursors, alert_deliveries, live_notes, touched, export_lines, export_attempts
--   export_secrets, api_keys, signing_keys
--   installation, leases, moved_tables, tollgate_schema
