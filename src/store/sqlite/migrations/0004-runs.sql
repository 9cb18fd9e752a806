-- Tollgate, embedded store, schema 4: charges that wait for how a run ends, bounds of runs.
ALTER TABLE outcomes ADD COLUMN ending TEXT;
ALTER TABLE runs ADD COLUMN ended_at INTEGER;
-- What the tree was charged by period, period=amount,…; the period alone: all of tree_charge.
ALTER TABLE runs ADD COLUMN charged_in TEXT;
-- What the cap and minimum come to, by period: [[period, card version, agent, cap, minimum], …].
ALTER TABLE runs ADD COLUMN corrections TEXT;
