package engine

import (
	"iter"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Page says which part of a list is wanted.
type Page struct {
	Limit         *int64 `form:"limit"`
	StartingAfter string `form:"starting_after"`
	EndingBefore  string `form:"ending_before"`
}

// Made narrows a list to a time of creation.
type Made struct {
	Created form.Range `form:"created"`
}

// The bounds of a page, from Stripe's documentation of pagination.
const (
	defaultLimit = 10
	maxLimit     = 100
)

func (p Page) check() (limit int, err error) {
	if p.StartingAfter != "" && p.EndingBefore != "" {
		return 0, shape.Invalid("", "", "You may only specify one of these parameters: ending_before, starting_after.")
	}
	if p.Limit == nil {
		return defaultLimit, nil
	}
	if *p.Limit < 1 || *p.Limit > maxLimit {
		return 0, shape.Invalid("limit", "", "This value must be between 1 and %d (inclusive).", maxLimit)
	}
	return int(*p.Limit), nil
}

// list is one page of the rows that keep says yes to, newest first. It looks no further than the page needs.
func list[T any](url string, p Page, rows iter.Seq2[string, *T], keep func(*T) bool) (any, error) {
	limit, err := p.check()
	if err != nil {
		return nil, err
	}
	var found []*T
	begun, ended := p.StartingAfter == "", p.EndingBefore == "" // by the cursors
	for id, row := range rows {
		if p.EndingBefore == "" && len(found) > limit {
			break
		}
		if ended = ended || id == p.EndingBefore; ended && p.EndingBefore != "" {
			break
		}
		if begun && keep(row) {
			found = append(found, row)
		}
		begun = begun || id == p.StartingAfter
	}
	if !begun {
		return nil, shape.Missing("starting_after", "object", p.StartingAfter)
	}
	if !ended {
		return nil, shape.Missing("ending_before", "object", p.EndingBefore)
	}
	more := len(found) > limit
	if p.EndingBefore != "" {
		found = found[max(0, len(found)-limit):]
	}
	out := shape.NewList(url, found[:min(limit, len(found))]...)
	out.HasMore = more
	return out, nil
}

// matches reports whether a filter is not given, or equals.
func matches(filter, value string) bool { return filter == "" || filter == value }

func is(filter *bool, value bool) bool { return filter == nil || *filter == value }

// told yields the rows of a table, newest first, as they are answered.
func told[T any](t *table[T], as func(*T) *T) iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for id, row := range t.newest() {
			if !yield(id, as(row)) {
				return
			}
		}
	}
}
