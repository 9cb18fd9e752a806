-- Tollgate, PostgreSQL store, schema 3: cards that customers had before, when customers
-- started, how a card version takes effect and which override it was resolved from.
ALTER TABLE customers ADD COLUMN former_cards text NOT NULL DEFAULT '[]';
ALTER TABLE customers ADD COLUMN started_at bigint NOT NULL DEFAULT 0;
UPDATE customers SET started_at = created_at;
ALTER TABLE rate_cards ADD COLUMN takes_effect text NOT NULL DEFAULT 'at_once';
ALTER TABLE rate_cards ADD COLUMN override text;
ALTER TABLE rate_cards ADD COLUMN base_version_id bigint;
