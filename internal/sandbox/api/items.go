package api

import (
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// withPeriods gives subscription items that are answered by themselves their period, which newer versions tell on the
// item: only the subscription knows it.
func (c *call) withPeriods(tx *engine.Tx, obj any) any {
	if c.version.Same() || !strings.Contains(c.endpoint, "/v1/subscription_items") {
		return obj
	}
	tree := asTree(obj)
	node, _ := tree.(map[string]any)
	items, listed := node["data"].([]any)
	if !listed {
		items = []any{tree}
	}
	for _, e := range items {
		item, _ := e.(map[string]any)
		id, _ := item["subscription"].(string)
		if s, ok := tx.Lookup(id).(*shape.Subscription); ok {
			item["current_period_start"], item["current_period_end"] = s.CurrentPeriodStart, s.CurrentPeriodEnd
		}
	}
	return tree
}
