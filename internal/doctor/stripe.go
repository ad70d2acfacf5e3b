package doctor

import (
	"context"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
)

const (
	checkKey     = "Stripe key"
	checkClock   = "clock"
	checkAccount = "account"
)

// Stripe signs with its time, and what seems older than five minutes is refused.
// A clock that is half a minute off is one that nobody sets.
const (
	clockOff   = 30 * time.Second
	clockWrong = 4 * time.Minute
)

// key says whether Stripe can be worked with.
func (d *Doctor) key(ctx context.Context, database bool) bool {
	if d.Stripe == nil {
		d.found(checkKey, Problem, "%s.", strings.Join(d.Settings.StripeProblems, ". "))
		d.found(checkClock, Skipped, "Stripe could not be asked.")
		return false
	}
	before := d.Now()
	theirs, err := d.Stripe.Hello(ctx)
	ours := before.Add(d.Now().Sub(before) / 2)
	if err != nil {
		switch {
		case stripeapi.Unreached(err):
			d.found(checkKey, Problem, "%s. Look at the network%s.", reason(err), d.orBase())
		case billing.KindOf(err) == billing.Unavailable:
			d.found(checkKey, Problem, "%s.", reason(err))
		case d.Settings.Sandbox():
			d.found(checkKey, Problem, "The sandbox does not take STRIPE_SECRET_KEY: %s. Look whether it is the sandbox that runs at STRIPE_API_BASE, %s.", reason(err), d.Settings.StripeAPIBase)
		default:
			d.found(checkKey, Problem, "Stripe does not take STRIPE_SECRET_KEY: %s. Copy it anew from https://dashboard.stripe.com/apikeys.", reason(err))
		}
		d.found(checkClock, Skipped, "Stripe did not answer.")
		return false
	}
	d.mode()
	d.clock(ours, theirs)
	d.account(ctx, database)
	return true
}

func (d *Doctor) orBase() string {
	if d.Settings.Sandbox() {
		return ", and whether the sandbox runs at STRIPE_API_BASE, " + d.Settings.StripeAPIBase
	}
	return ""
}

func (d *Doctor) live() bool {
	key := string(d.Settings.StripeSecretKey)
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
}

func (d *Doctor) mode() {
	switch s := d.Settings; {
	case d.live() && s.Local():
		d.found(checkKey, Problem, "It is a live key, so people pay real money, but BASE_URL is %s, where nobody but you can come back to. Set BASE_URL to the public https address, or use a test key.", s.BaseURL)
	case d.live():
		d.found(checkKey, OK, "Stripe takes it: live mode, real cards and real money.")
	case s.Sandbox():
		d.found(checkKey, OK, "The sandbox at %s takes it: no real money.", s.StripeAPIBase)
	default:
		d.found(checkKey, OK, "Stripe takes it: test mode, no real money.")
	}
}

func (d *Doctor) clock(ours, theirs time.Time) {
	const whole = time.Second // of which Stripe's time is a count
	off := ours.Sub(theirs).Truncate(whole)
	if off.Abs() <= clockOff {
		d.found(checkClock, OK, "It agrees with Stripe's.")
		return
	}
	if d.Settings.Sandbox() {
		d.found(checkClock, OK, "This machine's clock is %s the sandbox's, whose time can be moved on. Events are taken all the same.", aheadOf(off))
		return
	}
	status := Warning
	if off.Abs() > clockWrong {
		status = Problem
	}
	harm := "at five minutes Stripe's events are too old to be taken"
	if off < 0 { // what seems to come from the future is taken
		harm = "events are taken, but what this app does at its time, such as refills, comes late"
	}
	d.found(checkClock, status, "This machine's clock is %s Stripe's: %s. Let the machine set its clock (NTP).", aheadOf(off), harm)
}

func aheadOf(off time.Duration) string {
	if off < 0 {
		return (-off).String() + " behind"
	}
	return off.String() + " ahead of"
}

// account finds out whether the database belongs to the key: a switch from test
// to live mode leaves customers behind whom the other mode does not know.
func (d *Doctor) account(ctx context.Context, database bool) {
	if !database {
		d.found(checkAccount, Skipped, "Whether the database belongs to this key cannot be seen without the database.")
		return
	}
	id, err := d.Store.AnyCustomerID(ctx)
	if err == nil && id != "" {
		_, _, err = d.Stripe.Fetch(ctx, billing.ObjectRef{Kind: billing.CustomerObject, ID: id})
	}
	switch {
	case err == nil && id == "":
		d.found(checkAccount, OK, "The database has no customers yet.")
	case err == nil:
		d.found(checkAccount, OK, "The customers in the database are this account's.")
	case billing.KindOf(err) == billing.NotFound:
		d.found(checkAccount, Problem, "Stripe does not know %s, who is in the database: it belongs to another account, or to test mode and the key to live mode. Give each key a database of its own.", id)
	default:
		d.found(checkAccount, Problem, "It cannot be seen whether the database belongs to this key: %s.", reason(err))
	}
}
