package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
)

func showEventCommand() *cobra.Command {
	var payload, raw, asJSON bool
	cmd := &cobra.Command{
		Use:   "show evt_…",
		Short: "Show all there is to know about one event",
		Args:  one("event"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if payload && raw || payload && asJSON || raw && asJSON {
				return errors.New("of --payload, --raw and --json only one can be given: each prints something else")
			}
			return withStore(cmd.Context(), func(store *postgres.Store) error {
				e, err := store.StoredEventByID(cmd.Context(), args[0])
				if err != nil {
					return noEvent(args[0], err)
				}
				out := cmd.OutOrStdout()
				switch {
				case raw:
					_, err := os.Stdout.Write(e.Payload) // as it is, whatever it holds
					return err
				case asJSON:
					return json.NewEncoder(out).Encode(eventJSONOf(e))
				}
				if err := showEvent(cmd.Context(), out, store, e); err != nil {
					return err
				}
				if payload {
					fmt.Fprintf(out, "\nPayload\n%s\n", pretty(e.Payload))
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&payload, "payload", false, "print the payload too, indented")
	cmd.Flags().BoolVar(&raw, "raw", false, "print nothing but the payload, byte for byte as it was signed")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, without the payload")
	return cmd
}

func showEvent(ctx context.Context, out io.Writer, store *postgres.Store, e postgres.StoredEvent) error {
	whose, err := whoseEvent(ctx, store, e)
	if err != nil {
		return err
	}
	actions, err := store.ActionsByObject(ctx, e.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s  %s\n\n", oneLine(e.ID), oneLine(e.Type))
	printTable(out, "  ", [][]string{
		{"state", string(e.State)},
		{"object", cmp.Or(oneLine(e.ObjectID), "none")},
		{"customer", whose},
		{"API version", cmp.Or(oneLine(e.APIVersion), "none")},
		{"lane", laneWords(e.Lane)},
		{"tries", triesOf(e, actions)},
		{"payload", fmt.Sprintf("%d bytes", e.Size)},
	})
	fmt.Fprint(out, "\nHistory\n")
	printTable(out, "  ", eventHistory(e, actions, store.Now(), time.Local))
	if e.LastError != "" {
		fmt.Fprintf(out, "\nLast error\n  %s\n", oneLine(e.LastError))
	}
	if e.State == billing.EventFailed {
		fmt.Fprintf(out, "\nWhen the cause is mended: payloop events retry %s\n", e.ID)
	}
	return nil
}

// whoseEvent names the customer whom an event is about, and their user here.
func whoseEvent(ctx context.Context, store *postgres.Store, e postgres.StoredEvent) (string, error) {
	if e.CustomerID == "" {
		return "none is named", nil
	}
	p, err := findIdentity(ctx, store, e.CustomerID)
	if billing.KindOf(err) == billing.NotFound || (err == nil && p.User.ID == "") {
		return e.CustomerID + ", nobody's here", nil
	}
	if err != nil {
		return "", err
	}
	return e.CustomerID + ", " + oneLine(p.User.Email), nil
}

func laneWords(lane string) string {
	if lane == "fetch" {
		return "fetch: its object is asked for at Stripe"
	}
	return "payload: it is worked off from what it carries"
}

// triesOf counts tries. What is forgiven for other reasons, such as a change of
// lane, never counted as one.
func triesOf(e postgres.StoredEvent, actions []billing.Action) string {
	text := fmt.Sprintf("%d of %d", tries(e), billing.MaxAttempts)
	for _, a := range slices.Backward(actions) {
		switch a.Name {
		case billing.EventRetried:
			return text + "; those before it was retried no longer count"
		case billing.EventReplayed:
			return text + "; those before it was replayed no longer count"
		}
	}
	return text
}

// eventHistory tells what happened to an event, the oldest first.
func eventHistory(e postgres.StoredEvent, actions []billing.Action, now time.Time, in *time.Location) [][]string {
	at := func(t time.Time) string { return clock(t.In(in)) }
	received := "received"
	if late := e.ReceivedAt.Sub(e.CreatedAt); late >= time.Second {
		received += ", " + age(late) + " later"
	}
	rows := [][]string{{at(e.CreatedAt), "made by Stripe"}, {at(e.ReceivedAt), received}}
	for _, a := range actions {
		rows = append(rows, []string{at(a.At), actionWords(a)})
	}
	switch e.State {
	case billing.EventProcessed:
		rows = append(rows, []string{at(e.FinalizedAt), fmt.Sprintf("processed after %s; %s", triesWord(tries(e)), outcomeLong(e.Outcome))})
	case billing.EventFailed:
		rows = append(rows, []string{at(e.FinalizedAt), "failed after " + triesWord(tries(e))})
	case billing.EventRunning:
		rows = append(rows, []string{at(e.DueAt), "is being worked on; others may take it over from this time on"})
	case billing.EventPending:
		rows = append(rows, []string{at(e.DueAt), "is due to be worked on" + untilWords(e.DueAt.Sub(now))})
	}
	return rows
}

func untilWords(d time.Duration) string {
	if d <= 0 {
		return ", as soon as a server is free"
	}
	return ", in " + age(d)
}

// pretty indents a payload, if it is JSON.
func pretty(payload []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, payload, "", "  ") != nil {
		return payload
	}
	return out.Bytes()
}
