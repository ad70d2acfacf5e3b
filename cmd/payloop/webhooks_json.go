package main

import (
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/endpoints"
)

// endpointJSON is a webhook endpoint for programs.
type endpointJSON struct {
	ID         string   `json:"id"`
	URL        string   `json:"url"`
	Status     string   `json:"status"`      // enabled or disabled
	APIVersion string   `json:"api_version"` // empty: the account's default
	Events     []string `json:"events"`
	Replaces   []string `json:"replaces,omitempty"`
	Ours       bool     `json:"ours"`    // it sends to this app
	Differs    []string `json:"differs"` // in words; of one that is ours
}

func (h *hooks) row(e billing.WebhookEndpoint) endpointJSON {
	r := endpointJSON{
		ID: e.ID, URL: e.URL, Status: "disabled", APIVersion: e.APIVersion, Events: e.Events, Replaces: e.Replaces,
		Ours: e.URL == h.want.URL, Differs: []string{},
	}
	if e.Enabled {
		r.Status = "enabled"
	}
	if r.Ours {
		r.Differs = append(r.Differs, h.want.Compare(e).Parts()...)
	}
	return r
}

// madeJSON is what setup, rotate and finish answer to programs.
type madeJSON struct {
	Endpoint endpointJSON `json:"endpoint"`
	Made     bool         `json:"made"`             // it is new
	Changed  []string     `json:"changed"`          // what was not in line before
	Secret   string       `json:"secret,omitempty"` // of a new one, shown this once
}

func (h *hooks) madeJSON(m endpoints.Made) madeJSON {
	out := madeJSON{Endpoint: h.row(m.Endpoint), Made: m.Secret != "", Changed: []string{}, Secret: m.Secret}
	if m.Before.Mendable() {
		m.Before.APIVersion = "" // stays as it is
		out.Changed = m.Before.Parts()
	}
	return out
}
