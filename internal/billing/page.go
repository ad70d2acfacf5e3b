package billing

import (
	"encoding/json"
	"time"
)

// Page is one page of a list at Stripe.
type Page struct {
	Objects []json.RawMessage // each as Stripe wrote it; the newest first
	Last    string            // the ID that the next page comes after; empty: this was the last one
}

// ListQuery says which objects of a kind are listed.
type ListQuery struct {
	Since time.Time // made then or later; zero: all
	After string    // the last ID of the page before; empty: from the newest on
}
