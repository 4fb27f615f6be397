-- +goose Up
-- Where a library came from that was imported. Until the import is whole the library is
-- marked as deleted, and nobody sees it; one whose import has let its lease run out goes
-- the way of deleted libraries.
CREATE TABLE library_import (
    library_uid TEXT PRIMARY KEY REFERENCES library (uid) ON DELETE CASCADE,
    archive_id  TEXT NOT NULL,
    lease_token TEXT NOT NULL DEFAULT '',
    lease_until TEXT,
    created_at  TEXT NOT NULL,
    finished_at TEXT
);
CREATE INDEX library_import_archive ON library_import (archive_id);

-- +goose Down
DROP TABLE library_import;
