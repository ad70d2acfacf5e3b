-- A user has several keys, each with a name. Every key that was not revoked has one of 25 slots: the index, and not a count
-- before the insert, is what bounds their number. A program of the version before this one makes a key that is named 'default'.
-- last_used_at is written by the minute and not by the request.

-- +goose Up
ALTER TABLE api_keys
    ADD COLUMN name         text NOT NULL DEFAULT 'default',
    ADD COLUMN slot         smallint NOT NULL DEFAULT 1,
    ADD COLUMN expires_at   timestamptz,
    ADD COLUMN last_used_at timestamptz,
    ADD CONSTRAINT api_keys_name_fits CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 60),
    ADD CONSTRAINT api_keys_slot_known CHECK (slot BETWEEN 1 AND 25),
    ADD CONSTRAINT api_keys_expire_after_they_are_made CHECK (expires_at > created_at);
CREATE UNIQUE INDEX api_keys_name_key ON api_keys (user_id, lower(name)) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX api_keys_slot_key ON api_keys (user_id, slot) WHERE revoked_at IS NULL;
DROP INDEX api_keys_one_per_user;

-- +goose Down
UPDATE api_keys k SET revoked_at = now()
WHERE revoked_at IS NULL
  AND (expires_at <= now() OR EXISTS (SELECT FROM api_keys n WHERE n.user_id = k.user_id AND n.revoked_at IS NULL AND n.id > k.id));
DROP INDEX api_keys_slot_key;
DROP INDEX api_keys_name_key;
ALTER TABLE api_keys
    DROP CONSTRAINT api_keys_expire_after_they_are_made,
    DROP CONSTRAINT api_keys_slot_known,
    DROP CONSTRAINT api_keys_name_fits,
    DROP COLUMN last_used_at,
    DROP COLUMN expires_at,
    DROP COLUMN slot,
    DROP COLUMN name;
CREATE UNIQUE INDEX api_keys_one_per_user ON api_keys (user_id) WHERE revoked_at IS NULL;
