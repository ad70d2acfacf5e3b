package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// command runs a command of the product to its end, and wants that exit code.
func (b *bundle) command(code int, stdin string, args ...string) (out string) {
	b.t.Helper()
	t, ok := b.t.(*testing.T)
	if !ok {
		b.t.Fatal("commands are for tests")
	}
	cmd, both := payloop(t, b.environ(freeAddr(t)), args...)
	cmd.Stdin = strings.NewReader(stdin)
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		b.t.Errorf("payloop %s: exit code %d, want %d:\n%s", strings.Join(args, " "), got, code, both)
	}
	for line := range strings.Lines(both.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > lineWidth && !strings.HasPrefix(line, "{") && !strings.HasPrefix(line, "payloop:") && !strings.HasPrefix(line, "Older ones") {
			b.t.Errorf("payloop %s: a line of %d characters: %s", strings.Join(args, " "), n, line)
		}
	}
	return both.String()
}

// wants checks that a command's output says all of that.
func wants(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("%q is missing in:\n%s", text, out)
		}
	}
}

// failEvent makes the latest event of a type one that failed.
func (b *bundle) failEvent(eventType string) (id string) {
	b.t.Helper()
	id = b.text(`SELECT id FROM stripe_events WHERE type = $1 ORDER BY received_at DESC LIMIT 1`, eventType)
	b.exec(`UPDATE stripe_events SET state = 'failed', attempt = 21, forgiven = 1, decision = '', reason = '', last_error = 'Stripe was down' WHERE id = '` + id + `'`)
	return id
}

var eventIDs = regexp.MustCompile(`evt_\w+`)

func TestEventsAreListedAndPagedThrough(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	failed := b.failEvent("invoice.paid")

	out := b.command(0, "", "events", "list", "--state", "failed")
	wants(t, out, "EVENT", "OUTCOME", "invoice.paid", "└ Stripe was down")
	if ids := eventIDs.FindAllString(out, -1); len(ids) != 1 || ids[0] != failed {
		t.Errorf("failed: got %q, want %s", ids, failed)
	}
	if out := b.command(0, "", "events", "list", "--type", "customer.*", "--customer", c.email, "--since", "1h"); strings.Contains(out, "invoice") || !strings.Contains(out, "customer.created") {
		t.Errorf("customer.*: got\n%s", out)
	}
	wants(t, b.command(0, "", "events", "list", "--until", "1h"), "No event matches.")
	wants(t, b.command(1, "", "events", "list", "--state", "lost"), "choose pending, running, processed or failed")
	wants(t, b.command(1, "", "events", "list", "--type", "in*voice"), "the star stands at the end")
	wants(t, b.command(1, "", "events", "list", "--customer", "nobody@example.com"), "nobody has signed up here with the address nobody@example.com")
	wants(t, b.command(1, "", "events", "list", "--before", "evt_9"), "there is no event evt_9 here")

	// The hint leads through all pages, each event once.
	seen := map[string]int{}
	args := []string{"events", "list", "--limit", "5", "--type", "*"}
	for len(args) > 0 {
		page, hint, more := strings.Cut(b.command(0, "", args...), "Older ones: payloop ")
		for _, id := range eventIDs.FindAllString(page, -1) {
			seen[id]++
		}
		args = nil
		if more {
			args = strings.Fields(strings.ReplaceAll(hint, "'", ""))
		}
	}
	if all := b.count(`SELECT count(*) FROM stripe_events`); len(seen) != all {
		t.Errorf("the pages hold %d events of %d", len(seen), all)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is listed %d times", id, n)
		}
	}
}

func TestEventsAreListedForPrograms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	out := b.command(0, "", "events", "list", "--type", "charge.succeeded", "--json")
	var e eventJSON
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if e.Type != "charge.succeeded" || e.State != "processed" || e.Decision == "" || e.Why == "" || e.Attempts == 0 || !strings.HasPrefix(e.Customer, "cus_") || e.FinalizedAt == nil || e.DueAt != nil {
		t.Errorf("got %+v", e)
	}
}

