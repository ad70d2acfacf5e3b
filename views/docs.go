package views

import (
	"cmp"
	"slices"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/openapi"
)

// DocsPage describes the API to whoever writes a program against it.
type DocsPage struct {
	Shell
	API   openapi.Document
	Plans []billing.Plan // whose limits are shown
}

// operations are those of one group.
func (p DocsPage) operations(tag string) []openapi.Operation {
	var out []openapi.Operation
	for _, op := range p.API.Operations {
		if op.Tag == tag {
			out = append(out, op)
		}
	}
	return out
}

// errors lists each error code once, by status.
func (p DocsPage) errors() []openapi.Status {
	var out []openapi.Status
	for _, op := range p.API.Operations {
		for _, s := range op.Statuses {
			if s.ErrorCode != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b openapi.Status) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// accessText says who may ask, where that is not what the page says in
// general.
func accessText(a openapi.Access) string {
	switch a {
	case openapi.Anyone:
		return "No key needed."
	case openapi.KeyOnly:
		return "By API key only."
	}
	return ""
}

// optional says of a field or parameter whether it may be missing.
func optional(kind string, required bool) string {
	if required {
		return kind
	}
	return kind + ", optional"
}

// errorCodes are those that the operation answers, each once.
func errorCodes(op openapi.Operation) []string {
	var out []string
	for _, s := range op.Statuses {
		if s.ErrorCode != "" && !slices.Contains(out, s.ErrorCode) {
			out = append(out, s.ErrorCode)
		}
	}
	return out
}

// limitText says how many requests a plan allows.
func limitText(p billing.Plan) string {
	if p.RequestsPerMinute == 0 {
		return "no limit"
	}
	return Number(p.RequestsPerMinute) + " a minute"
}
