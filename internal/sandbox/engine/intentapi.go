package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// CreateIntent makes a payment intent, and confirms it when asked to.
func (tx *Tx) CreateIntent(in NewIntent) (any, error) {
	auto, err := tx.checkNewIntent(in)
	if err != nil {
		return nil, err
	}
	pick, err := tx.chooseMethod(in.PaymentMethod, in.PaymentMethodData, shape.Ref(in.Customer))
	if err != nil {
		return nil, err
	}
	if in.Confirm && pick == nil {
		return nil, missingMethod("PaymentIntent")
	}
	pi := tx.blankIntent(purpose{Amount: in.Amount, Currency: in.Currency})
	pi.AutomaticPaymentMethods, pi.CaptureMethod = auto, or(in.CaptureMethod, "automatic")
	in.apply(pi)
	pm := pick.make(tx)
	if pm != nil {
		pi.PaymentMethod, pi.Status = shape.Ref(pm.ID), "requires_confirmation"
	}
	tx.PaymentIntents.add(pi.ID, pi)
	tx.emit("payment_intent.created", pi)
	if in.Confirm {
		return tx.confirmBy(pi, pm, in.Confirming)
	}
	return pi, nil
}

func (tx *Tx) checkNewIntent(in NewIntent) (*shape.AutomaticMethods, error) {
	if err := checkAmount(in.Amount, in.Currency); err != nil {
		return nil, err
	}
	if err := tx.checkFields(in.IntentFields); err != nil {
		return nil, err
	}
	auto, err := automatic(in.AutomaticPaymentMethods, in.PaymentMethodTypes)
	if err != nil {
		return nil, err
	}
	if in.Confirm {
		return auto, checkReturn(auto, "PaymentIntent", in.ReturnURL)
	}
	return auto, in.onlyConfirmed()
}

// onlyConfirmed refuses what has a meaning for a confirmation only.
func (c Confirming) onlyConfirmed() error {
	for _, p := range []struct {
		name  string
		given bool
	}{{"off_session", c.OffSession != ""}, {"return_url", c.ReturnURL != ""}, {"error_on_requires_action", c.ErrorOnRequiresAction}} {
		if p.given {
			return shape.Invalid(p.name, "", "The parameter `%s` cannot be passed when creating an intent unless `confirm` is set to true.", p.name)
		}
	}
	return nil
}

func missingMethod(kind string) error {
	code := "payment_intent_unexpected_state"
	if kind == "SetupIntent" {
		code = "setup_intent_unexpected_state"
	}
	return shape.Invalid("payment_method", code, "You cannot confirm this %s because it's missing a payment method. You can either update the %s with "+
		"a payment method and then confirm it again, or confirm it again directly with a payment method.", kind, kind)
}

// confirmBy is a confirmation by the API, and what it means for the invoice that is paid so, if any.
func (tx *Tx) confirmBy(pi *shape.PaymentIntent, pm *shape.PaymentMethod, how Confirming) (any, error) {
	if how.UseStripeSDK {
		how.ReturnURL = ""
	}
	err := tx.confirm(pi, payer{
		Method: pm, ByAPI: true, FailOnAction: how.ErrorOnRequiresAction, ReturnURL: how.ReturnURL,
		Present: how.OffSession == "" || how.OffSession == "false",
	})
	tx.followInvoice(pi, pm)
	if err != nil && pi.Status != "requires_action" {
		return nil, err
	}
	return pi, nil
}

// followInvoice settles the invoice that a payment was for, or says that it failed.
func (tx *Tx) followInvoice(pi *shape.PaymentIntent, pm *shape.PaymentMethod) {
	inv := tx.Invoices.get(string(pi.Invoice))
	if inv == nil || inv.Status != "open" {
		return
	}
	switch pi.Status {
	case "requires_payment_method":
		tx.emit("invoice.payment_failed", inv)
	case "requires_action":
		tx.emit("invoice.payment_action_required", inv)
	case "succeeded":
		inv.Charge = pi.LatestCharge
		tx.keepForPlan(inv, pm)
		tx.settle(inv)
	}
}

