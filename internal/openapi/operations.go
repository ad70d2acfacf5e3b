package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Tag is a group of operations.
type Tag struct{ Name, Description string }

// Operation is one method at one path.
type Operation struct {
	ID          string
	Tag         string
	Method      string // GET
	Path        string // /api/keys/{id}
	Summary     string
	Description string
	Access      Access
	Parameters  []Parameter
	Body        []Field // of the request; nil: there is none
	Request     string  // an example of the body, as JSON in one line; empty: none
	Answer      string  // an example of what comes back, indented; empty: nothing to show
	Statuses    []Status
}

// Access is who may ask.
type Access int

const (
	Anyone       Access = iota // no key needed
	KeyOrSession               // an API key, or somebody who is signed in in the browser
	KeyOnly
)

// Parameter stands in the path, the query or a header.
type Parameter struct {
	Name, In, Description string
	Required              bool
	Example               string // empty: none
}

// Field is a member of a request's body.
type Field struct {
	Name, Type, Description string
	Required                bool
}

// Status is an answer that the operation can give.
type Status struct {
	Code        string // 402
	ErrorCode   string // no_credits; empty: not an error
	Description string
}

// ExamplePath is the path with the query, filled in with the examples.
func (o Operation) ExamplePath() string {
	path, query := o.Path, url.Values{}
	for _, p := range o.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(p.Example))
		case p.In == "query" && p.Example != "":
			query.Set(p.Name, p.Example)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// Header returns the example of the header parameter of that name, "" for
// none.
func (o Operation) Header(name string) string {
	for _, p := range o.Parameters {
		if p.In == "header" && strings.EqualFold(p.Name, name) {
			return p.Example
		}
	}
	return ""
}

// read takes from the document what the page shows.
func read(content []byte) ([]Tag, []Operation, error) {
	var w written
	if err := json.Unmarshal(content, &w); err != nil {
		return nil, nil, err
	}
	var ops []Operation
	for _, path := range w.Paths {
		var methods members
		if err := json.Unmarshal(path.Value, &methods); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path.Name, err)
		}
		for _, method := range methods {
			op, err := w.operation(strings.ToUpper(method.Name), path.Name, method.Value)
			if err != nil {
				return nil, nil, fmt.Errorf("%s %s: %w", method.Name, path.Name, err)
			}
			ops = append(ops, op)
		}
	}
	slices.SortStableFunc(ops, func(a, b Operation) int { return w.tagIndex(a.Tag) - w.tagIndex(b.Tag) })
	return w.Tags, ops, nil
}

func (w *written) tagIndex(name string) int {
	return slices.IndexFunc(w.Tags, func(t Tag) bool { return t.Name == name })
}

func (w *written) operation(method, path string, content json.RawMessage) (Operation, error) {
	var in writtenOperation
	if err := json.Unmarshal(content, &in); err != nil {
		return Operation{}, err
	}
	if len(in.Tags) != 1 || w.tagIndex(in.Tags[0]) < 0 {
		return Operation{}, fmt.Errorf("its tags are %q, want one that is listed", in.Tags)
	}
	op := Operation{ID: in.OperationID, Tag: in.Tags[0], Method: method, Path: path, Summary: in.Summary, Description: in.Description, Access: in.access()}
	for _, p := range in.Parameters {
		full := resolve(w.Components.Parameters, p.Ref, p)
		op.Parameters = append(op.Parameters, Parameter{full.Name, full.In, full.Description, full.Required, plain(full.Example)})
	}
	if body := in.RequestBody.Content.JSON; body.Schema.Ref != "" {
		op.Body = w.fields(body.Schema.Ref)
		op.Request = oneLine(body.Example)
	}
	for _, r := range in.Responses {
		var answer writtenResponse
		if err := json.Unmarshal(r.Value, &answer); err != nil {
			return Operation{}, err
		}
		answer = resolve(w.Components.Responses, answer.Ref, answer)
		if strings.HasPrefix(r.Name, "2") {
			op.Answer = indented(answer.Content.JSON.Example)
		}
		statuses, err := answer.statuses(r.Name)
		if err != nil {
			return Operation{}, err
		}
		op.Statuses = append(op.Statuses, statuses...)
	}
	return op, nil
}

// fields lists what a request's body may have.
func (w *written) fields(ref string) []Field {
	var out []Field
	schema := resolve(w.Components.Schemas, ref, writtenSchema{})
	for _, m := range schema.Properties {
		var property writtenSchema
		if json.Unmarshal(m.Value, &property) != nil {
			continue // the document is checked by a test
		}
		out = append(out, Field{m.Name, property.kind(), property.Description, slices.Contains(schema.Required, m.Name)})
	}
	return out
}

// oneLine writes JSON without spaces between its parts.
func oneLine(raw json.RawMessage) string {
	var buf bytes.Buffer
	if len(raw) == 0 || json.Compact(&buf, raw) != nil {
		return ""
	}
	return buf.String()
}

func indented(raw json.RawMessage) string {
	var buf bytes.Buffer
	if len(raw) == 0 || json.Indent(&buf, []byte(oneLine(raw)), "", "  ") != nil {
		return ""
	}
	return buf.String()
}
