package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
)

const checkEndpoint = "endpoint"

// endpoint says whether Stripe sends events to the app at all.
func (d *Doctor) endpoint(ctx context.Context, stripe bool) bool {
	if !stripe {
		d.found(checkEndpoint, Skipped, "Stripe could not be asked.")
		return false
	}
	if d.Want.URL == "" {
		d.found(checkEndpoint, Skipped, "BASE_URL is missing, so it is not known where Stripe should send to.")
		return false
	}
	all, err := d.Stripe.Endpoints(ctx)
	if err != nil {
		d.found(checkEndpoint, Problem, "Stripe's webhook endpoints cannot be listed: %s.", reason(err))
		return false
	}
	at := d.Want.At(all)
	if len(at) == 0 {
		return d.noEndpoint(all)
	}
	well := d.compare(at[0])
	if successor, old, ok := d.Want.Replacing(all); ok {
		d.found(checkEndpoint, Warning, "The webhook secret is being rotated: %s shall replace %s. When STRIPE_WEBHOOK_SECRET has the new secret and the app has been restarted, run `payloop webhooks rotate --finish`.", successor.ID, old[0].ID)
	} else if len(at) > 1 && at[1].Enabled {
		d.found(checkEndpoint, Warning, "%d endpoints send to %s, so every event comes more than once, which does no harm. Disable or delete all but one on %s.", len(at), d.Want.URL, d.Settings.Dashboard("webhooks"))
	}
	return well
}

func (d *Doctor) noEndpoint(all []billing.WebhookEndpoint) bool {
	if d.Settings.Local() && !d.Settings.Sandbox() {
		d.found(checkEndpoint, Warning, "Stripe cannot send to %s. While you develop, `stripe listen --forward-to %s` brings the events, and prints the secret for STRIPE_WEBHOOK_SECRET.", d.Settings.BaseURL, d.Want.URL)
		return true // stripe listen may be running
	}
	for _, e := range all {
		if strings.EqualFold(strings.TrimRight(e.URL, "/"), d.Want.URL) || strings.HasPrefix(e.URL, d.Settings.BaseURL+"/") {
			d.found(checkEndpoint, Problem, "Stripe sends to %s (%s), but the app takes events at %s. Run `payloop webhooks setup`, and delete the other one.", e.URL, e.ID, d.Want.URL)
			return false
		}
	}
	d.found(checkEndpoint, Problem, "No endpoint in Stripe sends to %s. Run `payloop webhooks setup`, and set STRIPE_WEBHOOK_SECRET to the secret it prints.", d.Want.URL)
	return false
}

// compare says whether the endpoint sends what a round trip needs.
func (d *Doctor) compare(e billing.WebhookEndpoint) bool {
	diff := d.Want.Compare(e)
	what := strings.Join(diff.Parts(), "; ")
	switch {
	case diff.Disabled, len(diff.Missing) > 0:
		d.found(checkEndpoint, Problem, "%s is not as it should be: %s. Run `payloop webhooks setup`.", e.ID, what)
	case diff.APIVersion != "":
		d.found(checkEndpoint, Warning, "%s is not as it should be: %s, not %s, so that each event has to be fetched from Stripe once more. Run `payloop webhooks rotate`, which makes a new endpoint.", e.ID, what, d.Want.APIVersion)
	case diff.Mendable():
		d.found(checkEndpoint, Warning, "%s is not as it should be: %s. That does no harm; `payloop webhooks setup` mends it.", e.ID, what)
	default:
		d.found(checkEndpoint, OK, "%s sends the %d types of events that are needed to %s.", e.ID, len(d.Want.Events), e.URL)
	}
	return !diff.Disabled && !slices.Contains(diff.Missing, stripeapi.ProbeEvent)
}