// keepForPlan gives the customer the card that their subscription was paid with.
func (tx *Tx) keepForPlan(inv *shape.Invoice, pm *shape.PaymentMethod) {
	s, c := tx.Subscriptions.get(string(inv.Subscription)), tx.Customers.get(string(inv.Customer))
	if s == nil || c == nil {
		return
	}
	if kept := tx.Cards.get(pm.ID); kept != nil {
		kept.Spent = false
	}
	if tx.attach(pm, c) == nil && s.PaymentSettings.SaveDefaultPaymentMethod == "on_subscription" {
		s.DefaultPaymentMethod = shape.Ref(pm.ID)
	}
}

// ConfirmIntent tries to collect.
func (tx *Tx) ConfirmIntent(id string, in IntentConfirm) (any, error) {
	pi := tx.PaymentIntents.get(id)
	if pi == nil {
		return nil, shape.NotFound("intent", "payment_intent", id)
	}
	if err := tx.checkConfirm(pi, in); err != nil {
		return nil, err
	}
	if in.PaymentMethod == "" && in.PaymentMethodData == nil {
		in.PaymentMethod = string(pi.PaymentMethod)
	}
	pick, err := tx.chooseMethod(in.PaymentMethod, in.PaymentMethodData, pi.Customer)
	if err != nil {
		return nil, err
	}
	if pick == nil {
		return nil, missingMethod("PaymentIntent")
	}
	fields := IntentFields{PaymentMethodOptions: in.PaymentMethodOptions, PaymentMethodTypes: in.PaymentMethodTypes,
		ReceiptEmail: in.ReceiptEmail, SetupFutureUsage: in.SetupFutureUsage}
	fields.apply(pi)
	pi.CaptureMethod = or(in.CaptureMethod, pi.CaptureMethod)
	return tx.confirmBy(pi, pick.make(tx), in.Confirming)
}

func (tx *Tx) checkConfirm(pi *shape.PaymentIntent, in IntentConfirm) error {
	if err := inState("PaymentIntent", "confirmed", pi.Status, "requires_payment_method", "requires_confirmation", "requires_action"); err != nil {
		err.PaymentIntent = clone(pi)
		return err
	}
	if err := tx.ownedBySession("PaymentIntent", "confirm", pi.ID); err != nil {
		return err
	}
	fields := IntentFields{PaymentMethod: in.PaymentMethod, PaymentMethodData: in.PaymentMethodData, PaymentMethodTypes: in.PaymentMethodTypes, ReceiptEmail: in.ReceiptEmail}
	if err := tx.checkFields(fields); err != nil {
		return err
	}
	return checkReturn(pi.AutomaticPaymentMethods, "PaymentIntent", in.ReturnURL)
}

// CaptureIntent takes the money that was authorized, or a part of it; the rest is let go.
func (tx *Tx) CaptureIntent(id string, in IntentCapture) (any, error) {
	pi := tx.PaymentIntents.get(id)
	if pi == nil {
		return nil, shape.NotFound("intent", "payment_intent", id)
	}
	if err := inState("PaymentIntent", "captured", pi.Status, "requires_capture"); err != nil {
		err.PaymentIntent = clone(pi)
		return nil, err
	}
	amount := pi.AmountCapturable
	set(&amount, in.AmountToCapture)
	if amount < 1 {
		return nil, shape.Invalid("amount_to_capture", "parameter_invalid_integer", "Invalid positive integer")
	}
	if amount > pi.AmountCapturable {
		return nil, shape.Invalid("amount_to_capture", "amount_too_large", "The amount to capture (%d) must be less than or equal to the authorized amount (%d).",
			amount, pi.AmountCapturable)
	}
	fields := IntentFields{Metadata: in.Metadata, StatementDescriptor: in.StatementDescriptor, StatementDescriptorSuffix: in.StatementDescriptorSuffix}
	if err := tx.checkFields(fields); err != nil {
		return nil, err
	}
	fields.apply(pi)
	ch := tx.Charges.get(string(pi.LatestCharge))
	update(tx, "charge.captured", ch, func() {
		tx.book(ch, amount)
		ch.AmountRefunded = ch.Amount - amount
		ch.CalculatedStatementDescriptor, ch.StatementDescriptorSuffix = descriptor(pi), pi.StatementDescriptorSuffix
	})
	pi.Status, pi.AmountCapturable, pi.AmountReceived = "succeeded", 0, amount
	tx.emit("payment_intent.succeeded", pi)
	tx.planDispute(ch)
	return pi, nil
}

