-- +goose Up
-- Documents that were taken in before concepts were looked for get them from their chunks
-- the next time their library's index is looked after.
ALTER TABLE item_generation ADD COLUMN lacks_concepts BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE item_generation SET lacks_concepts = TRUE;
CREATE INDEX item_generation_lacks_concepts ON item_generation (item_uid, generation) WHERE lacks_concepts;

-- +goose Down
DROP INDEX item_generation_lacks_concepts;
ALTER TABLE item_generation DROP COLUMN lacks_concepts;
