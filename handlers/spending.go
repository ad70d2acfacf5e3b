package handlers

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

const (
	maxIdempotencyKey = 255 // characters
	maxSpends         = 1000

	defaultReservation = 10 * time.Minute
	maxReservation     = 24 * time.Hour
)

type spendJSON struct {
	Amount int64  `json:"amount"`
	Reason string `json:"reason"`
}

func (s spendJSON) check() error {
	switch {
	case s.Amount < 1:
		return billing.Errorf(billing.Invalid, "The amount must be a whole number of credits, 1 or more.")
	case utf8.RuneCountInString(s.Reason) > billing.MaxReason:
		return billing.Errorf(billing.Invalid, "The reason may have at most %d characters.", billing.MaxReason)
	case strings.ContainsRune(s.Reason, 0):
		return billing.Errorf(billing.Invalid, "The reason must not hold the character NUL.")
	}
	return nil
}

// spendCredits takes credits, or nothing.
func (h *Handlers) spendCredits(c *gin.Context) error {
	var in spendJSON
	if err := web.JSON(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	r := billing.CreditRequest{Action: billing.SpendCredits, Spends: []billing.CreditSpend{{Amount: in.Amount, Reason: in.Reason}}}
	return h.answerCredits(c, &r, in, func(a billing.CreditAnswer) (any, error) {
		return balanceJSON{a.Credits, a.Plan}, a.Spends[0].Err
	})
}

// spendManyCredits decides many spends in one call, each by itself.
func (h *Handlers) spendManyCredits(c *gin.Context) error {
	var in struct {
		Spends []spendJSON `json:"spends"`
	}
	if err := web.JSON(c, &in); err != nil {
		return err
	}
	if n := len(in.Spends); n < 1 || n > maxSpends {
		return billing.Errorf(billing.Invalid, "Send between 1 and %d spends.", maxSpends)
	}
	r := billing.CreditRequest{Action: billing.SpendCredits, Spends: make([]billing.CreditSpend, len(in.Spends))}
	for i, s := range in.Spends {
		if err := s.check(); err != nil {
			return billing.Errorf(billing.Invalid, "spends[%d]: %s Nothing was taken.", i, err)
		}
		r.Spends[i] = billing.CreditSpend{Amount: s.Amount, Reason: s.Reason}
	}
	return h.answerCredits(c, &r, in, func(a billing.CreditAnswer) (any, error) { return spendsJSONOf(a), nil })
}

// reserveCredits sets credits aside for work whose cost is known afterwards.
func (h *Handlers) reserveCredits(c *gin.Context) error {
	in := struct {
		spendJSON
		ExpiresIn int64 `json:"expires_in"`
	}{ExpiresIn: int64(defaultReservation / time.Second)}
	if err := web.JSON(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	if limit := int64(maxReservation / time.Second); in.ExpiresIn < 1 || in.ExpiresIn > limit {
		return billing.Errorf(billing.Invalid, "expires_in must be between 1 and %d seconds.", limit)
	}
	r := billing.CreditRequest{Action: billing.ReserveCredits, Amount: in.Amount, Reason: in.Reason, ExpiresIn: time.Duration(in.ExpiresIn) * time.Second}
	return h.answerCredits(c, &r, in, func(a billing.CreditAnswer) (any, error) {
		return reservationJSON{a.Reservation.ID, a.Reservation.Amount, a.Reservation.ExpiresAt, balanceJSON{a.Credits, a.Plan}}, nil
	})
}

var errNoReservation = billing.Errorf(billing.Invalid, "Say which reservation: send the id that reserve gave as reservation.")

// commitCredits spends what was set aside, or a part of it; the rest is free
// again.
func (h *Handlers) commitCredits(c *gin.Context) error {
	var in struct {
		Reservation string `json:"reservation"`
		Amount      *int64 `json:"amount"`
	}
	if err := web.JSON(c, &in); err != nil {
		return err
	}
	if in.Reservation == "" {
		return errNoReservation
	}
	r := billing.CreditRequest{Action: billing.CommitCredits, Reservation: in.Reservation}
	if in.Amount != nil {
		if r.Amount = *in.Amount; r.Amount < 1 {
			return billing.Errorf(billing.Invalid, "The amount must be a whole number of credits, 1 or more. Release the reservation to spend none of it.")
		}
	}
	return h.answerCredits(c, &r, in, func(a billing.CreditAnswer) (any, error) {
		return committedJSON{a.Reservation.Spent, balanceJSON{a.Credits, a.Plan}}, nil
	})
}

// releaseCredits gives back what was set aside.
func (h *Handlers) releaseCredits(c *gin.Context) error {
	var in struct {
		Reservation string `json:"reservation"`
	}
	if err := web.JSON(c, &in); err != nil {
		return err
	}
	if in.Reservation == "" {
		return errNoReservation
	}
	r := billing.CreditRequest{Action: billing.ReleaseCredits, Reservation: in.Reservation}
	return h.answerCredits(c, &r, in, func(a billing.CreditAnswer) (any, error) {
		return balanceJSON{a.Credits, a.Plan}, nil
	})
}

// answerCredits has the request answered. in is all that was asked for; show
// makes of an answer what is sent, or the error that is sent in its place.
func (h *Handlers) answerCredits(c *gin.Context, r *billing.CreditRequest, in any, show func(billing.CreditAnswer) (any, error)) error {
	hash, err := web.KeyHash(c.Request)
	if err != nil {
		return err
	}
	if hash == nil {
		return errNoAPIKey
	}
	r.KeyHash = hash
	requestID := web.RequestID(c)
	write := func(a billing.CreditAnswer) billing.SentAnswer { return sentAnswer(a, requestID, show) }
	if r.Idempotency, err = idempotency(c, in, write); err != nil {
		return err
	}
	a, err := h.Credits.Answer(c.Request.Context(), r)
	if err != nil {
		return err
	}
	if a.KeyID != 0 {
		h.Sessions.Touch(a.KeyID)
	}
	if a.Replayed != nil {
		c.Header("Idempotent-Replayed", "true")
		web.Send(c, a.Replayed.Status, a.Replayed.Body)
		return nil
	}
	if a.Err != nil && billing.KindOf(a.Err) != billing.PaymentRequired {
		return a.Err
	}
	sent := write(a)
	web.Send(c, sent.Status, sent.Body)
	return nil
}

// idempotency reads the header Idempotency-Key. A key stands for one question:
// the address and everything that was asked there.
func idempotency(c *gin.Context, in any, write func(billing.CreditAnswer) billing.SentAnswer) (*billing.Idempotency, error) {
	values := c.Request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return nil, nil
	}
	key := values[0]
	if len(values) > 1 || key == "" || !utf8.ValidString(key) || utf8.RuneCountInString(key) > maxIdempotencyKey {
		return nil, billing.Errorf(billing.Invalid, "Send one Idempotency-Key of 1 to %d characters, or none.", maxIdempotencyKey)
	}
	asked, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("fingerprint: %w", err)
	}
	sum := sha256.Sum256(append([]byte(c.FullPath()+"\n"), asked...))
	return &billing.Idempotency{Key: key, Fingerprint: sum[:], Write: write}, nil
}

// sentAnswer writes an answer down, as it is sent now and again under the same
// Idempotency-Key.
func sentAnswer(a billing.CreditAnswer, requestID string, show func(billing.CreditAnswer) (any, error)) billing.SentAnswer {
	var out any
	err := a.Err
	if err == nil {
		out, err = show(a)
	}
	if err != nil {
		status, body := web.Fault(err, requestID)
		return billing.SentAnswer{Status: status, Body: encode(body)}
	}
	return billing.SentAnswer{Status: http.StatusOK, Body: encode(out)}
}