// CancelIntent gives a payment up.
func (tx *Tx) CancelIntent(id string, in IntentCancel) (any, error) {
	pi := tx.PaymentIntents.get(id)
	if pi == nil {
		return nil, shape.NotFound("intent", "payment_intent", id)
	}
	if err := inState("PaymentIntent", "canceled", pi.Status, "requires_payment_method", "requires_capture", "requires_confirmation", "requires_action"); err != nil {
		err.PaymentIntent = clone(pi)
		return nil, err
	}
	if err := tx.ownedBySession("PaymentIntent", "cancel", id); err != nil {
		return nil, err
	}
	if inv := tx.Invoices.get(string(pi.Invoice)); inv != nil {
		return nil, shape.Invalid("", "payment_intent_unexpected_state", "You cannot cancel the PaymentIntent of an invoice. Void the invoice (%s) instead.", inv.ID)
	}
	tx.cancelIntent(shape.Ref(id), in.CancellationReason)
	return pi, nil
}

// UpdateIntent changes a payment intent; Stripe has no event for it.
func (tx *Tx) UpdateIntent(id string, in IntentInput) (any, error) {
	pi := tx.PaymentIntents.get(id)
	if pi == nil {
		return nil, shape.NotFound("intent", "payment_intent", id)
	}
	pick, err := tx.checkChange(pi, &in)
	if err != nil {
		return nil, err
	}
	in.apply(pi)
	set(&pi.Amount, in.Amount)
	pi.Currency, pi.CaptureMethod = or(in.Currency, pi.Currency), or(in.CaptureMethod, pi.CaptureMethod)
	if pm := pick.make(tx); pm != nil {
		pi.PaymentMethod, pi.Status, pi.NextAction = shape.Ref(pm.ID), "requires_confirmation", nil
	}
	if in.PaymentMethodTypes != nil {
		pi.AutomaticPaymentMethods = nil
	}
	return pi, nil
}

// checkChange refuses changes that come too late: once there is money, only texts can be changed.
func (tx *Tx) checkChange(pi *shape.PaymentIntent, in *IntentInput) (*chosen, error) {
	money := in.Amount != nil || in.Currency != "" || in.CaptureMethod != "" || in.PaymentMethod != "" || in.PaymentMethodData != nil || in.PaymentMethodTypes != nil
	if money || in.Customer != "" || in.SetupFutureUsage != nil {
		if err := inState("PaymentIntent", "updated", pi.Status, "requires_payment_method", "requires_confirmation", "requires_action"); err != nil {
			err.PaymentIntent = clone(pi)
			return nil, err
		}
	}
	if in.Amount != nil || in.Currency != "" {
		amount := pi.Amount
		set(&amount, in.Amount)
		if err := checkAmount(amount, or(in.Currency, pi.Currency)); err != nil {
			return nil, err
		}
		if pi.Invoice != "" {
			return nil, shape.Invalid("amount", "payment_intent_unexpected_state", "You cannot change the amount of the PaymentIntent of an invoice.")
		}
	}
	if err := tx.checkFields(in.IntentFields); err != nil {
		return nil, err
	}
	return tx.chooseMethod(in.PaymentMethod, in.PaymentMethodData, or(shape.Ref(in.Customer), pi.Customer))
}

// GetIntent answers a payment intent.
func (tx *Tx) GetIntent(id string, in IntentGet) (any, error) {
	pi := tx.PaymentIntents.get(id)
	if pi != nil && in.ClientSecret != "" && in.ClientSecret != pi.ClientSecret {
		return nil, wrongSecret("PaymentIntent")
	}
	return found(pi, "intent", "payment_intent", id)
}

func wrongSecret(kind string) error {
	return shape.Invalid("client_secret", "", "The client_secret provided does not match the client_secret associated with this %s.", kind)
}

// ListIntents answers payment intents, newest first.
func (tx *Tx) ListIntents(in IntentList) (any, error) {
	return list("/v1/payment_intents", in.Page, tx.PaymentIntents.newestOf(in.Customer), func(pi *shape.PaymentIntent) bool {
		return matches(in.Customer, string(pi.Customer)) && in.Created.Has(pi.Created)
	})
}
