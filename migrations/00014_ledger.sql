-- The database itself keeps balance and ledger together: a balance moves only by entries, in the same statement, and an entry
-- that does not say the balance it leads to is refused. Spends have no business key of their own, so the key may be missing
-- there; and the ledger refers to its balance through that statement, which costs a spend less than a foreign key.
--
-- due_at is when credits next come or expire by themselves; until then the row is the whole truth. drawn is what was spent
-- since it was last decided which credits that took: those that expire first. held is what open reservations keep.

-- +goose Up
ALTER TABLE credit_balances
    ADD COLUMN held bigint NOT NULL DEFAULT 0,
    ADD COLUMN drawn bigint NOT NULL DEFAULT 0,
    ADD COLUMN due_at timestamptz,
    ADD CONSTRAINT credit_balances_held_is_there CHECK (held BETWEEN 0 AND GREATEST(balance, 0)),
    ADD CONSTRAINT credit_balances_drawn_not_negative CHECK (drawn >= 0),
    SET (fillfactor = 60);

DROP INDEX credit_entries_source_idx;
DROP INDEX credit_entries_key_key;
ALTER TABLE credit_entries
    ADD COLUMN reason text NOT NULL DEFAULT '',
    ALTER COLUMN key DROP NOT NULL,
    DROP CONSTRAINT credit_entries_user_id_fkey,
    DROP CONSTRAINT credit_entries_kind_known,
    ADD CONSTRAINT credit_entries_kind_known CHECK (kind IN
        ('plan_grant', 'purchase', 'weekly_refill', 'spend', 'refund', 'dispute', 'adjustment', 'expiry')),
    ADD CONSTRAINT credit_entries_have_a_key CHECK (kind = 'spend' OR key IS NOT NULL),
    ADD CONSTRAINT credit_entries_spends_take CHECK (kind <> 'spend' OR amount < 0),
    ADD CONSTRAINT credit_entries_adjustments_have_a_reason CHECK (kind <> 'adjustment' OR reason <> '');
CREATE UNIQUE INDEX credit_entries_key_key ON credit_entries (key) WHERE key IS NOT NULL;
CREATE INDEX credit_entries_source_idx ON credit_entries (source) WHERE kind IN ('refund', 'dispute');

-- +goose StatementBegin
CREATE FUNCTION credit_entries_move_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    users bigint;
    moved bigint;
BEGIN
    SELECT count(DISTINCT user_id) INTO users FROM added;
    UPDATE credit_balances b SET balance = m.after, drawn = b.drawn + m.spent
    FROM (SELECT user_id, sum(amount)::bigint AS amount, sum(CASE WHEN kind = 'spend' THEN -amount ELSE 0 END)::bigint AS spent,
                 (max(ARRAY[id, balance_after]))[2] AS after -- the last entry's
          FROM added GROUP BY user_id) m
    WHERE b.user_id = m.user_id AND b.balance + m.amount = m.after;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> users THEN
        RAISE EXCEPTION 'credit_entries: an entry does not lead to the balance it names' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER credit_entries_move_balances AFTER INSERT ON credit_entries REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION credit_entries_move_balances();

-- +goose StatementBegin
CREATE FUNCTION credit_balances_move_by_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'credit_balances: a balance moves by ledger entries alone' USING ERRCODE = 'check_violation';
END
$$;
-- +goose StatementEnd
-- For each statement, not for each row: every spend would pay for the latter.
CREATE TRIGGER credit_balances_move_by_entries BEFORE UPDATE OF balance ON credit_balances FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION credit_balances_move_by_entries();
CREATE TRIGGER credit_balances_begin_empty BEFORE INSERT ON credit_balances FOR EACH ROW
    WHEN (NEW.balance <> 0) EXECUTE FUNCTION credit_balances_move_by_entries();

