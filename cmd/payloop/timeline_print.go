package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// introduce says whose story it is.
func introduce(out io.Writer, p identity, in *time.Location) {
	var customers []string
	for _, c := range p.Customers {
		if c.Deleted {
			c.ID += " (deleted)"
		}
		customers = append(customers, c.ID)
	}
	if p.User.ID == "" {
		fmt.Fprintf(out, "%s, a Stripe customer who is nobody's here\n", strings.Join(customers, ", "))
		return
	}
	fmt.Fprintf(out, "%s, signed up %s\n", oneLine(p.User.Email), clock(p.User.CreatedAt.In(in)))
	if len(customers) == 0 {
		fmt.Fprintln(out, "No Stripe customer yet: billing begins with the first purchase.")
		return
	}
	fmt.Fprintf(out, "At Stripe: %s\n", strings.Join(customers, ", "))
}

func printStoryJSON(out io.Writer, story []storyLine) error {
	lines := json.NewEncoder(out)
	for _, l := range story {
		if err := lines.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// printStory prints a line each, under the day that it happened on.
func printStory(out io.Writer, story []storyLine, in *time.Location) {
	var rows [][]string
	day := ""
	for _, l := range story {
		at := l.At.In(in)
		if d := at.Format("Monday, 2 January 2006, ") + zone(at); d != day {
			day = d
			rows = append(rows, []string{""}, []string{day})
		}
		rows = append(rows, []string{"  " + at.Format(time.TimeOnly), l.From, l.What, shortID(l.Object), l.Detail})
	}
	printTable(out, "", rows)
	if len(story) == 0 {
		fmt.Fprintln(out, "\nNothing happened.")
	}
}
