package engine

import (
	"math"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Stripe's fee on a card payment in the United States: 2.9 % and 30 cents.
const (
	feePermille = 29
	feeFixed    = 30
)

// addCharge writes down one attempt, refused or not. It tells nobody yet.
func (tx *Tx) addCharge(pi *shape.PaymentIntent, p payer, refused *shape.Error) *shape.Charge {
	ch := &shape.Charge{
		ID: tx.longID("ch"), Object: "charge", Amount: pi.Amount, BillingDetails: p.Method.BillingDetails,
		CalculatedStatementDescriptor: descriptor(pi), Created: tx.now, Currency: pi.Currency, Customer: pi.Customer,
		Description: pi.Description, Invoice: pi.Invoice, Metadata: shape.Metadata{}.Merge(pi.Metadata), Outcome: outcome(tx.behaviourOf(p.Method.ID), refused),
		PaymentIntent: shape.Ref(pi.ID), PaymentMethod: shape.Str(p.Method.ID),
		PaymentMethodDetails: methodDetails(pi, p),
		ReceiptEmail:         pi.ReceiptEmail,
		StatementDescriptor:  pi.StatementDescriptor, StatementDescriptorSuffix: pi.StatementDescriptorSuffix,
	}
	if refused != nil {
		ch.Status, ch.FailureCode, ch.FailureMessage = "failed", shape.Str(refused.Code), shape.Str(refused.Message)
	} else {
		ch.Status, ch.Paid, ch.ReceiptURL = "succeeded", true, shape.Str(tx.e.baseURL+"/r/"+ch.ID)
	}
	if refused == nil && pi.CaptureMethod != "manual" {
		tx.book(ch, ch.Amount)
	}
	tx.Charges.add(ch.ID, ch)
	return ch
}

// book captures an amount of a charge: it goes on the merchant's balance, less the fee.
func (tx *Tx) book(ch *shape.Charge, amount int64) {
	ch.Status, ch.Paid, ch.Captured, ch.AmountCaptured = "succeeded", true, true, amount
	ch.ReceiptURL = shape.Str(tx.e.baseURL + "/r/" + ch.ID)
	fee := min(amount, int64(math.Round(float64(amount*feePermille)/1000))+feeFixed)
	b := tx.move("charge", ch.ID, ch.Currency, amount, fee)
	b.Description = ch.Description
	if tx.behaviourOf(string(ch.PaymentMethod)) == paysAtOnce {
		b.AvailableOn = tx.now
	}
	ch.BalanceTransaction = shape.Ref(b.ID)
}

// descriptor is what the buyer reads on their bank's statement.
func descriptor(pi *shape.PaymentIntent) shape.Str {
	if pi.StatementDescriptorSuffix != "" {
		return "SANDBOX* " + pi.StatementDescriptorSuffix
	}
	return or(pi.StatementDescriptor, "SANDBOX")
}

func methodDetails(pi *shape.PaymentIntent, p payer) shape.MethodDetails {
	out := shape.MethodDetails{Type: p.Method.Type}
	if b := p.Method.USBankAccount; b != nil {
		out.USBankAccount = &shape.DebitedBank{
			AccountHolderType: b.AccountHolderType, AccountType: b.AccountType, BankName: b.BankName,
			Fingerprint: b.Fingerprint, Last4: b.Last4, RoutingNumber: b.RoutingNumber,
		}
		return out
	}
	out.Card = chargedCard(pi, p)
	return out
}

func chargedCard(pi *shape.PaymentIntent, p payer) *shape.ChargedCard {
	c := p.Method.Card
	out := &shape.ChargedCard{
		AmountAuthorized: pi.Amount, Brand: c.Brand, Checks: c.Checks, Country: c.Country, ExpMonth: c.ExpMonth,
		ExpYear: c.ExpYear, Fingerprint: c.Fingerprint, Funding: c.Funding, Last4: c.Last4, Network: c.Brand,
	}
	if p.Proven {
		out.ThreeDSecure = &shape.ThreeDSecure{AuthenticationFlow: "challenge", Result: "authenticated", Version: "2.2.0"}
	}
	return out
}

// outcome is what Stripe and the bank made of an attempt.
func outcome(b behaviour, refused *shape.Error) *shape.Outcome {
	level, score := b.risk()
	out := &shape.Outcome{
		NetworkStatus: "approved_by_network", RiskLevel: level, RiskScore: score, SellerMessage: "Payment complete.", Type: "authorized",
	}
	switch {
	case b == blocked:
		out.NetworkStatus, out.Reason, out.Type = "not_sent_to_network", shape.Str(blocked), "blocked"
		out.SellerMessage = "Stripe blocked this payment as too risky."
	case refused != nil:
		out.NetworkStatus, out.Reason, out.Type = "declined_by_network", shape.Str(or(refused.DeclineCode, refused.Code)), "issuer_declined"
		out.SellerMessage = "The bank did not return any further details with this decline."
	}
	return out
}

// ChargeList asks for charges.
type ChargeList struct {
	Page
	Made
	Customer      string `form:"customer"`
	PaymentIntent string `form:"payment_intent"`
}

// ChargeInput changes what may be changed of a charge.
type ChargeInput struct {
	Description *string           `form:"description"`
	Metadata    map[string]string `form:"metadata"`
}

// GetCharge answers a charge.
func (tx *Tx) GetCharge(id string, _ NoInput) (any, error) {
	return found(tx.Charges.get(id), "charge", "charge", id)
}

// UpdateCharge changes a charge.
func (tx *Tx) UpdateCharge(id string, in ChargeInput) (any, error) {
	ch := tx.Charges.get(id)
	if ch == nil {
		return nil, shape.NotFound("charge", "charge", id)
	}
	update(tx, "charge.updated", ch, func() {
		setStr(&ch.Description, in.Description)
		ch.Metadata = ch.Metadata.Merge(in.Metadata)
	})
	return ch, nil
}

// ListCharges answers charges, newest first.
func (tx *Tx) ListCharges(in ChargeList) (any, error) {
	return list("/v1/charges", in.Page, tx.Charges.newestOf(in.PaymentIntent, in.Customer), func(ch *shape.Charge) bool {
		return matches(in.Customer, string(ch.Customer)) && matches(in.PaymentIntent, string(ch.PaymentIntent)) && in.Created.Has(ch.Created)
	})
}
