package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
)

const (
	// arrivesWithin is how long Stripe may take to send an event. It takes a
	// second or two.
	arrivesWithin = 20 * time.Second
	// workedWithin is how long the app may take to work an event off.
	workedWithin = 5 * time.Second
	// lookEvery is the pause between two looks.
	lookEvery = 250 * time.Millisecond
	// cleanWithin bounds the deletion of the probe after an interrupt.
	cleanWithin = 10 * time.Second
)

// Prober makes Stripe send a real event.
type Prober interface {
	// CreateProbe makes a customer who stands for nobody.
	CreateProbe(ctx context.Context) (customerID string, err error)
	DeleteProbe(ctx context.Context, customerID string) error
	// ProbeDelivery tells of the event that the probe caused.
	ProbeDelivery(ctx context.Context, customerID string) (billing.EventDelivery, error)
}

// EventStore is where events arrive.
type EventStore interface {
	// EventByID returns an error of the kind NotFound when there is none.
	EventByID(ctx context.Context, id string) (billing.Event, error)
}

// RoundTrip proves that an event goes from Stripe into the database: address,
// signing secret, app and database are right together, or it does not arrive.
type RoundTrip struct {
	Stripe  Prober
	Events  EventStore
	URL     string   // where the app takes events
	Secrets []string // the signing secrets set here
	HTTP    *http.Client
	Now     func() time.Time

	Dashboard func(page string) string // where to look at what Stripe has: config.Config.Dashboard

	Within time.Duration // default 20 s
}

// Arrival is an event that arrived.
type Arrival struct {
	EventID     string
	APIVersion  string // in which Stripe wrote it
	Took        time.Duration
	Worked      bool   // the app has worked it off
	OtherSecret bool   // the app that runs has another secret than is set here
	Leftover    string // the probe, when it could not be deleted
}

// Run makes Stripe send an event, and waits until it is in the database. The
// error says why it is not, as far as that can be known.
func (t *RoundTrip) Run(ctx context.Context) (Arrival, error) {
	start := t.Now()
	probe, err := t.Stripe.CreateProbe(ctx)
	if err != nil {
		return Arrival{}, fmt.Errorf("Stripe could not be made to send an event: %s", reason(err))
	}
	event, err := t.await(ctx, probe)
	a := Arrival{EventID: event.ID, APIVersion: event.APIVersion, Took: t.Now().Sub(start)}
	if err == nil {
		a.Worked = t.worked(ctx, event.ID)
		a.OtherSecret = t.ask(ctx) == otherSecret
	}
	// Deleting it before would make another event pending.
	cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanWithin)
	defer cancel()
	if t.Stripe.DeleteProbe(cleaning, probe) != nil {
		a.Leftover = probe
	}
	return a, err
}

// await waits until the probe's event is stored.
func (t *RoundTrip) await(ctx context.Context, probe string) (event billing.Event, err error) {
	within := t.Within
	if within == 0 {
		within = arrivesWithin
	}
	var id string
	arrived, err := poll(ctx, within, func() (bool, error) {
		if id == "" {
			delivery, err := t.Stripe.ProbeDelivery(ctx, probe)
			if id = delivery.EventID; id == "" {
				return false, err
			}
		}
		var err error
		event, err = t.Events.EventByID(ctx, id)
		if billing.KindOf(err) == billing.NotFound {
			err = nil
		}
		return event.ID != "", err
	})
	switch {
	case err != nil:
		return event, fmt.Errorf("It could not be seen whether the event arrived: %s", reason(err))
	case !arrived:
		return event, fmt.Errorf("The event did not arrive within %s. %s", within, t.why(ctx, probe))
	}
	return event, nil
}

// worked waits a moment for the app to work the event off.
func (t *RoundTrip) worked(ctx context.Context, id string) bool {
	ok, _ := poll(ctx, workedWithin, func() (bool, error) {
		e, err := t.Events.EventByID(ctx, id)
		return e.State == billing.EventProcessed, err
	})
	return ok
}

// poll looks until something holds, fails, or the time is over.
func poll(ctx context.Context, within time.Duration, look func() (bool, error)) (bool, error) {
	over := time.NewTimer(within)
	defer over.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if ok, err := look(); ok || err != nil {
			return ok, err
		}
		select {
		case <-tick.C:
		case <-over.C:
			return false, nil
		case <-ctx.Done():
			return false, errors.New("interrupted")
		}
	}
}

const checkRoundTrip = "round trip"

func (d *Doctor) roundTrip(ctx context.Context, database, stripe, sending bool) {
	switch {
	case !stripe || !database:
		d.found(checkRoundTrip, Skipped, "It needs Stripe and the database: see above.")
		return
	case d.RoundTrip == nil:
		d.found(checkRoundTrip, Skipped, "Left out, as --no-round-trip says: that the signing secret is right is not proven.")
		return
	case !sending:
		d.found(checkRoundTrip, Skipped, "It needs an endpoint that sends %s: see above.", stripeapi.ProbeEvent)
		return
	}
	a, err := d.RoundTrip.Run(ctx)
	took := inWords(a.Took)
	switch {
	case err != nil:
		d.found(checkRoundTrip, Problem, "%s", err)
	case a.OtherSecret:
		d.found(checkRoundTrip, Problem, "Stripe's event %s was in the database %s, but the app that runs has another STRIPE_WEBHOOK_SECRET than is set here. If this one is newer, restart the app; if not, correct it, or no event will be taken after the next restart.", a.EventID, took)
	case a.APIVersion != d.Want.APIVersion:
		d.found(checkRoundTrip, Warning, "Stripe's event %s was in the database %s, but in API version %s, not %s, so that each has to be fetched from Stripe once more. Run `payloop webhooks rotate`, which makes an endpoint with the right one.", a.EventID, took, a.APIVersion, d.Want.APIVersion)
	case !a.Worked:
		d.found(checkRoundTrip, Warning, "Stripe's event %s was in the database %s, so the signing secret is right; but it has not been worked off yet. Look whether `payloop serve` is busy, and at its log.", a.EventID, took)
	default:
		d.found(checkRoundTrip, OK, "Stripe's event %s was in the database %s and has been worked off, so the signing secret is right.", a.EventID, took)
	}
	if a.Leftover != "" {
		d.found(checkRoundTrip, Warning, "The customer %s, made for this, could not be deleted. It stands for nobody, and does no harm; it is on %s.", a.Leftover, d.Settings.Dashboard("customers"))
	}
}

// inWords is how long something took, as far as that is of interest.
func inWords(took time.Duration) string {
	if took < time.Second {
		return "within a second"
	}
	return "after " + took.Round(100*time.Millisecond).String()
}
