-- +goose Up
-- mnemosyne: deferrable
-- A page of a library's documents by name or by size reads a page of rows, and the
-- size of a collection is counted without reading the whole library.
CREATE INDEX item_library_title ON item (library_uid, LOWER(title), uid) WHERE deleted_at IS NULL;
CREATE INDEX item_library_size ON item (library_uid, size_bytes, uid) WHERE deleted_at IS NULL;
CREATE INDEX item_collection ON item (collection_uid) WHERE collection_uid IS NOT NULL;

-- +goose Down
DROP INDEX item_collection;
DROP INDEX item_library_size;
DROP INDEX item_library_title;
