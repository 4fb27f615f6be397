-- +goose Up
-- The language that a document is written in, as a BCP 47 tag; empty: not known, or read
-- before this was noted.
ALTER TABLE item ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE item_generation ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- Searches are narrowed to documents without reading each one's row.
CREATE INDEX item_filter ON item (library_uid, content_type, language, updated_at, uid)
    WHERE deleted_at IS NULL AND generation > 0;

-- +goose Down
DROP INDEX item_filter;
ALTER TABLE item_generation DROP COLUMN language;
ALTER TABLE item DROP COLUMN language;