func TestAnEventIsShownWithItsHistoryAndItsPayload(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	id := b.failEvent("invoice.paid")
	out := b.command(0, "", "events", "show", id)
	wants(t, out, id+"  invoice.paid", "failed", c.email, "2024-06-20", "20 of 20", "made by Stripe", "received", "failed after 20 tries", "Last error\n  Stripe was down", "payloop events retry "+id)
	if strings.Contains(out, "no longer count") { // it was forgiven the change of lane, and nobody retried it
		t.Errorf("tries that nobody forgave:\n%s", out)
	}
	if strings.Contains(out, `"object"`) {
		t.Error("the payload is shown unasked")
	}
	var kept [][]byte
	if err := b.store.Select(t.Context(), &kept, `SELECT payload FROM stripe_events WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	if raw := b.command(0, "", "events", "show", id, "--raw"); !bytes.Equal([]byte(raw), kept[0]) {
		t.Errorf("--raw is not the payload:\n%q\n%q", raw, kept[0])
	}
	wants(t, b.command(0, "", "events", "show", id, "--payload"), "Payload\n{\n  \"id\": \""+id+"\"")
	wants(t, b.command(0, "", "events", "show", id, "--json"), `"error":"Stripe was down"`)
	wants(t, b.command(1, "", "events", "show", "evt_9"), "there is no event evt_9 here")
}

func TestAFailedEventIsRetriedAndItsHistorySaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	id := b.failEvent("invoice.paid")
	wants(t, b.command(0, "", "timeline", c.email), "failed after 20 tries: Stripe was down")
	wants(t, b.command(0, "", "events", "retry", id), id+" is due again", "payloop events show "+id)
	b.flush()
	out := b.command(0, "", "events", "show", id)
	wants(t, out, "processed after", "event retried by the operator; it had failed: Stripe was down", "those before it was retried no longer count")
	if strings.Contains(out, "Last error") {
		t.Errorf("an error shows that was mended:\n%s", out)
	}
	inOrderOf(t, b.command(0, "", "timeline", c.email), "operator  event retried", shortID(id), "it had failed: Stripe was down")
	wants(t, b.command(0, "", "events", "retry", id), "is processed: `payloop events replay` has it worked on once more")
	wants(t, b.command(1, "", "events", "retry", id, "evt_9"), "is processed", "there is no event evt_9 here")
	wants(t, b.command(1, "", "events", "retry"), "name the events, or say --all-failed")
	wants(t, b.command(1, "", "events", "retry", id, "--type", "invoice.*"), "filters go with --all-failed")
	wants(t, b.command(0, "", "events", "retry", "--all-failed"), "No event matches")
}

func TestAllFailedEventsOfATypeAreRetried(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.buy(b.person(), "Basic", "month")
	b.flush()
	b.stopApp()
	paid, created := b.failEvent("invoice.paid"), b.failEvent("invoice.created")
	session, charge := b.failEvent("checkout.session.completed"), b.failEvent("charge.succeeded")
	out := b.command(0, "", "events", "retry", "--all-failed", "--type", "invoice.*")
	wants(t, out, paid+" is due again", created+" is due again", "payloop events list --state pending")
	if n := b.count(`SELECT count(*) FROM stripe_events WHERE state = 'failed'`); n != 2 {
		t.Errorf("still failed: %d, want those of other types", n)
	}
	wants(t, b.command(0, "", "events", "retry", paid), "is pending: it waits to be worked on already")
	wants(t, b.command(0, "", "events", "replay", session), "is failed: `payloop events retry` has it tried again")
	b.exec(`UPDATE stripe_events SET state = 'running' WHERE id = '` + paid + `'`)
	wants(t, b.command(0, "", "events", "retry", paid, charge), "is running: it is being worked on just now", charge+" is due again")
}

func TestReplayedEventsAreFetchedAndChangeNothingThatIsRight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	state := func() string {
		return b.text(`SELECT (SELECT count(*) FROM credit_entries) || ' grants, ' || (SELECT count(*) FROM outbox) || ' mails, ' || (SELECT string_agg(status, ',') FROM subscriptions)`)
	}
	before := state()
	id := b.text(`SELECT id FROM stripe_events WHERE type = 'customer.subscription.created'`)
	wants(t, b.command(0, "", "events", "replay", id), id+" is to be worked on once more", "payloop events show "+id)
	b.flush()
	wants(t, b.command(0, "", "events", "show", id), "; those before it was replayed no longer count", "event replayed by the operator", "fetched: replayed by the operator")

	// Many ask first.
	b.exec(`INSERT INTO stripe_events (id, type, api_version, object_id, created_at, received_at, payload, state, attempt, due_at, finalized_at)
		SELECT 'evt_many' || n, 'made.up', '', 'obj_' || n, now(), now(), '{}', 'processed', 1, now(), now() FROM generate_series(1, 21) n`)
	for _, answer := range []string{"", "n\n", "what?\n"} {
		wants(t, b.command(1, answer, "events", "replay", "--type", "made.*"), "21 events will be worked on once more", "nothing was done")
	}
	if n := b.count(`SELECT count(*) FROM actions WHERE name = 'event_replayed'`); n != 1 {
		t.Errorf("replayed: %d events, want the one from before", n)
	}
	wants(t, b.command(0, "y\n", "events", "replay", "--type", "made.*"), "21 events are to be worked on once more")
	b.flush()
	wants(t, b.command(0, "", "events", "replay", "--customer", c.email, "--yes"), "to be worked on once more")
	b.flush()
	if after := state(); after != before {
		t.Errorf("got %s, want %s", after, before)
	}
	b.wantAccount(c, "Basic", "1,050")
	wants(t, b.command(1, "", "events", "replay"), "name the events, or say")
	wants(t, b.command(1, "", "events", "replay", "evt_9"), "there is no event evt_9 here")
}

func TestReplayingAllEventsOfAnInvoiceBringsItBack(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.buy(b.person(), "Basic", "month")
	for _, body := range b.events() {
		b.wantDelivered(body)
	}
	b.worked()
	b.exec(`DELETE FROM invoices`)
	b.command(0, "", "events", "replay", "--type", "invoice.pa*")
	b.worked()
	if n := b.count(`SELECT count(*) FROM invoices`); n != 1 {
		t.Errorf("%d invoices are here, want 1", n)
	}
	if got, want := b.text(`SELECT string_agg(concat_ws(' ', type, decision, reason), ', ' ORDER BY type) FROM stripe_events WHERE type LIKE 'invoice.pa%'`),
		"invoice.paid fetch replay, invoice.payment_succeeded skip unhandled"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
