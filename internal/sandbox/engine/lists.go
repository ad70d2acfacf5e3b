package engine

import (
	"iter"
	"slices"

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

func (p Page) limit() (int, error) {
	if p.Limit == nil {
		return defaultLimit, nil
	}
	if *p.Limit < 1 || *p.Limit > maxLimit {
		return 0, shape.Invalid("limit", "", "This value must be between 1 and %d (inclusive).", maxLimit)
	}
	return int(*p.Limit), nil
}

// list is one page of the rows that keep says yes to, newest first.
func list[T any](url string, p Page, rows iter.Seq2[string, *T], keep func(*T) bool) (any, error) {
	limit, err := p.limit()
	if err != nil {
		return nil, err
	}
	var ids []string
	var found []*T
	for id, row := range rows {
		if keep(row) || id == p.StartingAfter || id == p.EndingBefore {
			ids, found = append(ids, id), append(found, row)
		}
	}
	from, to, err := p.window(ids, limit)
	if err != nil {
		return nil, err
	}
	out := shape.NewList(url, found[from:to]...)
	out.HasMore = to < len(found)
	if p.EndingBefore != "" {
		out.HasMore = from > 0
	}
	return out, nil
}

// window is the part of the found ids that the page covers.
func (p Page) window(ids []string, limit int) (from, to int, err error) {
	if p.EndingBefore != "" {
		end := slices.Index(ids, p.EndingBefore)
		if end < 0 {
			return 0, 0, shape.Missing("ending_before", "object", p.EndingBefore)
		}
		return max(0, end-limit), end, nil
	}
	if p.StartingAfter != "" {
		from = slices.Index(ids, p.StartingAfter) + 1
		if from == 0 {
			return 0, 0, shape.Missing("starting_after", "object", p.StartingAfter)
		}
	}
	return from, min(len(ids), from+limit), nil
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