-- Entries go when their user does, and not before.
-- +goose StatementBegin
CREATE FUNCTION credit_entries_go_with_the_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM credit_entries WHERE user_id = OLD.user_id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER credit_entries_go_with_the_user AFTER DELETE ON credit_balances
    FOR EACH ROW EXECUTE FUNCTION credit_entries_go_with_the_user();
CREATE TRIGGER credit_entries_stay BEFORE DELETE ON credit_entries FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION credit_entries_are_final();

-- Credits that are set aside for work whose cost is known afterwards. They stay in the balance and are spent or given free.
CREATE TABLE credit_reservations (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES credit_balances ON DELETE CASCADE,
    amount     bigint NOT NULL,
    reason     text NOT NULL DEFAULT '',
    source     text NOT NULL DEFAULT '',
    state      text NOT NULL DEFAULT 'open',
    spent      bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    CONSTRAINT credit_reservations_state_known CHECK (state IN ('open', 'committed', 'released', 'expired')),
    CONSTRAINT credit_reservations_amount_positive CHECK (amount > 0),
    CONSTRAINT credit_reservations_end_iff_not_open CHECK ((state = 'open') = (ended_at IS NULL)),
    CONSTRAINT credit_reservations_spend_iff_committed CHECK ((state = 'committed') = (spent > 0) AND spent <= amount)
);
CREATE INDEX credit_reservations_open_idx ON credit_reservations (user_id, expires_at) WHERE state = 'open';

-- Answers that were given under an Idempotency-Key, kept for 24 hours.
CREATE TABLE idempotency_keys (
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    status      integer NOT NULL,
    answer      text NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, key),
    CONSTRAINT idempotency_keys_fingerprint_is_sha256 CHECK (octet_length(fingerprint) = 32)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
DROP TABLE credit_reservations;
DROP TRIGGER credit_entries_stay ON credit_entries;
DROP TRIGGER credit_entries_go_with_the_user ON credit_balances;
DROP FUNCTION credit_entries_go_with_the_user;
DROP TRIGGER credit_balances_begin_empty ON credit_balances;
DROP TRIGGER credit_balances_move_by_entries ON credit_balances;
DROP FUNCTION credit_balances_move_by_entries;
DROP TRIGGER credit_entries_move_balances ON credit_entries;
DROP FUNCTION credit_entries_move_balances;
DROP INDEX credit_entries_source_idx;
DROP INDEX credit_entries_key_key;
ALTER TABLE credit_entries DISABLE TRIGGER credit_entries_are_final;
UPDATE credit_entries SET key = 'spend:' || id WHERE key IS NULL;
UPDATE credit_entries SET kind = CASE kind WHEN 'dispute' THEN 'refund' WHEN 'expiry' THEN 'spend' ELSE 'plan_grant' END
WHERE kind IN ('dispute', 'expiry', 'adjustment');
ALTER TABLE credit_entries ENABLE TRIGGER credit_entries_are_final;
ALTER TABLE credit_entries
    DROP CONSTRAINT credit_entries_adjustments_have_a_reason,
    DROP CONSTRAINT credit_entries_spends_take,
    DROP CONSTRAINT credit_entries_have_a_key,
    DROP CONSTRAINT credit_entries_kind_known,
    ADD CONSTRAINT credit_entries_kind_known CHECK (kind IN ('plan_grant', 'purchase', 'weekly_refill', 'spend', 'refund')),
    ADD CONSTRAINT credit_entries_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE,
    ALTER COLUMN key SET NOT NULL,
    DROP COLUMN reason;
CREATE UNIQUE INDEX credit_entries_key_key ON credit_entries (key);
CREATE INDEX credit_entries_source_idx ON credit_entries (source) WHERE source <> '';
ALTER TABLE credit_balances
    RESET (fillfactor),
    DROP CONSTRAINT credit_balances_drawn_not_negative,
    DROP CONSTRAINT credit_balances_held_is_there,
    DROP COLUMN due_at,
    DROP COLUMN drawn,
    DROP COLUMN held;
