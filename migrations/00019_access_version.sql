-- A spend is decided over what is remembered of the key and its owner's plan, and checked against one number in the same
-- statement: access_version changes, in the same transaction, whenever something changes that decides what a user's keys may
-- do. The triggers, not the programs, see to that, so a program of another version changes it too. It never comes back to a
-- number that it had, not even after a restore from a backup: it is Postgres's clock in microseconds, or one more than it was.
--
-- batch is set on the spends that were written together, by which their writer finds out whether they were, when Postgres's
-- answer was lost.

-- +goose Up
ALTER TABLE users ADD COLUMN access_version bigint NOT NULL DEFAULT 0;
ALTER TABLE credit_entries ADD COLUMN batch bigint;

CREATE FUNCTION access_changed(of_user uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE users SET access_version = GREATEST(access_version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    WHERE id = of_user
$$;

-- +goose StatementBegin
CREATE FUNCTION access_changes_with_the_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM access_changed(OLD.user_id);
    END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.user_id <> OLD.user_id THEN
        PERFORM access_changed(NEW.user_id);
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION access_changes_with_the_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM access_changed(user_id) FROM subscriptions WHERE id = OLD.subscription_id;
    END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.subscription_id <> OLD.subscription_id THEN
        PERFORM access_changed(user_id) FROM subscriptions WHERE id = NEW.subscription_id;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- A new key is remembered by nobody, so it changes nothing.
CREATE TRIGGER access_changes_with_the_key AFTER UPDATE OF user_id, hash, expires_at, revoked_at ON api_keys FOR EACH ROW
    WHEN ((OLD.user_id, OLD.hash, OLD.expires_at, OLD.revoked_at) IS DISTINCT FROM (NEW.user_id, NEW.hash, NEW.expires_at, NEW.revoked_at))
    EXECUTE FUNCTION access_changes_with_the_row();
CREATE TRIGGER access_ends_with_the_key AFTER DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION access_changes_with_the_row();

CREATE TRIGGER access_changes_with_the_subscription
    AFTER UPDATE OF user_id, status, past_due_since, created_at ON subscriptions FOR EACH ROW
    WHEN ((OLD.user_id, OLD.status, OLD.past_due_since, OLD.created_at) IS DISTINCT FROM (NEW.user_id, NEW.status, NEW.past_due_since, NEW.created_at))
    EXECUTE FUNCTION access_changes_with_the_row();
CREATE TRIGGER access_begins_and_ends_with_the_subscription AFTER INSERT OR DELETE ON subscriptions
    FOR EACH ROW EXECUTE FUNCTION access_changes_with_the_row();

CREATE TRIGGER access_changes_with_the_item
    AFTER UPDATE OF subscription_id, position, price_id, lookup_key, plan ON subscription_items FOR EACH ROW
    WHEN ((OLD.subscription_id, OLD.position, OLD.price_id, OLD.lookup_key, OLD.plan)
        IS DISTINCT FROM (NEW.subscription_id, NEW.position, NEW.price_id, NEW.lookup_key, NEW.plan))
    EXECUTE FUNCTION access_changes_with_the_item();
CREATE TRIGGER access_begins_and_ends_with_the_item AFTER INSERT OR DELETE ON subscription_items
    FOR EACH ROW EXECUTE FUNCTION access_changes_with_the_item();

-- +goose Down
DROP TRIGGER access_begins_and_ends_with_the_item ON subscription_items;
DROP TRIGGER access_changes_with_the_item ON subscription_items;
DROP TRIGGER access_begins_and_ends_with_the_subscription ON subscriptions;
DROP TRIGGER access_changes_with_the_subscription ON subscriptions;
DROP TRIGGER access_ends_with_the_key ON api_keys;
DROP TRIGGER access_changes_with_the_key ON api_keys;
DROP FUNCTION access_changes_with_the_item;
DROP FUNCTION access_changes_with_the_row;
DROP FUNCTION access_changed;
ALTER TABLE credit_entries DROP COLUMN batch;
ALTER TABLE users DROP COLUMN access_version;
