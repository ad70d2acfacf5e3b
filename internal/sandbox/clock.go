package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// maxMove is the size of a request to move the clock, in bytes.
const maxMove = 1 << 16

// clock tells sandbox time.
func (s *Sandbox) clock(w http.ResponseWriter, _ *http.Request) {
	now := s.engine.Now()
	writeJSON(w, http.StatusOK, map[string]any{"now": now.Unix(), "text": now.Format(time.RFC3339)})
}

// advance moves sandbox time on by "seconds", or to the moment "to", sent as JSON or as a form.
func (s *Sandbox) advance(w http.ResponseWriter, r *http.Request) {
	m, err := readMove(r)
	if err == nil && m.to != nil {
		err = s.engine.AdvanceTo(*m.to)
	} else if err == nil {
		err = s.engine.Advance(*m.seconds)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	s.clock(w, r)
}

// move is how far time is to be moved on: one of the two.
type move struct {
	seconds *int64
	to      *int64 // Unix seconds
}

// readMove takes {"seconds": 60}, {"to": 1790000000} and {"to": "2026-09-21T13:46:40Z"}, and the same as a form.
func readMove(r *http.Request) (move, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxMove))
	if err != nil {
		return move{}, shape.Invalid("", "", "The request could not be read: %v", err)
	}
	fields, err := moveFields(r.URL.Query(), bytes.TrimSpace(body))
	if err != nil {
		return move{}, err
	}
	var m move
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		switch name {
		case "seconds":
			m.seconds, err = wholeNumber(name, value)
		case "to":
			m.to, err = moment(name, value)
		default:
			err = shape.Invalid(name, "parameter_unknown", "Received unknown parameter: %s. Send seconds, or to.", name)
		}
		if err != nil {
			return move{}, err
		}
	}
	if (m.seconds == nil) == (m.to == nil) {
		return move{}, shape.Invalid("", "", `Send one of the two: {"seconds": 60}, or {"to": a Unix time or an RFC 3339 date and time}.`)
	}
	return m, nil
}

// moveFields are the fields of a JSON object or a form. Values are numbers or strings; a form's are tried as numbers.
func moveFields(query url.Values, body []byte) (map[string]any, error) {
	fields := map[string]any{}
	if bytes.HasPrefix(body, []byte("{")) {
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&fields); err != nil || d.Decode(new(any)) != io.EOF {
			return nil, shape.Invalid("", "", "This is not one JSON object.")
		}
		return fields, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, shape.Invalid("", "", "Send a JSON object or a form.")
	}
	for _, values := range []url.Values{query, form} {
		for name := range values {
			fields[name] = values.Get(name)
			if _, err := strconv.ParseFloat(values.Get(name), 64); err == nil {
				fields[name] = json.Number(values.Get(name))
			}
		}
	}
	return fields, nil
}

func wholeNumber(name string, value any) (*int64, error) {
	text, isNumber := value.(json.Number)
	if n, err := strconv.ParseInt(string(text), 10, 64); isNumber && err == nil {
		return &n, nil
	}
	return nil, shape.Invalid(name, "parameter_invalid_integer", "Invalid integer for %s: %v.", name, value)
}

// moment reads Unix seconds, or a date and time.
func moment(name string, value any) (*int64, error) {
	text, isText := value.(string)
	if !isText {
		return wholeNumber(name, value)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, shape.Invalid(name, "", "Invalid time for %s: %q is no RFC 3339 date and time, such as 2026-09-21T13:46:40Z.", name, text)
	}
	unix := at.Unix()
	return &unix, nil
}
