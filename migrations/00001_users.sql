-- People who sign in. The unique index, not a look before the insert, is what keeps one address to one person: two
-- sign-ups at the same moment must give one row, however the address is capitalised.

-- +goose Up
CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         text NOT NULL,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT users_email_plausible CHECK (email LIKE '_%@_%' AND length(email) <= 254)
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

-- +goose Down
DROP TABLE users;
