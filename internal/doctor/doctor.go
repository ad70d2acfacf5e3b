// Package doctor looks at a whole installation, configuration, database, Stripe
// and the way from Stripe to the database, and says in a sentence each what is
// well, and what to do about what is not.
package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/endpoints"
	"github.com/payloop/payloop/internal/stripeapi"
)

// Status is how a check went.
type Status string

const (
	OK      Status = "ok"
	Warning Status = "warning" // it works, and something should be looked at
	Problem Status = "problem" // something does not work
	Skipped Status = "skipped" // not looked at; the text says why
)

// Finding is what a check found.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Text   string `json:"text"` // a sentence or two; of a problem, what to do
}

// Store is what is asked of the database.
type Store interface {
	EventStore
	Ping(ctx context.Context) error
	CheckSchema(ctx context.Context) error
	// AnyCustomerID returns a customer of the mirror who is not deleted, ""
	// when there is none.
	AnyCustomerID(ctx context.Context) (string, error)
}

// Stripe is what is asked of Stripe.
type Stripe interface {
	Prober
	// Hello returns Stripe's time, if it takes the key.
	Hello(ctx context.Context) (time.Time, error)
	Fetch(ctx context.Context, ref billing.ObjectRef) (raw json.RawMessage, asOf time.Time, err error)
	RemoteCatalog(ctx context.Context, local billing.Catalog) (billing.RemoteCatalog, error)
	Endpoints(ctx context.Context) ([]billing.WebhookEndpoint, error)
}

// Doctor runs the checks.
type Doctor struct {
	Settings   Settings
	Catalog    billing.Catalog
	CatalogErr error          // why there is no catalog
	Store      Store          // nil: DATABASE_URL cannot be used
	Stripe     Stripe         // nil: STRIPE_SECRET_KEY cannot be used
	Want       endpoints.Want // its URL is empty when BASE_URL is
	RoundTrip  *RoundTrip     // nil: not to be tried
	Now        func() time.Time

	// Report is told of each finding as it is made.
	Report func(Finding)

	findings []Finding
}

// Examine runs every check, also when some fail, and returns what they found.
func (d *Doctor) Examine(ctx context.Context) []Finding {
	d.findings = nil
	d.configuration()
	database := d.database(ctx)
	stripe := d.key(ctx, database)
	d.catalog(ctx, stripe)
	sending := d.endpoint(ctx, stripe)
	d.roundTrip(ctx, database, stripe, sending)
	return d.findings
}

func (d *Doctor) found(check string, status Status, format string, args ...any) {
	f := Finding{Check: check, Status: status, Text: fmt.Sprintf(format, args...)}
	d.findings = append(d.findings, f)
	d.Report(f)
}

// Count tells how many findings have a status.
func Count(findings []Finding, status Status) int {
	n := 0
	for _, f := range findings {
		if f.Status == status {
			n++
		}
	}
	return n
}

// reason is the cause of an error, without the words that a visitor of the
// pages would read.
func reason(err error) string {
	if text := stripeapi.Explain(err); text != err.Error() {
		return text
	}
	var e *billing.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}
