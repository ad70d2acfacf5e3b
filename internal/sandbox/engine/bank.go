package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// bankAccount is the one way to pay here that does not settle at once.
const bankAccount = "us_bank_account"

// PaySessionByBank completes a session whose money is still on its way: payment_status stays unpaid until
// SettleBankPayment says how it ended.
func (tx *Tx) PaySessionByBank(id string, in Payment) (Paid, error) {
	s, err := tx.openSession(id)
	if err != nil {
		return Paid{}, err
	}
	if s.Mode != "payment" || !slices.Contains(s.PaymentMethodTypes, bankAccount) {
		return Paid{}, shape.Invalid("method", "", "This Checkout Session takes no bank accounts: payment mode only, with us_bank_account among payment_method_types.")
	}
	if s.AmountTotal == 0 {
		return Paid{}, shape.Invalid("method", "", "Nothing is to be paid, so no bank account is needed.")
	}
	if err := tx.stillRedeemable(s, tx.Purchases.get(id)); err != nil {
		return Paid{}, err
	}
	in.Email = tx.buyerEmail(s, in.Email)
	pm := tx.addBankAccount(in.CardDetails)
	p := tx.Purchases.get(id)
	c := tx.buyer(s, p, in.CardDetails)
	pi := tx.sessionIntent(s, p)
	pi.Customer, pi.Status, pi.PaymentMethod, pi.PaymentMethodTypes = s.Customer, "processing", shape.Ref(pm.ID), []string{bankAccount}
	pi.PaymentMethodOptions.Card = nil
	ch := tx.addCharge(pi, payer{Method: pm, Present: true}, nil)
	tx.unbook(ch)
	pi.LatestCharge = shape.Ref(ch.ID)
	tx.emit("charge.pending", ch)
	tx.emit("payment_intent.processing", pi)
	tx.redeemPaid(s, p)
	s.Status, s.URL = "complete", ""
	s.CustomerDetails = &shape.SessionCustomerDetails{Email: shape.Str(in.Email), Name: shape.Str(in.Name), TaxExempt: "none"}
	if c != nil && in.Name == "" {
		s.CustomerDetails.Name = c.Name
	}
	tx.emit("checkout.session.completed", s)
	return Paid{RedirectURL: redirectURL(s)}, nil
}

// addBankAccount makes Stripe's test account: its numbers are published, and no real one's.
func (tx *Tx) addBankAccount(d CardDetails) *shape.PaymentMethod {
	pm := &shape.PaymentMethod{
		ID: tx.longID("pm"), Object: "payment_method", AllowRedisplay: "unspecified", Created: tx.now, Type: bankAccount,
		BillingDetails: shape.BillingDetails{Email: shape.Str(d.Email), Name: shape.Str(d.Name)},
		USBankAccount: &shape.BankAccount{
			AccountHolderType: "individual", AccountType: "checking", BankName: "STRIPE TEST BANK", Fingerprint: "sandboxtestbank1",
			Last4: "6789", Networks: &shape.BankNetworks{Preferred: "ach", Supported: []string{"ach"}}, RoutingNumber: "110000000",
		},
	}
	return tx.PaymentMethods.add(pm.ID, pm)
}

// unbook takes a charge's money off the balance again: it has not come yet.
func (tx *Tx) unbook(ch *shape.Charge) {
	tx.Balance.remove(string(ch.BalanceTransaction))
	ch.Status, ch.Paid, ch.BalanceTransaction, ch.ReceiptURL = "pending", false, "", ""
}

// AwaitsBank reports whether a session's bank payment is under way.
func (tx *Tx) AwaitsBank(id string) bool {
	s := tx.Sessions.get(id)
	if s == nil || s.Status != "complete" || s.PaymentStatus != "unpaid" {
		return false
	}
	pi := tx.PaymentIntents.get(string(s.PaymentIntent))
	return pi != nil && pi.Status == "processing"
}

// SettleBankPayment says how a session's bank payment ended.
func (tx *Tx) SettleBankPayment(id string, succeeded bool) error {
	if tx.Sessions.get(id) == nil {
		return shape.NotFound("session", "checkout.session", id)
	}
	if !tx.AwaitsBank(id) {
		return shape.Invalid("", "", "No bank payment is under way for this Checkout Session.")
	}
	s := tx.Sessions.get(id)
	pi := tx.PaymentIntents.get(string(s.PaymentIntent))
	ch := tx.Charges.get(string(pi.LatestCharge))
	if !succeeded {
		why := &shape.Error{Type: "card_error", Code: "payment_intent_payment_attempt_failed", Message: "The bank account could not be debited."}
		ch.Status, ch.FailureCode, ch.FailureMessage, ch.Outcome = "failed", "insufficient_funds", shape.Str(why.Message), outcome(pays, why)
		tx.emit("charge.failed", ch)
		_ = tx.intentFailed(pi, tx.PaymentMethods.get(string(pi.PaymentMethod)), why)
		tx.emit("checkout.session.async_payment_failed", s)
		return nil
	}
	tx.book(ch, ch.Amount)
	pi.Status, pi.AmountReceived = "succeeded", pi.Amount
	s.PaymentStatus = "paid"
	tx.emit("charge.succeeded", ch)
	tx.emit("payment_intent.succeeded", pi)
	tx.emit("checkout.session.async_payment_succeeded", s)
	return nil
}
