package handlers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

type balanceJSON struct {
	Credits int64  `json:"credits"` // available
	Plan    string `json:"plan"`
}

type spendsJSON struct {
	Results []spendResultJSON `json:"results"`
	balanceJSON
}

type spendResultJSON struct {
	Status  int        `json:"status"`
	Credits *int64     `json:"credits,omitempty"`
	Error   *errorJSON `json:"error,omitempty"`
}

type errorJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func spendsJSONOf(a billing.CreditAnswer) spendsJSON {
	out := spendsJSON{Results: make([]spendResultJSON, len(a.Spends)), balanceJSON: balanceJSON{a.Credits, a.Plan}}
	for i, s := range a.Spends {
		out.Results[i] = spendResultJSON{Status: http.StatusOK, Credits: &a.Spends[i].Credits}
		if s.Err != nil {
			out.Results[i] = spendResultJSON{Status: http.StatusPaymentRequired, Error: &errorJSON{billing.CodeOf(s.Err), s.Err.Error()}}
		}
	}
	return out
}

type reservationJSON struct {
	Reservation string    `json:"reservation"`
	Amount      int64     `json:"amount"`
	ExpiresAt   time.Time `json:"expires_at"`
	balanceJSON
}

type committedJSON struct {
	Spent int64 `json:"spent"`
	balanceJSON
}

// encode writes JSON as answers hold it: without the escapes that only a page
// would need.
func encode(v any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // numbers, strings and times of this century: nothing that cannot be written
	return buf.String()
}
