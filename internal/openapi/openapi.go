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
)

// document is written by hand. It names an address and a product that are
// replaced by the real ones.
//
//go:embed openapi.json
var document []byte

const (
	writtenURL  = "https://app.example.com"
	writtenName = `"title": "Payloop API"`
)

// Document is the description of the API as one installation has it.
type Document struct {
	JSON []byte
	ETag string // of JSON, with its quotes

	BaseURL    string
	Tags       []Tag
	Operations []Operation // in the document's order
}

// New returns the document of the product of that name that answers at
// baseURL, which has no trailing slash.
func New(baseURL, product string) (Document, error) {
	url, err := json.Marshal(baseURL)
	if err != nil {
		return Document{}, fmt.Errorf("openapi: base URL: %w", err)
	}
	title, err := json.Marshal(product + " API")
	if err != nil {
		return Document{}, fmt.Errorf("openapi: product name: %w", err)
	}
	written := bytes.ReplaceAll(document, []byte(writtenURL), bytes.Trim(url, `"`))
	written = bytes.Replace(written, []byte(writtenName), append([]byte(`"title": `), title...), 1)
	d := Document{JSON: written, ETag: etag(written), BaseURL: baseURL}
	if d.Tags, d.Operations, err = read(written); err != nil {
		return Document{}, fmt.Errorf("openapi: %w", err)
	}
	return d, nil
}

func etag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}
