package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/webhook"
)

// textbook is the receiver that Stripe's guides lead to, written with care: the signature checked and the event parsed by
// stripe-go, then one transaction for the event and what it changes, then the answer. Nothing in it is slow on purpose: a
// pool of connections that fits the machine, statements prepared once, no reflection over SQL.
type textbook struct {
	db           *sql.DB
	insertEvent  *sql.Stmt
	upsertMirror *sql.Stmt
	secret       string
}

// maxBody is the limit in Stripe's own examples, with room to spare.
const maxBody = 1 << 20

func (t *textbook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "reading the body failed", http.StatusBadRequest)
		return
	}
	event, err := webhook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), t.secret,
		webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
	if err != nil {
		http.Error(w, "bad signature", http.StatusBadRequest)
		return
	}
	if err := t.store(r.Context(), event, body); err != nil {
		log.Printf("storing %s: %v", event.ID, err)
		http.Error(w, "storing failed", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// store keeps the event and applies it, both or neither. An event that is known changes nothing.
func (t *textbook) store(ctx context.Context, event stripe.Event, body []byte) error {
	var sub stripe.Subscription
	changes := strings.HasPrefix(string(event.Type), "customer.subscription.")
	if changes {
		if err := json.Unmarshal(event.Data.Raw, &sub); err != nil {
			return err
		}
		if sub.Customer == nil || len(sub.Items.Data) == 0 {
			return errors.New("a subscription without customer or items")
		}
	}
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	res, err := tx.StmtContext(ctx, t.insertEvent).ExecContext(ctx, event.ID, event.Type, unix(event.Created), string(body))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if changes {
		if err := t.upsert(ctx, tx, event, sub); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// upsert writes the subscription, unless a later event has been there before.
func (t *textbook) upsert(ctx context.Context, tx *sql.Tx, event stripe.Event, sub stripe.Subscription) error {
	item := sub.Items.Data[0]
	var invoice string
	if sub.LatestInvoice != nil {
		invoice = sub.LatestInvoice.ID
	}
	_, err := tx.StmtContext(ctx, t.upsertMirror).ExecContext(ctx, sub.ID, sub.Customer.ID, sub.Status, item.Price.ID, item.Quantity,
		unix(sub.CurrentPeriodStart), unix(sub.CurrentPeriodEnd), sub.CancelAtPeriodEnd, invoice, unix(event.Created))
	return err
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func textbookCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "textbook",
		Short:  "Serve the textbook receiver, as DATABASE_URL, LISTEN_ADDR and STRIPE_WEBHOOK_SECRET say",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := newTextbook(cmd.Context(), os.Getenv("DATABASE_URL"), os.Getenv("STRIPE_WEBHOOK_SECRET"))
			if err != nil {
				return err
			}
			defer t.db.Close()
			mux := http.NewServeMux()
			mux.Handle("POST "+webhookPath, t)
			return serve(cmd.Context(), mux)
		},
	}
}
