package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// lineWidth is how wide a line of a list may be: it fits most terminals.
const lineWidth = 120

// printTable prints rows in aligned columns, two spaces apart. A row of one cell
// is a line of its own between them. A line that is too wide is cut.
func printTable(out io.Writer, indent string, rows [][]string) {
	widths := map[int]int{}
	for _, row := range rows {
		if len(row) == 1 {
			continue
		}
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		line.WriteString(indent)
		for i, cell := range row {
			fmt.Fprintf(&line, "%-*s  ", widths[i], cell)
		}
		fmt.Fprintln(out, cut(strings.TrimRight(line.String(), " "), lineWidth))
	}
}

// cut shortens a text to so many characters, and shows that it did.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// shortID shortens an ID of Stripe's to its kind and its end, by which it can
// be told from others: sub_…RlqHVzs.
func shortID(id string) string {
	const longest, tail = 14, 7
	kind, _, ok := strings.Cut(id, "_")
	if !ok || len(id) <= longest {
		return cut(id, longest)
	}
	return cut(kind+"_…"+id[len(id)-tail:], longest)
}

// oneLine makes a text of somebody else's safe for a line of a terminal.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// screen is what a command prints to. What comes from outside may hold
// characters that steer a terminal; they are written as JSON writes them, so
// that JSON stays what it is.
type screen struct{ out io.Writer }

var steering = regexp.MustCompile(`[^\P{Cc}\n\t]`)

func (s screen) Write(p []byte) (int, error) {
	safe := steering.ReplaceAllFunc(p, func(c []byte) []byte {
		r, _ := utf8.DecodeRune(c)
		return fmt.Appendf(nil, `\u%04x`, r)
	})
	if _, err := s.out.Write(safe); err != nil {
		return 0, err
	}
	return len(p), nil
}

// age writes a length of time by its largest unit: 5s, 3m, 2h, 4d.
func age(d time.Duration) string {
	switch {
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// clock writes a time to the second in its own zone, and the zone.
func clock(t time.Time) string { return t.Format("2006-01-02 15:04:05 ") + zone(t) }

// zone writes how far a time's zone is from UTC.
func zone(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return "UTC"
	}
	return t.Format("UTC-07:00")
}

// plural writes a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
