-- +goose Up
-- The document that a reindex is at: no job of it is begun meanwhile. The failures are
-- a JSON array of the documents that a task went past, and why.
ALTER TABLE index_task ADD COLUMN at_item TEXT NOT NULL DEFAULT '';
ALTER TABLE index_task ADD COLUMN failures TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE index_task DROP COLUMN failures;
ALTER TABLE index_task DROP COLUMN at_item;
