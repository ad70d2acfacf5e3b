package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheOperatorAdjustsCreditsOnceForEachKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	wants(t, b.command(0, "", "credits", "adjust", c.email, "1500", "--reason", "sorry for\nthe outage"), "+1,500 credits for "+c.email+", who has 1,550 credits now.")
	taken := []string{"credits", "adjust", c.email, "-20", "--reason=given twice", "--key", "ticket-1742"}
	wants(t, b.command(0, "", taken...), "-20 credits for "+c.email+", who has 1,530 credits now.")
	wants(t, b.command(0, "", taken...), "has been made before; nothing is changed", "1,530 credits")
	b.wantAccount(c, "Free", "1,530")

	out := b.command(0, "", "timeline", c.email)
	wants(t, out, "operator  credits adjusted", "+1500: sorry for the outage", "adjusted by the operator: given twice; balance 1,530")
	wants(t, b.command(0, "", "credits", "show", c.email), "on the plan Free, has 1,530 credits to spend", "expire with the next weekly refill",
		"50  come with the next refill on", "-20", "adjusted by the operator: given twice")

	for _, refused := range []struct {
		args []string
		want string
	}{
		{[]string{c.email, "-1531", "--reason", "x"}, "There are 1530 credits to take. Take fewer."},
		{[]string{c.email, "-30", "--reason", "x", "--key", "ticket-1742"}, "stands for another adjustment"},
		{[]string{c.email, "100"}, "--reason: say why"},
		{[]string{c.email, "0", "--reason", "x"}, "a whole number other than 0"},
		{[]string{c.email, "1e3", "--reason", "x"}, "one whole number of credits"},
		{[]string{"nobody@example.com", "1", "--reason", "x"}, "nobody has signed up here"},
	} {
		wants(t, b.command(1, "", append([]string{"credits", "adjust"}, refused.args...)...), refused.want)
	}
	b.exec(`UPDATE credit_balances SET held = 1500`)
	wants(t, b.command(1, "", "credits", "adjust", c.email, "-100", "--reason", "x"), "There are 30 credits to take, because 1500 of 1530 are reserved.")
	if n := b.count(`SELECT count(*) FROM credit_entries WHERE kind = 'adjustment'`); n != 2 {
		t.Errorf("got %d adjustments", n)
	}
}

func TestTheAuditFindsEachThingThatDoesNotAgree(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.spend(30)
	wants(t, b.command(0, "", "credits", "audit"), "Looked at 1 customer with 1,020 credits, and 3 entries in the ledger.", "All of it agrees.")
	for _, tt := range []struct{ damage, repair, rule, detail string }{
		{`UPDATE credit_balances SET balance = balance + 1`, `UPDATE credit_balances SET balance = balance - 1`,
			"sum_is_balance", "the entries add up to 1020, the balance is 1021"},
		{`UPDATE credit_entries SET amount = amount + 1 WHERE kind = 'plan_grant'`, `UPDATE credit_entries SET amount = amount - 1 WHERE kind = 'plan_grant'`,
			"chain", "1 of 3 entries do not lead to the balance they name, the first is 2"},
		{`UPDATE credit_balances SET held = 7`, `UPDATE credit_balances SET held = 0`, "held_is_reserved", "7 are held, open reservations are of 0"},
		{`UPDATE credit_balances SET drawn = 31`, `UPDATE credit_balances SET drawn = 30`, "drawn_is_spent", "31 are drawn, 30 were ever spent"},
		{`UPDATE credit_lots SET rest = 2000`, `UPDATE credit_lots SET rest = 50`, "lots_within_balance", "2000 expire of a balance of 1020, with 30 drawn"},
		{`UPDATE credit_lots SET with_refill = false; UPDATE credit_balances SET due_at = NULL`, `UPDATE credit_lots SET with_refill = true`, "due_in_time", "the balance says never"},
	} {
		unguarded(t, b.dsn, tt.damage)
		wants(t, b.command(1, "", "credits", "audit"), c.email, tt.rule, tt.detail, "the ledger does not agree with itself")
		var found audit
		out := b.command(1, "", "credits", "audit", "--json")
		if line, _, _ := strings.Cut(out, "\n"); json.Unmarshal([]byte(line), &found) != nil || found.Users != 1 || !namesRule(found, tt.rule) {
			t.Errorf("%s: as JSON: %s", tt.rule, out)
		}
		unguarded(t, b.dsn, tt.repair)
	}
	wants(t, b.command(0, "", "credits", "audit"), "All of it agrees.")
}

func namesRule(a audit, rule string) bool {
	for _, f := range a.Faults {
		if f.Rule == rule {
			return a.Found == len(a.Faults)
		}
	}
	return false
}
