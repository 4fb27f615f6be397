-- +goose Up
-- How jobs ended, by hours and days (span), written together with their end: adding up the
-- jobs of a quarter takes longer than a page may.
CREATE TABLE ingest_usage (
    span        TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    at          TIMESTAMPTZ NOT NULL,            -- its beginning, in UTC
    user_id     TEXT NOT NULL,
    library_uid TEXT NOT NULL,                   -- no reference: usage outlives the library
    status      TEXT NOT NULL,
    error_code  TEXT NOT NULL,
    jobs        BIGINT NOT NULL,
    chunks      BIGINT NOT NULL,
    bytes       BIGINT NOT NULL,
    PRIMARY KEY (user_id, span, at, library_uid, status, error_code)
);
CREATE INDEX ingest_usage_at ON ingest_usage (span, at);
INSERT INTO ingest_usage (span, at, user_id, library_uid, status, error_code, jobs, chunks, bytes)
    SELECT 'day', date_trunc('day', j.finished_at, 'UTC'), j.user_id, j.library_uid, j.status, j.error_code,
        COUNT(*), SUM(j.chunks), SUM(COALESCE(g.size_bytes, 0))
    FROM ingest_job j LEFT JOIN item_generation g ON g.item_uid = j.item_uid AND g.generation = j.generation
    WHERE j.finished_at IS NOT NULL AND j.status IN ('done', 'failed') GROUP BY 2, 3, 4, 5, 6;
DROP INDEX ingest_job_user;

-- The embedding spaces in use are stepped through, and not gathered from every document.
CREATE INDEX item_generation_space ON item_generation (embedding_space, item_uid) WHERE status = 'published';

-- How long the oldest job waits is told without reading all that wait.
CREATE INDEX ingest_job_open ON ingest_job (status, created_at) WHERE finished_at IS NULL;

-- What one person did is read newest first.
CREATE INDEX audit_event_username ON audit_event (username, at, id);

-- +goose Down
DROP INDEX audit_event_username;
DROP INDEX ingest_job_open;
DROP INDEX item_generation_space;
CREATE INDEX ingest_job_user ON ingest_job (user_id, finished_at) WHERE finished_at IS NOT NULL;
DROP TABLE ingest_usage;
