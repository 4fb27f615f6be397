-- +goose Up
-- Migrations that programs must know to run on this schema. One that takes away or
-- changes what the programs before it use writes its own row; docs/upgrade.md says when.
CREATE TABLE schema_break (
    version BIGINT PRIMARY KEY,                  -- the migration's number
    reason  TEXT NOT NULL                        -- one sentence, shown to the operator
);

-- +goose Down
DROP TABLE schema_break;
