// Package form reads Stripe's form encoding (a[b][0][c]=v) into Go structs, and refuses what Stripe refuses:
// unknown parameters, missing ones, and values of the wrong kind.
//
// What a request may contain is the struct it is read into. A field says its name and its rules in a tag:
//
//	Currency string  `form:"currency,required"`
//	Nickname *string `form:"nickname,clear"`        // nickname= (empty) is allowed and means: remove it
//	Interval string  `form:"interval" enum:"day|week|month|year"`
//	Items    []Item  `form:"items" without:"id"`       // where an item has no id yet; embedded structs may have it too
package form

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// node is one parameter: a value, or named children (for arrays the names are 0, 1, …).
type node struct {
	value    string
	leaf     bool
	children map[string]*node
}

func parse(values url.Values) *node {
	root := &node{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		for i, v := range values[key] {
			n := root
			for _, part := range split(key) {
				if part == "" { // a[]=x&a[]=y: the position is the index
					part = strconv.Itoa(i)
				}
				n = n.child(part)
			}
			n.value, n.leaf = v, true
		}
	}
	return root
}

// split turns a[b][0][] into a, b, 0 and the empty string.
func split(key string) []string {
	head, rest, found := strings.Cut(key, "[")
	parts := []string{head}
	for found {
		var part string
		part, rest, _ = strings.Cut(rest, "]")
		parts = append(parts, part)
		_, rest, found = strings.Cut(rest, "[")
	}
	return parts
}

func (n *node) child(name string) *node {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	c := n.children[name]
	if c == nil {
		c = &node{}
		n.children[name] = c
	}
	return c
}

// elements are the children in the order of their numbers.
func (n *node) elements() []string {
	names := slices.Collect(maps.Keys(n.children))
	slices.SortFunc(names, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return names
}

// within names a child of a parameter the way Stripe writes it.
func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "[" + name + "]"
}
