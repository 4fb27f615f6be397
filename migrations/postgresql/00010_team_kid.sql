-- +goose Up
-- The key that signed a team's JWT; empty: minted before this was noted.
ALTER TABLE team ADD COLUMN active_kid TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE team DROP COLUMN active_kid;
