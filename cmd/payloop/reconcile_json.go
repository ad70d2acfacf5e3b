package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/payloop/payloop/internal/reconcile"
)

// jsonReport prints one document, and keeps none of it in memory:
// {"drift": [...], "summary": {...}}.
type jsonReport struct {
	out   io.Writer
	begun bool
}

func (j *jsonReport) found(d reconcile.Drift) error {
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	start := ",\n  "
	if !j.begun {
		start = "{\"drift\": [\n  "
	}
	j.begun = true
	_, err = fmt.Fprintf(j.out, "%s%s", start, body)
	return err
}

func (j *jsonReport) end(s reconcile.Summary, o reconcile.Options, whole bool) error {
	body, err := json.Marshal(struct {
		Complete bool   `json:"complete"`
		DryRun   bool   `json:"dry_run"`
		Since    string `json:"since,omitempty"`
		reconcile.Summary
	}{whole, o.DryRun, timeText(o), s})
	if err != nil {
		return err
	}
	start := "\n], "
	if !j.begun {
		start = "{\"drift\": [], "
	}
	_, err = fmt.Fprintf(j.out, "%s\"summary\": %s}\n", start, body)
	return err
}

func timeText(o reconcile.Options) string {
	if o.Since.IsZero() {
		return ""
	}
	return o.Since.UTC().Format(time.RFC3339)
}
