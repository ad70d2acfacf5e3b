package main

import (
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
)

// eventJSON is an event for a program to read.
type eventJSON struct {
	ID          string             `json:"id"`
	Type        string             `json:"type"`
	Object      string             `json:"object"`
	Customer    string             `json:"customer,omitempty"`
	APIVersion  string             `json:"api_version"`
	State       billing.EventState `json:"state"`
	Lane        string             `json:"lane"`
	Attempts    int                `json:"attempts"`       // since it came or was last retried
	AllAttempts int                `json:"attempts_total"` // ever
	Decision    billing.Decision   `json:"decision,omitempty"`
	Reason      billing.Reason     `json:"reason,omitempty"`
	Why         string             `json:"why,omitempty"` // the same in words
	Error       string             `json:"error,omitempty"`
	CreatedAt   time.Time          `json:"created_at"`
	ReceivedAt  time.Time          `json:"received_at"`
	DueAt       *time.Time         `json:"due_at,omitempty"`       // while it is open
	FinalizedAt *time.Time         `json:"finalized_at,omitempty"` // when it was processed or failed
	Size        int                `json:"payload_bytes"`
}

func eventJSONOf(e postgres.StoredEvent) eventJSON {
	out := eventJSON{
		ID: e.ID, Type: e.Type, Object: e.ObjectID, Customer: e.CustomerID, APIVersion: e.APIVersion,
		State: e.State, Lane: e.Lane, Attempts: tries(e), AllAttempts: e.Attempt,
		Decision: e.Decision, Reason: e.Reason, Why: outcomeLong(e.Outcome), Error: e.LastError,
		CreatedAt: e.CreatedAt, ReceivedAt: e.ReceivedAt, Size: e.Size,
	}
	if e.FinalizedAt.IsZero() {
		out.DueAt = &e.DueAt
	} else {
		out.FinalizedAt = &e.FinalizedAt
	}
	return out
}
