-- +goose Up
-- The embedding space that searches of a library use; empty: the only one. The other
-- is filled beside it, or after the switch was the one before.
ALTER TABLE library ADD COLUMN embedding_space TEXT NOT NULL DEFAULT '';
ALTER TABLE library ADD COLUMN other_space TEXT NOT NULL DEFAULT '';
ALTER TABLE library ADD COLUMN space_switched BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE index_task (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('reindex', 'reembed')),
    library_uid  TEXT NOT NULL REFERENCES library (uid) ON DELETE CASCADE,
    space        TEXT NOT NULL DEFAULT '',       -- reembed: the one to fill
    everything   BOOLEAN NOT NULL DEFAULT FALSE, -- reindex: what is whole, too
    status       TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    position     TEXT NOT NULL DEFAULT '',       -- the last item done
    done         BIGINT NOT NULL DEFAULT 0,
    total        BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0,      -- since it last came further
    not_before   TEXT NOT NULL,
    lease_token  TEXT,
    lease_until  TEXT,
    error_detail TEXT NOT NULL DEFAULT '',
    created_at   TEXT NOT NULL,
    started_at   TEXT,
    finished_at  TEXT,
    updated_at   TEXT NOT NULL
);
CREATE UNIQUE INDEX index_task_open ON index_task (library_uid, kind) WHERE status IN ('queued', 'running');
CREATE INDEX index_task_due ON index_task (not_before, id) WHERE status = 'queued';
CREATE INDEX index_task_running ON index_task (lease_until) WHERE status = 'running';

-- +goose Down
DROP TABLE index_task;
ALTER TABLE library DROP COLUMN space_switched;
ALTER TABLE library DROP COLUMN other_space;
ALTER TABLE library DROP COLUMN embedding_space;
