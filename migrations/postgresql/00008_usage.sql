-- +goose Up
ALTER TABLE team ADD COLUMN last_used_at TIMESTAMPTZ;

ALTER TABLE search_log ADD COLUMN outcome TEXT NOT NULL DEFAULT 'ok';
UPDATE search_log SET outcome = CASE
    WHEN legs = '{}' AND libraries > 0 THEN 'error'
    WHEN legs LIKE '%"failed"%' OR legs LIKE '%"timeout"%' THEN 'degraded'
    ELSE 'ok' END;
CREATE INDEX search_log_user ON search_log (user_id, at, id);
CREATE INDEX ingest_job_user ON ingest_job (user_id, finished_at) WHERE finished_at IS NOT NULL;

-- Sums over hours and days (span), written together with the rows that they sum up:
-- adding up a million rows takes seconds. The user is '' where nobody is signed in.
CREATE TABLE search_usage (
    span            TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    at              TIMESTAMPTZ NOT NULL,                 -- its beginning, in UTC
    user_id         TEXT NOT NULL,
    credential_kind TEXT NOT NULL,
    credential      TEXT NOT NULL,               -- masked; '' for kinds that have no name
    searches        BIGINT NOT NULL,
    without_hits    BIGINT NOT NULL,             -- and whole: neither degraded nor failed
    degraded        BIGINT NOT NULL,
    failed          BIGINT NOT NULL,
    took_ms         BIGINT NOT NULL,
    PRIMARY KEY (user_id, span, at, credential_kind, credential)
);
CREATE INDEX search_usage_at ON search_usage (span, at);
CREATE TABLE search_library_usage (
    span        TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    at          TIMESTAMPTZ NOT NULL,
    user_id     TEXT NOT NULL,
    library_uid TEXT NOT NULL,                   -- no reference: usage outlives the library
    searches    BIGINT NOT NULL,                 -- that the library had a hit for
    hits        BIGINT NOT NULL,
    PRIMARY KEY (user_id, span, at, library_uid)
);
CREATE INDEX search_library_usage_at ON search_library_usage (span, at);
CREATE TABLE model_usage (
    span     TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    at       TIMESTAMPTZ NOT NULL,
    user_id  TEXT NOT NULL,
    purpose  TEXT NOT NULL,
    provider TEXT NOT NULL,
    model    TEXT NOT NULL,
    calls    BIGINT NOT NULL,
    items    BIGINT NOT NULL,
    tokens   BIGINT NOT NULL,
    took_ms  BIGINT NOT NULL,
    PRIMARY KEY (user_id, span, at, purpose, provider, model)
);
CREATE INDEX model_usage_at ON model_usage (span, at);

INSERT INTO search_usage (span, at, user_id, credential_kind, credential, searches, without_hits, degraded, failed, took_ms)
    SELECT 'day', date_trunc('day', at, 'UTC'), COALESCE(user_id, ''), credential_kind,
        CASE WHEN credential_kind IN ('user_token', 'team') THEN credential ELSE '' END,
        COUNT(*), SUM(CASE WHEN hits = 0 AND outcome = 'ok' THEN 1 ELSE 0 END),
        SUM(CASE WHEN outcome = 'degraded' THEN 1 ELSE 0 END), SUM(CASE WHEN outcome = 'error' THEN 1 ELSE 0 END), SUM(took_ms)
    FROM search_log GROUP BY 2, 3, 4, 5;
INSERT INTO model_usage (span, at, user_id, purpose, provider, model, calls, items, tokens, took_ms)
    SELECT 'day', date_trunc('day', at, 'UTC'), COALESCE(user_id, ''), purpose, provider, model, COUNT(*), SUM(items), SUM(tokens), SUM(took_ms)
    FROM llm_usage GROUP BY 2, 3, 4, 5, 6;

-- +goose Down
DROP TABLE model_usage;
DROP TABLE search_library_usage;
DROP TABLE search_usage;
DROP INDEX ingest_job_user;
DROP INDEX search_log_user;
ALTER TABLE search_log DROP COLUMN outcome;
ALTER TABLE team DROP COLUMN last_used_at;
