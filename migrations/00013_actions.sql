-- Who did what: the customer on our pages, the operator by a command, the product by itself. Together with Stripe's
-- events, the ledger and the outbox it is a customer's timeline. Rows are written where the thing is done, in its
-- transaction where there is one, and never changed. user_id is null when what was done concerns nobody known here, such
-- as an event of a customer of somebody else's.
-- The partial indexes are for the operator's lists. They take in finished events and entries that are not spends alone,
-- so that taking in a webhook and spending a credit pay nothing for them.

-- +goose Up
CREATE TABLE actions (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    actor   text NOT NULL,
    name    text NOT NULL,
    object  text NOT NULL DEFAULT '',
    detail  text NOT NULL DEFAULT '',
    at      timestamptz NOT NULL,
    CONSTRAINT actions_actor_known CHECK (actor IN ('customer', 'operator', 'system')),
    CONSTRAINT actions_name_given CHECK (name <> '')
);
CREATE INDEX actions_user_id_idx ON actions (user_id, at);
CREATE INDEX actions_object_idx ON actions (object, at) WHERE object <> '';

CREATE INDEX stripe_events_type_idx ON stripe_events (type text_pattern_ops, received_at) WHERE state IN ('processed', 'failed');
CREATE INDEX credit_entries_but_spends_idx ON credit_entries (user_id, id) WHERE kind <> 'spend';

-- +goose Down
DROP INDEX credit_entries_but_spends_idx;
DROP INDEX stripe_events_type_idx;
DROP TABLE actions;
