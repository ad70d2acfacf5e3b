package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// newSetup begins to save a card for later.
func (tx *Tx) newSetup(customer shape.Ref) *shape.SetupIntent {
	si := tx.blankSetup(customer)
	tx.emit("setup_intent.created", si)
	return si
}

// blankSetup is newSetup before anybody is told.
func (tx *Tx) blankSetup(customer shape.Ref) *shape.SetupIntent {
	si := &shape.SetupIntent{
		ID: tx.longID("seti"), Object: "setup_intent", Created: tx.now, Customer: customer, PaymentMethodTypes: []string{"card"},
		PaymentMethodOptions: shape.SetupMethodOptions{Card: shape.SetupCardOptions{RequestThreeDSecure: "automatic"}},
		Status:               "requires_payment_method", Usage: "off_session",
	}
	si.ClientSecret = si.ID + "_secret_" + tx.random(25)
	tx.SetupIntents.add(si.ID, si)
	return si
}

// openSessionSetup is the setup intent of a Checkout Session that only saves a card.
func (tx *Tx) openSessionSetup(s *shape.Session, in SessionNew) {
	si := tx.blankSetup(s.Customer)
	si.PaymentMethodTypes = s.PaymentMethodTypes
	if d := in.SetupIntentData; d != nil {
		si.Description, si.Metadata = shape.Str(d.Description), si.Metadata.Merge(d.Metadata)
	}
	s.SetupIntent = shape.Ref(si.ID)
	tx.Sessions.index(s.ID)
	tx.emit("setup_intent.created", si)
}

// setupSucceeded keeps the card: the customer, if there is one, has it from now on.
func (tx *Tx) setupSucceeded(si *shape.SetupIntent, by payer) error {
	if c := tx.Customers.get(string(si.Customer)); c != nil && by.Method.Customer == "" {
		if why := tx.behaviourOf(by.Method.ID).unsavable(); why != nil {
			return tx.setupFailed(si, by.Method, why)
		}
	}
	si.Status, si.PaymentMethod, si.NextAction, si.LastSetupError = "succeeded", shape.Ref(by.Method.ID), nil, nil
	tx.emit("setup_intent.succeeded", si)
	if kept := tx.Cards.get(by.Method.ID); kept != nil && by.Proven && si.Usage == "off_session" {
		kept.SetUp = true
	}
	if c := tx.Customers.get(string(si.Customer)); c != nil {
		return tx.attach(by.Method, c)
	}
	return nil
}

// setupFailed notes why a card could not be kept; the intent waits for another one.
func (tx *Tx) setupFailed(si *shape.SetupIntent, pm *shape.PaymentMethod, why *shape.Error) error {
	noted := *why
	noted.PaymentMethod = clone(pm)
	si.Status, si.PaymentMethod, si.LastSetupError, si.NextAction = "requires_payment_method", "", &noted, nil
	tx.emit("setup_intent.setup_failed", si)
	answer := noted
	answer.SetupIntent = clone(si)
	return &answer
}

// challengeSetup waits until the buyer has passed 3-D Secure.
func (tx *Tx) challengeSetup(si *shape.SetupIntent, pm *shape.PaymentMethod, returnURL string) {
	si.Status, si.PaymentMethod, si.NextAction = "requires_action", shape.Ref(pm.ID), tx.authenticate(si.ID, returnURL)
	tx.emit("setup_intent.requires_action", si)
}

// cancelSetup closes a setup that will not be made.
func (tx *Tx) cancelSetup(id shape.Ref, why string) {
	si := tx.SetupIntents.get(string(id))
	if si == nil || si.Status == "succeeded" || si.Status == "canceled" {
		return
	}
	si.Status, si.CancellationReason, si.NextAction = "canceled", shape.Str(why), nil
	tx.emit("setup_intent.canceled", si)
}
