package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// BalanceList asks for movements of the merchant's balance.
type BalanceList struct {
	Page
	Made
	Currency string `form:"currency"`
	Source   string `form:"source"`
	Type     string `form:"type"`
}

// move writes a movement of the merchant's balance; available after two days, as in the United States.
func (tx *Tx) move(kind, source, currency string, amount, fee int64) *shape.BalanceTransaction {
	b := &shape.BalanceTransaction{
		ID: tx.longID("txn"), Object: "balance_transaction", Amount: amount, AvailableOn: tx.now + int64(2*day.Seconds()), Created: tx.now,
		Currency: currency, Fee: fee, Net: amount - fee, ReportingCategory: kind, Source: shape.Ref(source), Status: "pending", Type: kind,
	}
	if fee != 0 {
		b.FeeDetails = []shape.Fee{{Amount: fee, Currency: currency, Description: "Stripe processing fees", Type: "stripe_fee"}}
	}
	return tx.Balance.add(b.ID, b)
}

// moved is a movement as it stands now: its money becomes available by itself.
func (tx *Tx) moved(b *shape.BalanceTransaction) *shape.BalanceTransaction {
	told := *b
	if told.AvailableOn <= tx.now {
		told.Status = "available"
	}
	return &told
}

func (tx *Tx) findMovement(id string) any {
	if b := tx.Balance.get(id); b != nil {
		return tx.moved(b)
	}
	return nil
}

// GetBalanceTransaction answers a movement of the merchant's balance.
func (tx *Tx) GetBalanceTransaction(id string, _ NoInput) (any, error) {
	if b := tx.Balance.get(id); b != nil {
		return tx.moved(b), nil
	}
	return nil, shape.NotFound("id", "balance transaction", id)
}

// ListBalanceTransactions answers movements of the merchant's balance, newest first.
func (tx *Tx) ListBalanceTransactions(in BalanceList) (any, error) {
	return list("/v1/balance_transactions", in.Page, told(&tx.Balance, tx.moved), func(b *shape.BalanceTransaction) bool {
		return matches(in.Currency, b.Currency) && matches(in.Source, string(b.Source)) && matches(in.Type, b.Type) && in.Created.Has(b.Created)
	})
}

// GetBalance answers what the merchant has, per currency.
func (tx *Tx) GetBalance(NoInput) (any, error) {
	out := shape.Balance{Object: "balance"}
	for _, b := range tx.Balance.all() {
		to, other := &out.Available, &out.Pending
		if b.AvailableOn > tx.now {
			to, other = other, to
		}
		credit(to, b.Currency, b.Net)
		credit(other, b.Currency, 0)
	}
	if len(out.Available) == 0 {
		credit(&out.Available, "usd", 0)
		credit(&out.Pending, "usd", 0)
	}
	return out, nil
}

func credit(sums *shape.Array[shape.BalanceAmount], currency string, amount int64) {
	for i := range *sums {
		if sum := &(*sums)[i]; sum.Currency == currency {
			sum.Amount += amount
			sum.SourceTypes.Card += amount
			return
		}
	}
	*sums = append(*sums, shape.BalanceAmount{Amount: amount, Currency: currency, SourceTypes: shape.BalanceSources{Card: amount}})
}
