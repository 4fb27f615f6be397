-- +goose Up
-- mnemosyne: deferrable
-- Lists and counts by status read nothing but the index.
CREATE INDEX ingest_job_status ON ingest_job (library_uid, status, created_at, id);

-- +goose Down
DROP INDEX ingest_job_status;
