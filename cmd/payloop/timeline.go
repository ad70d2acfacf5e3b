package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/postgres"
)

func timelineCommand() *cobra.Command {
	var t timelineFlags
	cmd := &cobra.Command{
		Use:   "timeline e-mail | cus_…",
		Short: "Tell one customer's story: events, credits, mails, and who did what",
		Long: `Tells one customer's story in the order of time: Stripe's events with what was
decided about each and why, credits given and taken, mails, and what the
customer, the operator and the product itself did. Spends that nothing came
between stand in one line.`,
		Example: `  payloop timeline ada@example.com
  payloop timeline cus_NffrFeUfNV2Hib --since 7d --newest`,
		Args: one("customer"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if t.limit < 1 {
				return errors.New("--limit: ask for at least one")
			}
			return withStore(cmd.Context(), func(store *postgres.Store) error { return t.run(cmd, store, args[0]) })
		},
	}
	cmd.Flags().StringVar(&t.since, "since", "", "only what happened since then: 24h, 7d, 2026-11-21 or '2026-11-21 14:30'")
	cmd.Flags().IntVar(&t.limit, "limit", 200, "how many lines at most, the latest")
	cmd.Flags().BoolVar(&t.newest, "newest", false, "the newest first")
	cmd.Flags().BoolVar(&t.asJSON, "json", false, "print one JSON object a line")
	return cmd
}

type timelineFlags struct {
	since          string
	limit          int
	newest, asJSON bool
}

func (t timelineFlags) run(cmd *cobra.Command, store *postgres.Store, whose string) error {
	now := store.Now()
	since, err := parseTime(t.since, now)
	if err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	who, err := findIdentity(cmd.Context(), store, whose)
	if err != nil {
		return err
	}
	story, more, err := tell(cmd.Context(), store, who, postgres.Window{Since: since, Limit: t.limit})
	if err != nil {
		return err
	}
	if len(story) == 0 && !since.Before(now) { // a sandbox whose clock was moved on has events of days to come
		return notPast(t.since)
	}
	if t.newest {
		slices.Reverse(story)
	}
	if more { // on the other stream, so that a program reads the story alone
		defer fmt.Fprintf(cmd.ErrOrStderr(), "\nThese are the latest %d; there is more: --limit %d\n", t.limit, 10*t.limit)
	}
	if t.asJSON {
		return printStoryJSON(cmd.OutOrStdout(), story)
	}
	introduce(cmd.OutOrStdout(), who, time.Local)
	printStory(cmd.OutOrStdout(), story, time.Local)
	return nil
}

// longestSpends is how many spends are read to be summed up. Whoever spends
// more than that sees those before in the ledger alone.
const longestSpends = 10_000

// tell collects a person's story, the oldest line first, and says whether it
// has more lines than asked for.
func tell(ctx context.Context, store *postgres.Store, p identity, w postgres.Window) (story []storyLine, more bool, err error) {
	w.Limit++ // one more of each shows that there is more
	events, err := store.EventsByCustomerIDs(ctx, p.customerIDs(), w)
	if err != nil {
		return nil, false, err
	}
	for _, e := range slices.Backward(events) { // rows come the newest first
		story = append(story, eventLine(e, store.Now()))
	}
	if p.User.ID != "" {
		ours, err := ownLines(ctx, store, p.User.ID, w)
		if err != nil {
			return nil, false, err
		}
		story = append(story, ours...)
	}
	story = inOrder(story)
	limit := w.Limit - 1
	if len(story) > limit {
		return story[len(story)-limit:], true, nil
	}
	return story, false, nil
}

// ownLines is what we know of a user besides Stripe's events.
func ownLines(ctx context.Context, store *postgres.Store, userID string, w postgres.Window) ([]storyLine, error) {
	var lines []storyLine
	actions, err := store.ActionsByUserID(ctx, userID, w)
	if err != nil {
		return nil, err
	}
	for _, a := range slices.Backward(actions) {
		lines = append(lines, actionLine(a))
	}
	entries, err := store.GrantsByUserID(ctx, userID, w)
	if err != nil {
		return nil, err
	}
	spends, err := store.SpendsByUserID(ctx, userID, postgres.Window{Since: w.Since, Limit: longestSpends})
	if err != nil {
		return nil, err
	}
	for _, e := range slices.Backward(append(spends, entries...)) {
		lines = append(lines, creditLine(e))
	}
	mails, err := store.MailsByUserID(ctx, userID, w)
	if err != nil {
		return nil, err
	}
	for _, m := range slices.Backward(mails) {
		lines = append(lines, mailLine(m))
	}
	return lines, nil
}
