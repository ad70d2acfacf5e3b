package doctor

import (
	"context"
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

const (
	checkDatabase = "database"
	checkSchema   = "migrations"
)

// database says whether the database can be worked with.
func (d *Doctor) database(ctx context.Context) bool {
	if d.Store == nil {
		d.found(checkDatabase, Problem, "%s.", strings.Join(d.Settings.DatabaseProblems, ". "))
		d.found(checkSchema, Skipped, "There is no database to look at.")
		return false
	}
	if err := d.Store.Ping(ctx); err != nil {
		d.found(checkDatabase, Problem, "Postgres does not answer: %s. Start Postgres, or correct DATABASE_URL.", reason(err))
		d.found(checkSchema, Skipped, "The database does not answer.")
		return false
	}
	d.found(checkDatabase, OK, "Postgres answers.")
	if err := d.Store.CheckSchema(ctx); err != nil {
		if billing.KindOf(err) == billing.Unavailable {
			d.found(checkSchema, Problem, "The database schema is behind this program. Run `payloop migrate`.")
		} else {
			d.found(checkSchema, Problem, "They cannot be looked at: %s. The user in DATABASE_URL may lack rights.", reason(err))
		}
		return false
	}
	d.found(checkSchema, OK, "All have run.")
	return true
}
