package postgres

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"

	"github.com/payloop/payloop/internal/billing"
)

// answer decides one request over what those before it left.
func (b *creditBatch) answer(r *billing.CreditRequest) billing.CreditAnswer {
	key := b.keys[b.byHash[string(r.KeyHash)]]
	if key.err != nil {
		return billing.CreditAnswer{Err: key.err}
	}
	if r.Idempotency == nil {
		return b.decide(r, key)
	}
	id := idempotencyID{key.purse.userID, r.Idempotency.Key}
	if given, ok := b.known[id]; ok {
		if !bytes.Equal(given.fingerprint, r.Idempotency.Fingerprint) {
			return billing.CreditAnswer{KeyID: key.ID, Err: billing.ErrKeyReused}
		}
		return billing.CreditAnswer{KeyID: key.ID, Replayed: &given.sent}
	}
	a := b.decide(r, key)
	if sent := r.Idempotency.Write(a); sent.Status == http.StatusOK || sent.Status == http.StatusPaymentRequired {
		given := keptAnswer{idempotencyID: id, fingerprint: r.Idempotency.Fingerprint, sent: sent}
		b.known[id] = given
		b.keep = append(b.keep, given)
		b.leaveTrace(creditTrace{userID: id.userID, key: id.key})
	}
	return a
}

func (b *creditBatch) decide(r *billing.CreditRequest, key creditKey) billing.CreditAnswer {
	a := billing.CreditAnswer{KeyID: key.ID, Plan: key.purse.plan.Name}
	switch r.Action {
	case billing.SpendCredits:
		a.Spends = make([]billing.SpendAnswer, len(r.Spends))
		for i, s := range r.Spends {
			a.Spends[i].Err = b.spend(key, s.Amount, s.Reason)
			a.Spends[i].Credits = key.purse.available()
		}
	case billing.ReserveCredits:
		a.Reservation, a.Err = b.reserve(key.purse, r)
	case billing.CommitCredits:
		a.Reservation, a.Err = b.commit(key, r)
	case billing.ReleaseCredits:
		a.Reservation, a.Err = b.release(key.purse, r)
	default:
		a.Err = fmt.Errorf("credit action %q", r.Action)
	}
	a.Credits = key.purse.available()
	return a
}

// spend takes credits that nothing keeps.
func (b *creditBatch) spend(key creditKey, amount int64, reason string) error {
	p := key.purse
	if available := p.available(); available < amount {
		return billing.NoCredits(amount, available)
	}
	b.enter(key, amount, reason)
	return nil
}

// enter writes an entry over what the entries before it left.
func (b *creditBatch) enter(key creditKey, amount int64, reason string) {
	p := key.purse
	if !p.spent {
		p.spent, p.before = true, p.available()
	}
	p.balance -= amount
	p.after = p.available()
	b.entries.add(p.id, amount, reason, key.Prefix, p.balance)
	b.leaveTrace(creditTrace{userID: p.userID, batch: b.mark})
}

func (b *creditBatch) reserve(p *purse, r *billing.CreditRequest) (billing.Reservation, error) {
	if available := p.available(); available < r.Amount {
		return billing.Reservation{}, billing.NoCredits(r.Amount, available)
	}
	p.held += r.Amount
	h := &heldReservation{isNew: true, Reservation: billing.Reservation{
		ID: newUUID(), UserID: p.userID, Amount: r.Amount, Reason: r.Reason, State: billing.ReservationOpen, ExpiresAt: b.now.Add(r.ExpiresIn),
	}}
	if p.dueAt.IsZero() || h.ExpiresAt.Before(p.dueAt) {
		p.dueAt = h.ExpiresAt
	}
	b.change(h)
	return h.Reservation, nil
}

func (b *creditBatch) commit(key creditKey, r *billing.CreditRequest) (billing.Reservation, error) {
	h, err := b.reservation(key.purse, r.Reservation)
	if err != nil {
		return billing.Reservation{}, err
	}
	amount, again, err := h.Commit(r.Amount, b.now)
	if err != nil || again {
		return h.Reservation, err
	}
	key.purse.held -= h.Amount
	b.enter(key, amount, h.Reason)
	h.State, h.Spent = billing.ReservationCommitted, amount
	b.change(h)
	return h.Reservation, nil
}

func (b *creditBatch) release(p *purse, r *billing.CreditRequest) (billing.Reservation, error) {
	h, err := b.reservation(p, r.Reservation)
	if err != nil {
		return billing.Reservation{}, err
	}
	again, err := h.Release()
	if err != nil || again {
		return h.Reservation, err
	}
	p.held -= h.Amount
	h.State = billing.ReservationReleased
	b.change(h)
	return h.Reservation, nil
}

// leaveTrace remembers the first thing that the batch writes.
func (b *creditBatch) leaveTrace(t creditTrace) {
	if b.trace == nil {
		t.at = b.now
		b.trace = &t
	}
}

// newUUID returns a random UUID, RFC 9562 version 4.
func newUUID() string {
	var id uuid
	rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
