-- +goose Up
CREATE TABLE auth_user (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL UNIQUE,          -- folded; names that look alike are one name
    email         TEXT NOT NULL DEFAULT '',
    password      TEXT NOT NULL DEFAULT '',      -- encoded hash; empty: no local sign-in
    is_superuser  BOOLEAN NOT NULL DEFAULT FALSE,
    is_active     BOOLEAN NOT NULL DEFAULT TRUE,
    created_at    TIMESTAMPTZ NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL,
    last_login_at TIMESTAMPTZ
);
CREATE TABLE auth_group (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE auth_user_group (
    user_id  TEXT NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES auth_group (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE TABLE session (
    id           TEXT PRIMARY KEY,               -- SHA-256 of the cookie
    user_id      TEXT NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    csrf_secret  TEXT NOT NULL,
    data         TEXT NOT NULL DEFAULT '{}',
    address      TEXT NOT NULL DEFAULT '',
    user_agent   TEXT NOT NULL DEFAULT '',
    created_at   TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX session_owner ON session (user_id);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE user_token (
    id                TEXT PRIMARY KEY,
    user_id           TEXT NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    token_hash        TEXT NOT NULL UNIQUE,      -- SHA-256 of the plaintext, hex
    name              TEXT NOT NULL,
    is_active         BOOLEAN NOT NULL DEFAULT TRUE,
    expires_at        TIMESTAMPTZ,
    last_used_at      TIMESTAMPTZ,
    allowed_tools     TEXT NOT NULL DEFAULT '[]',
    allowed_libraries TEXT NOT NULL DEFAULT '[]',
    created_at        TIMESTAMPTZ NOT NULL,
    updated_at        TIMESTAMPTZ NOT NULL
);
CREATE INDEX user_token_user ON user_token (user_id, created_at);
CREATE TABLE mcp_signing_key (
    kid        TEXT PRIMARY KEY,
    secret_hex TEXT NOT NULL,
    is_active  BOOLEAN NOT NULL DEFAULT TRUE,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ
);
CREATE TABLE team (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    owner_id   TEXT NOT NULL REFERENCES auth_user (id),
    active     BOOLEAN NOT NULL DEFAULT TRUE,
    active_jti TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX team_owner ON team (owner_id);
CREATE TABLE team_workspace_assignment (
    team_id      TEXT NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    workspace_id TEXT NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (team_id, workspace_id)
);
CREATE TABLE audit_event (
    id              TEXT PRIMARY KEY,
    at              TIMESTAMPTZ NOT NULL,
    event           TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    user_id         TEXT,
    username        TEXT NOT NULL DEFAULT '',
    credential_kind TEXT NOT NULL DEFAULT '',
    credential      TEXT NOT NULL DEFAULT '',    -- masked
    address         TEXT NOT NULL DEFAULT '',
    request_id      TEXT NOT NULL DEFAULT '',
    detail          TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_event_at ON audit_event (at, id);

CREATE TABLE library (
    uid            TEXT PRIMARY KEY,
    workspace_id   TEXT,
    owner_id       TEXT REFERENCES auth_user (id),
    owner_username TEXT,                         -- null: global
    name           TEXT NOT NULL,
    description    TEXT NOT NULL DEFAULT '',
    library_type   TEXT NOT NULL,
    item_count     BIGINT NOT NULL DEFAULT 0,
    chunk_count    BIGINT NOT NULL DEFAULT 0,
    revision       BIGINT NOT NULL DEFAULT 1,    -- rises with any change
    created_at     TIMESTAMPTZ NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL,
    deleted_at     TIMESTAMPTZ,
    CHECK (workspace_id IS NULL OR owner_username IS NOT NULL)
);
CREATE UNIQUE INDEX library_workspace ON library (owner_username, workspace_id)
    WHERE workspace_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX library_owner ON library (owner_username);
CREATE TABLE library_membership (
    library_uid TEXT NOT NULL REFERENCES library (uid) ON DELETE CASCADE,
    user_id     TEXT NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    role        TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'reader')),
    created_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (library_uid, user_id)
);
CREATE INDEX library_membership_user ON library_membership (user_id);
CREATE TABLE collection (
    uid         TEXT PRIMARY KEY,
    library_uid TEXT NOT NULL REFERENCES library (uid) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    UNIQUE (library_uid, name)
);
CREATE TABLE item (
    uid            TEXT PRIMARY KEY,
    library_uid    TEXT NOT NULL REFERENCES library (uid),
    collection_uid TEXT REFERENCES collection (uid),
    created_by     TEXT REFERENCES auth_user (id),
    title          TEXT NOT NULL DEFAULT '',
    title_given    BOOLEAN NOT NULL DEFAULT FALSE, -- by a person, so extraction leaves it
    source         TEXT NOT NULL DEFAULT '',
    filename       TEXT NOT NULL DEFAULT '',
    file_id        TEXT,
    content_type   TEXT NOT NULL DEFAULT '',
    size_bytes     BIGINT NOT NULL DEFAULT 0,
    content_hash   TEXT NOT NULL DEFAULT '',
    status         TEXT NOT NULL CHECK (status IN ('processing', 'ready', 'failed')),
    error_code     TEXT NOT NULL DEFAULT '',
    error_detail   TEXT NOT NULL DEFAULT '',
    pages          BIGINT,
    chunk_count    BIGINT NOT NULL DEFAULT 0,
    generation     BIGINT NOT NULL DEFAULT 0,    -- the one that readers see; 0: none yet
    last_generation BIGINT NOT NULL DEFAULT 0,   -- the newest one given out
    metadata       TEXT NOT NULL DEFAULT '{}',
    created_at     TIMESTAMPTZ NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL,
    deleted_at     TIMESTAMPTZ
);
CREATE UNIQUE INDEX item_file_id ON item (library_uid, file_id)
    WHERE file_id IS NOT NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX item_filename ON item (library_uid, COALESCE(collection_uid, ''), filename)
    WHERE file_id IS NULL AND deleted_at IS NULL;
CREATE INDEX item_library ON item (library_uid, created_at, uid);
CREATE INDEX item_deleted ON item (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE TABLE item_generation (
    item_uid        TEXT NOT NULL REFERENCES item (uid) ON DELETE CASCADE,
    generation      BIGINT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('staged', 'published', 'retired')),
    original_key    TEXT NOT NULL,               -- object holding the bytes as they came
    text_key        TEXT NOT NULL DEFAULT '',    -- object holding the extracted text
    structure_key   TEXT NOT NULL DEFAULT '',    -- object holding its blocks and pages
    content_hash    TEXT NOT NULL,
    content_type    TEXT NOT NULL DEFAULT '',
    size_bytes      BIGINT NOT NULL,
    pages           BIGINT,
    chunk_count     BIGINT NOT NULL DEFAULT 0,
    title           TEXT NOT NULL DEFAULT '',    -- the document's own
    embedding_space TEXT NOT NULL DEFAULT '',
    created_at      TIMESTAMPTZ NOT NULL,
    published_at    TIMESTAMPTZ,
    PRIMARY KEY (item_uid, generation)
);
CREATE UNIQUE INDEX item_generation_original ON item_generation (original_key);

CREATE TABLE ingest_job (
    id             TEXT PRIMARY KEY,
    library_uid    TEXT NOT NULL REFERENCES library (uid),
    item_uid       TEXT NOT NULL,              -- no reference: a job outlives its item
    generation     BIGINT NOT NULL,
    user_id        TEXT NOT NULL REFERENCES auth_user (id),
    queue          TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    stage          TEXT NOT NULL CHECK (stage IN ('fetching', 'extracting', 'chunking', 'embedding', 'indexing')),
    publishing     BOOLEAN NOT NULL DEFAULT FALSE, -- the index may show the generation: only forward from here
    progress_done  BIGINT NOT NULL DEFAULT 0,
    progress_total BIGINT NOT NULL DEFAULT 0,
    progress_unit  TEXT NOT NULL DEFAULT '',
    workspace_id   TEXT,
    file_id        TEXT,
    filename       TEXT NOT NULL DEFAULT '',
    title          TEXT NOT NULL DEFAULT '',
    source_bucket  TEXT NOT NULL DEFAULT '',
    source_key     TEXT NOT NULL DEFAULT '',
    expected_hash  TEXT NOT NULL DEFAULT '',
    attempts       BIGINT NOT NULL DEFAULT 0,
    crashes        BIGINT NOT NULL DEFAULT 0,
    not_before     TIMESTAMPTZ NOT NULL,              -- backoff: not to be claimed earlier
    lease_token    TEXT,
    lease_until    TIMESTAMPTZ,
    woken_at       TIMESTAMPTZ,                       -- the wake-up was sent, where it outlives the process
    recipe         TEXT NOT NULL DEFAULT '',   -- how the last attempt cut and embedded
    stale          BOOLEAN NOT NULL DEFAULT FALSE, -- what is staged was made by another recipe
    error_code     TEXT NOT NULL DEFAULT '',
    error_detail   TEXT NOT NULL DEFAULT '',
    pages          BIGINT NOT NULL DEFAULT 0,
    chunks         BIGINT NOT NULL DEFAULT 0,
    embedded       BIGINT NOT NULL DEFAULT 0,
    reused         BIGINT NOT NULL DEFAULT 0,
    created_at     TIMESTAMPTZ NOT NULL,
    started_at     TIMESTAMPTZ,
    finished_at    TIMESTAMPTZ,
    updated_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX ingest_job_queued ON ingest_job (queue, not_before, id) WHERE status = 'queued';
CREATE INDEX ingest_job_running ON ingest_job (lease_until) WHERE status = 'running';
CREATE INDEX ingest_job_finished ON ingest_job (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX ingest_job_library ON ingest_job (library_uid, created_at, id);
CREATE UNIQUE INDEX ingest_job_item ON ingest_job (item_uid, generation);
CREATE TABLE job_event (
    job_id  TEXT NOT NULL REFERENCES ingest_job (id) ON DELETE CASCADE,
    seq     BIGINT NOT NULL,
    at      TIMESTAMPTZ NOT NULL,
    status  TEXT NOT NULL,
    stage   TEXT NOT NULL,
    detail  TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job_id, seq)
);

CREATE TABLE search_log (
    id              TEXT PRIMARY KEY,
    at              TIMESTAMPTZ NOT NULL,
    surface         TEXT NOT NULL,
    user_id         TEXT,
    credential_kind TEXT NOT NULL DEFAULT '',
    credential      TEXT NOT NULL DEFAULT '',
    libraries       BIGINT NOT NULL,
    legs            TEXT NOT NULL DEFAULT '{}',
    hits            BIGINT NOT NULL,
    took_ms         BIGINT NOT NULL,
    query           TEXT
);
CREATE INDEX search_log_at ON search_log (at, id);
CREATE TABLE llm_usage (
    id       TEXT PRIMARY KEY,
    at       TIMESTAMPTZ NOT NULL,
    user_id  TEXT,
    purpose  TEXT NOT NULL,
    provider TEXT NOT NULL,
    model    TEXT NOT NULL,
    tokens   BIGINT NOT NULL DEFAULT 0,
    items    BIGINT NOT NULL DEFAULT 0,
    took_ms  BIGINT NOT NULL
);
CREATE INDEX llm_usage_at ON llm_usage (at, id);
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,                      -- facts the program keeps of itself
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE setting;
DROP TABLE llm_usage;
DROP TABLE search_log;
DROP TABLE job_event;
DROP TABLE ingest_job;
DROP TABLE item_generation;
DROP TABLE item;
DROP TABLE collection;
DROP TABLE library_membership;
DROP TABLE library;
DROP TABLE audit_event;
DROP TABLE team_workspace_assignment;
DROP TABLE team;
DROP TABLE mcp_signing_key;
DROP TABLE user_token;
DROP TABLE session;
DROP TABLE auth_user_group;
DROP TABLE auth_group;
DROP TABLE auth_user;
