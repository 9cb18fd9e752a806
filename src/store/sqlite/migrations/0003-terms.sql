-- Tollgate, embedded store, schema 3: cards that customers had before, when customers
-- started, how a card version takes effect and which override it was resolved from.
ALTER TABLE customers ADD COLUMN former_cards TEXT NOT NULL DEFAULT '[]';
ALTER TABLE customers ADD COLUMN started_at INTEGER NOT NULL DEFAULT 0;
UPDATE customers SET started_at = created_at;
ALTER TABLE rate_cards ADD COLUMN takes_effect TEXT NOT NULL DEFAULT 'at_once';
ALTER TABLE rate_cards ADD COLUMN override TEXT;
ALTER TABLE rate_cards ADD COLUMN base_version_id INTEGER;
