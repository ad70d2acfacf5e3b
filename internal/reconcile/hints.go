package reconcile

import (
	"context"
	"encoding/json"

	"github.com/payloop/payloop/internal/billing"
)

// metadataOf is where an object may name one of our users although its customer
// is not known here: its own metadata, or that of an invoice's subscription.
type metadataOf struct {
	Metadata            userMetadata `json:"metadata"`
	SubscriptionDetails struct {
		Metadata userMetadata `json:"metadata"`
	} `json:"subscription_details"`
}

type userMetadata struct {
	UserID string `json:"payloop_user_id"`
	Mark   string `json:"payloop"`
}

func hintOf(object json.RawMessage) string {
	var m metadataOf
	if json.Unmarshal(object, &m) != nil {
		return "" // a hint is all it would have been
	}
	if m.Metadata.UserID != "" {
		return m.Metadata.UserID
	}
	return m.SubscriptionDetails.Metadata.UserID
}

// isProbe says whether an event is about a customer who was made to see whether
// webhooks arrive.
func isProbe(event json.RawMessage) bool {
	var m metadataOf
	return json.Unmarshal(objectOf(event), &m) == nil && m.Metadata.Mark == billing.ProbeMark
}

// hinted says which objects of unknown customers name one of our users: the
// row that links their customer is what is missing then.
func (w *walk) hinted(ctx context.Context, page billing.Page, users []string) ([]bool, error) {
	var owners []billing.Owner
	var places []int
	for i, user := range users {
		if user != "" {
			continue
		}
		if hint := hintOf(page.Objects[i]); hint != "" {
			owners, places = append(owners, billing.Owner{Reference: hint}), append(places, i)
		}
	}
	out := make([]bool, len(users))
	if len(owners) == 0 {
		return out, nil
	}
	found, err := w.Store.UserIDs(ctx, owners)
	for n, user := range found {
		out[places[n]] = user != ""
	}
	return out, err
}
