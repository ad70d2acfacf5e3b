package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/postgres"
)

func listEventsCommand() *cobra.Command {
	var l listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List events, the newest first",
		Long: `Lists events as they were received, the newest first: what became of each and
why, and the last error of those that are not done.`,
		Example: `  payloop events list --state failed
  payloop events list --type 'invoice.*' --since 24h
  payloop events list --customer ada@example.com --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if l.limit < 1 {
				return errors.New("--limit: ask for at least one")
			}
			return withStore(cmd.Context(), func(store *postgres.Store) error { return l.run(cmd, store) })
		},
	}
	l.register(cmd)
	cmd.Flags().StringVar(&l.state, "state", "", "only events that are pending, running, processed or failed")
	cmd.Flags().IntVar(&l.limit, "limit", 50, "how many at most")
	cmd.Flags().StringVar(&l.before, "before", "", "only events received before this one: evt_…")
	cmd.Flags().BoolVar(&l.asJSON, "json", false, "print one JSON object a line")
	return cmd
}

type listFlags struct {
	eventFlags
	limit  int
	before string
	asJSON bool
}

func (l *listFlags) run(cmd *cobra.Command, store *postgres.Store) error {
	f, err := l.filter(cmd.Context(), store)
	if err != nil {
		return err
	}
	f.Limit, f.Before = l.limit, l.before
	if err := l.checkBefore(cmd.Context(), store, f); err != nil {
		return err
	}
	events, more, err := eventPage(cmd.Context(), store, f)
	if err != nil {
		return err
	}
	if more { // on the other stream, so that a program reads events alone
		defer fmt.Fprintf(cmd.ErrOrStderr(), "\nOlder ones: payloop events list%s --limit %d --before %s\n", l.typed(), l.limit, events[len(events)-1].ID)
	}
	return printEvents(cmd.OutOrStdout(), events, store.Now(), l.asJSON)
}

// checkBefore refuses a beginning that is not before the end.
func (l *listFlags) checkBefore(ctx context.Context, store *postgres.Store, f postgres.EventFilter) error {
	if f.Before == "" {
		return nil
	}
	e, err := store.StoredEventByID(ctx, f.Before)
	if err != nil {
		return noEvent(f.Before, err)
	}
	if f.Since.After(e.ReceivedAt) {
		return fmt.Errorf("--since %s is after --before %s, which was received %s", l.since, l.before, clock(e.ReceivedAt.In(time.Local)))
	}
	return nil
}

// eventPage returns at most f.Limit events, and whether there are more.
func eventPage(ctx context.Context, store *postgres.Store, f postgres.EventFilter) (events []postgres.StoredEvent, more bool, err error) {
	limit := f.Limit
	f.Limit++
	if events, err = store.Events(ctx, f); err != nil || len(events) <= limit {
		return events, false, err
	}
	return events[:limit], true, nil
}

// typed writes the filters as they were typed, for a command that goes on.
func (f *eventFlags) typed() string {
	var out strings.Builder
	for _, flag := range [][2]string{{"state", f.state}, {"type", f.eventType}, {"customer", f.customer}, {"since", f.since}, {"until", f.until}} {
		if flag[1] != "" {
			fmt.Fprintf(&out, " --%s %s", flag[0], quoted(flag[1]))
		}
	}
	return out.String()
}

var plainWord = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// quoted writes a word as a shell reads it.
func quoted(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func printEvents(out io.Writer, events []postgres.StoredEvent, now time.Time, asJSON bool) error {
	if asJSON {
		lines := json.NewEncoder(out)
		for _, e := range events {
			if err := lines.Encode(eventJSONOf(e)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(events) == 0 {
		fmt.Fprintln(out, "No event matches.")
		return nil
	}
	printTable(out, "", eventRows(events, now))
	return nil
}

// eventRows has a row for each event, and one below it for the error of an
// event that is not done.
func eventRows(events []postgres.StoredEvent, now time.Time) [][]string {
	const typeWidth = 32
	rows := [][]string{{"EVENT", "TYPE", "OBJECT", "STATE", "TRIES", "OUTCOME", "AGE"}}
	for _, e := range events {
		rows = append(rows, []string{
			oneLine(e.ID), cut(oneLine(e.Type), typeWidth), shortID(oneLine(e.ObjectID)), string(e.State), strconv.Itoa(tries(e)),
			outcomeShort(e.Outcome), age(now.Sub(e.ReceivedAt)),
		})
		if e.LastError != "" {
			rows = append(rows, []string{"  └ " + oneLine(e.LastError)})
		}
	}
	return rows
}
