package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/doctor"
	"github.com/payloop/payloop/internal/endpoints"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/stripeapi"
)

// hooks runs the commands about webhook endpoints.
type hooks struct {
	cfg    config.Config
	stripe *stripeapi.Client
	want   endpoints.Want
	out    io.Writer
	asJSON bool
	within time.Duration // for the proof of a rotation; zero: as long as it takes Stripe
}

func (h *hooks) setup(ctx context.Context) error {
	if err := h.reachable(); err != nil {
		return err
	}
	made, err := endpoints.Setup(ctx, h.stripe, h.want)
	if err != nil {
		return err
	}
	if h.asJSON {
		return h.printJSON(h.madeJSON(made))
	}
	h.say(made)
	return nil
}

// say tells what setup did.
func (h *hooks) say(made endpoints.Made) {
	e := made.Endpoint
	switch {
	case made.Secret != "":
		fmt.Fprintf(h.out, "Made the endpoint %s: Stripe sends %d types of events to %s.\n\n", e.ID, len(e.Events), e.URL)
		fmt.Fprintf(h.out, "STRIPE_WEBHOOK_SECRET=%s\n\n", made.Secret)
		fmt.Fprintln(h.out, "Put this line where the app reads its settings, and restart it. It is a secret, and shown this once.")
		return
	case made.Before.Mendable():
		fmt.Fprintf(h.out, "Brought the endpoint %s in line: %s. Now it is enabled and sends the %d types of events that are needed to %s.\n",
			e.ID, strings.Join(made.Before.Parts(), "; "), len(e.Events), e.URL)
	default:
		fmt.Fprintf(h.out, "Nothing to do: the endpoint %s sends the %d types of events that are needed to %s.\n", e.ID, len(e.Events), e.URL)
	}
	if made.Before.APIVersion != "" {
		fmt.Fprintf(h.out, "Its API version is %s, not %s, and stays so: each event is fetched from Stripe once more. `payloop webhooks rotate` makes a new endpoint with the right one.\n",
			made.Before.APIVersion, h.want.APIVersion)
	}
	fmt.Fprintf(h.out, "Its signing secret is not shown again. If you do not have it, `payloop webhooks rotate` gives a new one, or you see it on %s.\n", h.cfg.Dashboard("webhooks"))
}

func (h *hooks) rotate(ctx context.Context) error {
	if err := h.reachable(); err != nil {
		return err
	}
	made, err := endpoints.Rotate(ctx, h.stripe, h.want)
	if err != nil {
		return err
	}
	if h.asJSON {
		return h.printJSON(h.madeJSON(made))
	}
	fmt.Fprintf(h.out, "Made the endpoint %s, to replace %s. Until you finish, Stripe sends every event to both; each is stored once.\n\n", made.Endpoint.ID, endpointIDs(made.Old))
	fmt.Fprintf(h.out, "STRIPE_WEBHOOK_SECRET=%s\n\n", made.Secret)
	fmt.Fprintln(h.out, "It is a secret, and shown this once. Now:")
	fmt.Fprintln(h.out, "  1. Put it before the old one in the app's settings, with a comma between: STRIPE_WEBHOOK_SECRET=new,old")
	fmt.Fprintln(h.out, "  2. Restart the app, every replica of it.")
	fmt.Fprintln(h.out, "  3. Run `payloop webhooks rotate --finish`.")
	return nil
}

func (h *hooks) finish(ctx context.Context, prove bool) error {
	var proof func(context.Context) error
	if prove {
		trip, done, err := h.roundTrip()
		if err != nil {
			return err
		}
		defer done()
		proof = func(ctx context.Context) error {
			if _, err := trip.Run(ctx); err != nil {
				return fmt.Errorf("the rotation is not finished, and the old endpoint is enabled again. "+
					"Put the new secret before the old one in STRIPE_WEBHOOK_SECRET, restart the app, and run this again. %w", err)
			}
			return nil
		}
	}
	made, ok, err := endpoints.Retire(ctx, h.stripe, h.want, proof)
	switch {
	case err != nil:
		return err
	case h.asJSON && ok:
		return h.printJSON(h.madeJSON(made))
	case h.asJSON:
		return nil // nothing was done
	case !ok:
		fmt.Fprintln(h.out, "Nothing to finish: no rotation is under way.")
		return nil
	}
	fmt.Fprintf(h.out, "Deleted %s. Events come from %s alone.\n", endpointIDs(made.Old), made.Endpoint.ID)
	fmt.Fprintln(h.out, "Now remove the old secret from STRIPE_WEBHOOK_SECRET, and restart the app.")
	return nil
}

// roundTrip prepares the proof that events arrive. done closes what it uses.
func (h *hooks) roundTrip() (trip *doctor.RoundTrip, done func(), err error) {
	store, err := postgres.Open(string(h.cfg.DatabaseURL))
	if err != nil {
		return nil, nil, err
	}
	trip = newRoundTrip(h.cfg, h.stripe, store)
	trip.Within = h.within
	return trip, func() { store.Close() }, nil
}

func newRoundTrip(cfg config.Config, stripe *stripeapi.Client, store *postgres.Store) *doctor.RoundTrip {
	const patience = 5 * time.Second // for one answer of the app
	return &doctor.RoundTrip{
		Stripe:  stripe,
		Events:  store,
		URL:     wantedEndpoint(cfg).URL,
		Secrets: reveal(cfg.StripeWebhookSecrets),
		Now:     store.Now,

		Dashboard: cfg.Dashboard,
		HTTP: &http.Client{
			Timeout: patience,
			// Stripe follows no redirects either.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (h *hooks) list(ctx context.Context) error {
	all, err := h.stripe.Endpoints(ctx)
	if err != nil {
		return err
	}
	if h.asJSON {
		for _, e := range all {
			if err := h.printJSON(h.row(e)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		fmt.Fprintln(h.out, "Stripe has no webhook endpoint. `payloop webhooks setup` makes one.")
		return nil
	}
	roles := h.roles(all)
	table := tabwriter.NewWriter(h.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATUS\tAPI VERSION\tEVENTS\tURL\tDIFFERS")
	for _, e := range all {
		r := h.row(e)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Status, orDefault(r.APIVersion), howMany(r.Events), r.URL, h.differs(e, r)+roles[e.ID])
	}
	return table.Flush()
}

// roles says by endpoint, while a rotation is under way, which is the new one
// and which are the old ones.
func (h *hooks) roles(all []billing.WebhookEndpoint) map[string]string {
	roles := map[string]string{}
	successor, old, ok := h.want.Replacing(all)
	if !ok {
		return roles
	}
	roles[successor.ID] = "; new: it shall replace " + endpointIDs(old)
	for _, e := range old {
		roles[e.ID] = "; old: `payloop webhooks rotate --finish` deletes it"
	}
	return roles
}

func (h *hooks) printJSON(v any) error { return json.NewEncoder(h.out).Encode(v) }

func (h *hooks) differs(e billing.WebhookEndpoint, r endpointJSON) string {
	switch {
	case h.want.URL == "":
		return "unknown: BASE_URL is not set"
	case !r.Ours:
		return "another address than " + h.want.URL
	case len(r.Differs) == 0:
		return "in nothing"
	}
	return strings.Join(r.Differs, "; ")
}

func orDefault(version string) string {
	if version == "" {
		return "the account's"
	}
	return version
}

func howMany(types []string) string {
	if len(types) == 1 && types[0] == "*" {
		return "all"
	}
	return strconv.Itoa(len(types))
}

func endpointIDs(list []billing.WebhookEndpoint) string {
	var ids []string
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	return strings.Join(ids, ", ")
}
