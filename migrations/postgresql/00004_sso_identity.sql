-- +goose Up
-- Who an account is at a sign-on server. An account may be known by several, as after
-- the server has moved to another address.
CREATE TABLE sso_identity (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX sso_identity_user ON sso_identity (user_id);

-- +goose Down
DROP TABLE sso_identity;
