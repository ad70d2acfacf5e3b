package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// written is the part of the document that the page needs, as it is written.
type written struct {
	Tags       []Tag
	Paths      members
	Components struct {
		Parameters map[string]writtenParameter
		Responses  map[string]writtenResponse
		Schemas    map[string]writtenSchema
	}
}

type writtenOperation struct {
	Tags                              []string
	OperationID, Summary, Description string
	Security                          *[]map[string][]string // nil: the document's own, key or session
	Parameters                        []writtenParameter
	RequestBody                       struct{ Content writtenContent }
	Responses                         members
}

type writtenParameter struct {
	Ref                   string `json:"$ref"`
	Name, In, Description string
	Required              bool
	Example               json.RawMessage
}

type writtenResponse struct {
	Ref         string `json:"$ref"`
	Description string
	Content     writtenContent
}

// statuses are one, or one for each error code that has an example.
func (r writtenResponse) statuses(code string) ([]Status, error) {
	only := Status{Code: code, Description: r.Description}
	if len(r.Content.JSON.Examples) == 0 {
		var err error
		only.ErrorCode, err = errorCode(r.Content.JSON.Example)
		return []Status{only}, err
	}
	var out []Status
	for _, m := range r.Content.JSON.Examples {
		var example struct {
			Summary string
			Value   json.RawMessage
		}
		if err := json.Unmarshal(m.Value, &example); err != nil {
			return nil, err
		}
		name, err := errorCode(example.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, Status{code, name, example.Summary})
	}
	return out, nil
}

// errorCode takes the code from an example of an error, "" from anything else.
func errorCode(example json.RawMessage) (string, error) {
	if len(example) == 0 {
		return "", nil
	}
	var body struct{ Error struct{ Code string } }
	err := json.Unmarshal(example, &body)
	return body.Error.Code, err
}

type writtenContent struct {
	JSON struct {
		Schema struct {
			Ref string `json:"$ref"`
		}
		Example  json.RawMessage
		Examples members // where one is not enough
	} `json:"application/json"`
}

type writtenSchema struct {
	Ref         string `json:"$ref"`
	Type        any    // a name, or several
	Description string
	Required    []string
	Properties  members
}

func (o writtenOperation) access() Access {
	switch {
	case o.Security == nil:
		return KeyOrSession
	case len(*o.Security) == 0:
		return Anyone
	}
	return KeyOnly
}

// kind names a field's type in a word.
func (s writtenSchema) kind() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		return fmt.Sprint(t[0])
	}
	return "string"
}

// resolve returns what the reference names, or v itself where there is none.
func resolve[T any](known map[string]T, ref string, v T) T {
	if ref == "" {
		return v
	}
	return known[ref[strings.LastIndex(ref, "/")+1:]]
}

// plain writes a string without its quotes, and other values as JSON does.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// members are an object's, in the order in which they are written.
type members []member

type member struct {
	Name  string
	Value json.RawMessage
}

// UnmarshalJSON keeps the order, which a map would lose.
func (m *members) UnmarshalJSON(content []byte) error {
	dec := json.NewDecoder(bytes.NewReader(content))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("an object is missing: %w", err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		*m = append(*m, member{fmt.Sprint(name), value})
	}
	return nil
}
