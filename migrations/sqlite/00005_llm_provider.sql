-- +goose Up
CREATE TABLE llm_provider (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL UNIQUE,             -- in lower case
    api        TEXT NOT NULL CHECK (api IN ('openai', 'vllm', 'tei')),
    base_url   TEXT NOT NULL,
    api_key    TEXT NOT NULL DEFAULT '',         -- a Fernet token; empty: it wants none
    key_hint   TEXT NOT NULL DEFAULT '',         -- the key's last characters
    is_active  BOOLEAN NOT NULL DEFAULT TRUE,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE TABLE llm_model (
    id              TEXT PRIMARY KEY,
    provider_id     TEXT NOT NULL REFERENCES llm_provider (id) ON DELETE CASCADE,
    purpose         TEXT NOT NULL CHECK (purpose IN ('embedding', 'rerank', 'chat')),
    name            TEXT NOT NULL,               -- as the provider calls it
    dimensions      BIGINT NOT NULL DEFAULT 0,   -- vectors are cut to; 0: as they come
    max_tokens      BIGINT NOT NULL DEFAULT 0,   -- of a passage; 0: what the provider says
    query_prompt    TEXT NOT NULL DEFAULT '',
    document_prompt TEXT NOT NULL DEFAULT '',
    space           TEXT NOT NULL DEFAULT '',    -- of its vectors, once it was tested
    is_default      BOOLEAN NOT NULL DEFAULT FALSE,
    created_at      TEXT NOT NULL
);
CREATE UNIQUE INDEX llm_model_once ON llm_model (provider_id, purpose, name, dimensions);
CREATE UNIQUE INDEX llm_model_default ON llm_model (purpose) WHERE is_default;

-- +goose Down
DROP TABLE llm_model;
DROP TABLE llm_provider;
