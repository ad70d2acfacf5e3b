package billing

import (
	"fmt"
	"time"
)

// LedgerSums is what the database holds of a user's credits, each thing added
// up by itself, so that they can be held against each other.
type LedgerSums struct {
	UserID      string
	Email       string
	HasBalance  bool
	Balance     int64
	Held        int64
	Drawn       int64
	DueAt       time.Time // zero: nothing is due
	Entries     int64     // how many
	Sum         int64     // of all entries
	Spent       int64     // of the spends, positive
	Broken      int64     // entries that do not lead from the balance before to the one that they name
	FirstBroken int64     // the first of those
	Reserved    int64     // by open reservations
	InLots      int64
	NextAt      time.Time // when the first of lots, months and reservations is due; zero: none
}

// LedgerFault is something that is wrong with a user's credits.
type LedgerFault struct {
	UserID string `json:"user_id"`
	Email  string `json:"email"`
	Rule   string `json:"rule"`
	Detail string `json:"detail"`
}

// Faults lists what does not agree.
func (l LedgerSums) Faults() (faults []LedgerFault) {
	check := func(holds bool, rule, detail string, args ...any) {
		if !holds {
			faults = append(faults, LedgerFault{l.UserID, l.Email, rule, fmt.Sprintf(detail, args...)})
		}
	}
	if !l.HasBalance {
		check(false, "balance_exists", "there is no balance, and %d entries", l.Entries)
		return faults
	}
	check(l.Sum == l.Balance, "sum_is_balance", "the entries add up to %d, the balance is %d", l.Sum, l.Balance)
	check(l.Broken == 0, "chain", "%d of %d entries do not lead to the balance they name, the first is %d", l.Broken, l.Entries, l.FirstBroken)
	check(l.Balance >= 0, "not_negative", "the balance is %d", l.Balance)
	check(l.Held == l.Reserved, "held_is_reserved", "%d are held, open reservations are of %d", l.Held, l.Reserved)
	check(l.Held <= l.Balance, "held_within_balance", "%d are held of a balance of %d", l.Held, l.Balance)
	check(l.InLots <= l.Balance+l.Drawn, "lots_within_balance", "%d expire of a balance of %d, with %d drawn", l.InLots, l.Balance, l.Drawn)
	check(l.Drawn >= 0 && l.Drawn <= l.Spent, "drawn_is_spent", "%d are drawn, %d were ever spent", l.Drawn, l.Spent)
	check(l.NextAt.IsZero() || !l.DueAt.IsZero() && !l.DueAt.After(l.NextAt), "due_in_time", "something is due on %s, the balance says %s",
		l.NextAt.UTC().Format(time.RFC3339), dueText(l.DueAt))
	return faults
}

func dueText(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
