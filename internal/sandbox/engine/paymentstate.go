package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// paymentState is the part of the state that payments need beside their own objects.
type paymentState struct {
	Disputes    table[shape.Dispute] `json:"disputes"`
	Tokens      table[token]         `json:"tokens"`       // of cards typed elsewhere
	Coming      table[coming]        `json:"coming"`       // what is to happen to a charge, a refund, a dispute; by its id
	CardChanges map[string]string    `json:"card_changes"` // customers by setup intents of the portal that wait for 3-D Secure
}

// coming is something that happens by itself.
type coming struct {
	At   int64  `json:"at"` // Unix seconds
	What string `json:"what"`
}
