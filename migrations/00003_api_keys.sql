-- Keys for the JSON API. The key is shown once and kept as a hash; its first characters stay, to recognise it by.
-- A replaced key is kept with the time it ended, and the partial index lets a user have one that works.

-- +goose Up
CREATE TABLE api_keys (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    hash       bytea NOT NULL,
    prefix     text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT api_keys_hash_is_sha256 CHECK (octet_length(hash) = 32)
);
CREATE UNIQUE INDEX api_keys_hash_key ON api_keys (hash);
CREATE UNIQUE INDEX api_keys_one_per_user ON api_keys (user_id) WHERE revoked_at IS NULL;

-- +goose Down
DROP TABLE api_keys;
