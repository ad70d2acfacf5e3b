-- The ledger is append-only; the balance is one row a user, so that reading and spending cost the same however long the
-- ledger is. The database itself refuses a balance below zero and a second entry for one business fact.

-- +goose Up
CREATE TABLE credit_balances (
    user_id   uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    balance   bigint NOT NULL DEFAULT 0,
    refill_at timestamptz NOT NULL,
    CONSTRAINT credit_balances_never_negative CHECK (balance >= 0)
);

CREATE TABLE credit_entries (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    amount        bigint NOT NULL,
    kind          text NOT NULL,
    key           text NOT NULL,
    source        text NOT NULL DEFAULT '',
    shortfall     bigint NOT NULL DEFAULT 0,
    balance_after bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT credit_entries_kind_known CHECK (kind IN ('plan_grant', 'purchase', 'weekly_refill', 'spend', 'refund')),
    CONSTRAINT credit_entries_say_something CHECK (amount <> 0 OR shortfall > 0),
    CONSTRAINT credit_entries_shortfall_not_negative CHECK (shortfall >= 0),
    CONSTRAINT credit_entries_balance_not_negative CHECK (balance_after >= 0)
);
CREATE UNIQUE INDEX credit_entries_key_key ON credit_entries (key);
CREATE INDEX credit_entries_user_id_idx ON credit_entries (user_id, id DESC);
CREATE INDEX credit_entries_source_idx ON credit_entries (source) WHERE source <> '';

-- +goose StatementBegin
CREATE FUNCTION credit_entries_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'credit_entries is append-only: correct an entry with another one';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER credit_entries_are_final BEFORE UPDATE ON credit_entries
    FOR EACH ROW EXECUTE FUNCTION credit_entries_are_final();

-- +goose Down
DROP TABLE credit_entries;
DROP FUNCTION credit_entries_are_final;
DROP TABLE credit_balances;
