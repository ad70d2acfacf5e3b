package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// summary is what is said when everything is up.
type summary struct {
	settings settings
	dataIn   string // empty: somebody else's database
	moved    bool   // the data could not lie in the data folder
	colours  bool
}

func (w *world) summary() summary {
	s := summary{settings: w.settings, colours: onTerminal(os.Stdout)}
	if w.db != nil {
		s.dataIn = w.db.Dir()
		s.moved = !samePlace(s.dataIn, w.settings.databaseDir())
	}
	return s
}

// row is a name and what to know about it, a line each.
type row struct {
	name  string
	lines []string
}

func (s summary) print(out io.Writer) {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  %s Ctrl-C stops everything.\n\n", s.bold("Payloop is up."))
	for _, r := range s.rows() {
		for i, line := range r.lines {
			name := ""
			if i == 0 {
				name = r.name
			}
			fmt.Fprintf(&b, "  %s %s\n", s.bold(fmt.Sprintf("%-10s", name)), line)
		}
	}
	b.WriteString("\n")
	_, _ = io.WriteString(out, b.String()) // it runs on when nobody reads that
}

func (s summary) rows() []row {
	rows := []row{{"App", []string{s.settings.baseURL}}, {"Stripe", s.stripe()}}
	if s.settings.stripe == sandbox {
		rows = append(rows, row{"Dashboard", []string{s.settings.sandboxURL() + "/_sandbox/"}})
	}
	rows = append(rows, row{"Database", s.database()}, row{"Try it", []string{
		"open " + s.settings.baseURL + "/pricing → Subscribe → sign up → pay → account"}})
	if s.settings.stripe != liveMode {
		rows = append(rows, row{"Test card", []string{"4242 4242 4242 4242, any future date, any CVC"}})
	}
	return append(rows, row{"Commands", []string{"bin/dev doctor, bin/dev events list, …: those of bin/payloop, for what is up here"}})
}

func (s summary) stripe() []string {
	switch s.settings.stripe {
	case sandbox:
		return []string{"the sandbox, on this machine: no account, no real money"}
	case liveMode:
		return []string{"the real one, live mode: real cards and real money"}
	case elsewhere:
		return []string{"another one, at " + s.settings.apiBase}
	default:
		return []string{"the real one, test mode: no real money"}
	}
}

func (s summary) database() []string {
	if s.dataIn == "" {
		return []string{withoutPassword(s.settings.databaseURL)}
	}
	lines := []string{s.settings.databaseURL, "data in " + s.dataIn}
	if s.moved {
		lines = append(lines, "(Postgres does not run as root, and its user cannot enter "+s.settings.dataDir+")")
	}
	return lines
}

func (s summary) bold(text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

func withoutPassword(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "as DATABASE_URL says"
	}
	return u.Redacted()
}

func samePlace(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// onTerminal tells whether a person reads this. See https://no-color.org.
func onTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}
