-- +goose Up
-- An attachment is an item beside its mail.
ALTER TABLE item ADD COLUMN parent_uid TEXT;  -- of the mail; no reference: a library is imported in any order
ALTER TABLE item ADD COLUMN attachment TEXT NOT NULL DEFAULT ''; -- which of the mail's, as 1/report.pdf
DROP INDEX item_filename;
CREATE UNIQUE INDEX item_filename ON item (library_uid, COALESCE(collection_uid, ''), filename)
    WHERE file_id IS NULL AND parent_uid IS NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX item_attachment ON item (library_uid, parent_uid, attachment)
    WHERE parent_uid IS NOT NULL AND deleted_at IS NULL;
ALTER TABLE ingest_job ADD COLUMN attachments BIGINT NOT NULL DEFAULT 0;

-- What was found in a mail whose generation is not published yet. Publishing it makes items
-- of these, in the same transaction.
CREATE TABLE found_attachment (
    item_uid     TEXT NOT NULL,
    generation   BIGINT NOT NULL,
    number       BIGINT NOT NULL,                -- its place in the mail, from 1
    attachment   TEXT NOT NULL,
    filename     TEXT NOT NULL,
    original_key TEXT NOT NULL,                  -- object holding its bytes
    content_hash TEXT NOT NULL,
    size_bytes   BIGINT NOT NULL,
    metadata     TEXT NOT NULL,
    PRIMARY KEY (item_uid, generation, number),
    FOREIGN KEY (item_uid, generation) REFERENCES item_generation (item_uid, generation) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX found_attachment_original ON found_attachment (original_key);

-- +goose Down
DROP TABLE found_attachment;
ALTER TABLE ingest_job DROP COLUMN attachments;
DROP INDEX item_attachment;
DROP INDEX item_filename;
CREATE UNIQUE INDEX item_filename ON item (library_uid, COALESCE(collection_uid, ''), filename)
    WHERE file_id IS NULL AND deleted_at IS NULL;
ALTER TABLE item DROP COLUMN attachment;
ALTER TABLE item DROP COLUMN parent_uid;
