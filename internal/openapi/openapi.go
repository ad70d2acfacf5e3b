// Package openapi holds the description of the API: the OpenAPI 3.1 document
// that programs fetch, and what the documentation page shows of it.
package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// document is written by hand. It names an address, a product and a purchase
// that are replaced by those of the installation.
//
//go:embed openapi.json
var document []byte

const (
	writtenURL      = "https://app.example.com"
	writtenName     = `"title": "Payloop API"`
	writtenPurchase = `{ "plan": "Basic", "interval": "month" }`
)

// Document is the description of the API as one installation has it.
type Document struct {
	JSON []byte
	ETag string // of JSON, with its quotes

	BaseURL    string
	Tags       []Tag
	Operations []Operation // in the document's order, by tag
}

// New returns the document of an installation that answers at baseURL, which
// has no trailing slash, and sells that catalog.
func New(baseURL string, catalog billing.Catalog) (Document, error) {
	written := document
	for _, r := range []struct {
		old, before string
		value       any
	}{
		{writtenName, `"title": `, catalog.Product.Name + " API"},
		{writtenPurchase, "", purchase(catalog)},
	} {
		value, err := json.Marshal(r.value)
		if err != nil {
			return Document{}, fmt.Errorf("openapi: %s: %w", r.old, err)
		}
		written = bytes.Replace(written, []byte(r.old), append([]byte(r.before), value...), 1)
	}
	url, err := json.Marshal(baseURL)
	if err != nil {
		return Document{}, fmt.Errorf("openapi: base URL: %w", err)
	}
	written = bytes.ReplaceAll(written, []byte(writtenURL), bytes.Trim(url, `"`))
	d := Document{JSON: written, ETag: etag(written), BaseURL: baseURL}
	if d.Tags, d.Operations, err = read(written); err != nil {
		return Document{}, fmt.Errorf("openapi: %w", err)
	}
	return d, nil
}

// choice is what a purchase names.
type choice struct {
	Plan     string           `json:"plan"`
	Interval billing.Interval `json:"interval,omitempty"`
}

// purchase is the first that the catalog offers, so that the example works as
// it stands; where nothing is sold, it chooses the free plan.
func purchase(c billing.Catalog) choice {
	for _, plan := range c.Plans {
		for _, price := range plan.Prices {
			return choice{plan.Name, price.Interval}
		}
	}
	return choice{Plan: c.FreePlan().Name}
}

func etag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}
