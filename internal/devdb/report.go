package devdb

import (
	"encoding/json"
	"errors"
	"io"
)

// order is what the owner asks of the keeper, handed over in the environment.
type order struct {
	Owner    int // process id
	Dir      string
	Port     int
	Durable  bool
	Settings map[string]string
}

// report is the one line the keeper writes to its standard output: where the server is, or why there is none.
type report struct {
	Port  int    `json:",omitempty"`
	Dir   string `json:",omitempty"`
	Error string `json:",omitempty"`
	Kind  string `json:",omitempty"`
}

func reportError(err error) report {
	r := report{Error: err.Error()}
	for name, kind := range kinds {
		if errors.Is(err, kind) {
			r.Kind = name
		}
	}
	return r
}

func (r report) err() error {
	if r.Error == "" {
		return nil
	}
	return &failure{kind: kinds[r.Kind], text: r.Error}
}

func (r report) write(w io.Writer) error {
	return json.NewEncoder(w).Encode(r)
}

func readReport(r io.Reader) (report, error) {
	var said report
	err := json.NewDecoder(r).Decode(&said)
	return said, err
}
