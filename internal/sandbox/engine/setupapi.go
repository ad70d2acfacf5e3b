package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// SetupFields are what a setup intent is made with, and can be changed to until it succeeds.
type SetupFields struct {
	Customer             string            `form:"customer"`
	Description          *string           `form:"description,clear"`
	Metadata             map[string]string `form:"metadata"`
	PaymentMethod        string            `form:"payment_method"`
	PaymentMethodData    *NewMethod        `form:"payment_method_data"`
	PaymentMethodOptions *IntentOptions    `form:"payment_method_options"`
	PaymentMethodTypes   []string          `form:"payment_method_types"`
}

// NewSetup makes a setup intent.
type NewSetup struct {
	SetupFields
	AutomaticPaymentMethods *AutomaticMethods `form:"automatic_payment_methods"`
	Confirm                 bool              `form:"confirm"`
	ReturnURL               string            `form:"return_url"`
	Usage                   string            `form:"usage" enum:"off_session|on_session"`
	UseStripeSDK            bool              `form:"use_stripe_sdk"`
}

// SetupConfirm confirms a setup intent.
type SetupConfirm struct {
	PaymentMethod        string         `form:"payment_method"`
	PaymentMethodData    *NewMethod     `form:"payment_method_data"`
	PaymentMethodOptions *IntentOptions `form:"payment_method_options"`
	ReturnURL            string         `form:"return_url"`
	UseStripeSDK         bool           `form:"use_stripe_sdk"`
}

// SetupCancel gives a setup up.
type SetupCancel struct {
	CancellationReason string `form:"cancellation_reason" enum:"abandoned|duplicate|requested_by_customer"`
}

// SetupList asks for setup intents.
type SetupList struct {
	Page
	Made
	Customer      string `form:"customer"`
	PaymentMethod string `form:"payment_method"`
}

func (in SetupFields) apply(si *shape.SetupIntent) {
	if in.Customer != "" {
		si.Customer = shape.Ref(in.Customer)
	}
	setStr(&si.Description, in.Description)
	si.Metadata = si.Metadata.Merge(in.Metadata)
	if in.PaymentMethodTypes != nil {
		si.PaymentMethodTypes = in.PaymentMethodTypes
	}
	if o := in.PaymentMethodOptions; o != nil && o.Card != nil && o.Card.RequestThreeDSecure != "" {
		si.PaymentMethodOptions.Card.RequestThreeDSecure = o.Card.RequestThreeDSecure
	}
}

// CreateSetup makes a setup intent, and confirms it when asked to.
func (tx *Tx) CreateSetup(in NewSetup) (any, error) {
	auto, err := tx.checkNewSetup(in)
	if err != nil {
		return nil, err
	}
	pick, err := tx.chooseMethod(in.PaymentMethod, in.PaymentMethodData, shape.Ref(in.Customer))
	if err != nil {
		return nil, err
	}
	if in.Confirm && pick == nil {
		return nil, missingMethod("SetupIntent")
	}
	si := tx.blankSetup("")
	si.AutomaticPaymentMethods, si.Usage = auto, or(in.Usage, "off_session")
	in.apply(si)
	pm := pick.make(tx)
	if pm != nil {
		si.PaymentMethod, si.Status = shape.Ref(pm.ID), "requires_confirmation"
	}
	tx.SetupIntents.index(si.ID)
	tx.emit("setup_intent.created", si)
	if in.Confirm {
		return tx.confirmSetup(si, pm, returnTo(in.ReturnURL, in.UseStripeSDK))
	}
	return si, nil
}

func (tx *Tx) checkNewSetup(in NewSetup) (*shape.AutomaticMethods, error) {
	if err := tx.checkFields(in.common()); err != nil {
		return nil, err
	}
	auto, err := automatic(in.AutomaticPaymentMethods, in.PaymentMethodTypes)
	if err != nil {
		return nil, err
	}
	if !in.Confirm {
		return auto, Confirming{ReturnURL: in.ReturnURL}.onlyConfirmed()
	}
	return auto, checkReturn(auto, "SetupIntent", in.ReturnURL)
}

// common are the fields that a payment intent has, too, and checks alike.
func (in SetupFields) common() IntentFields {
	return IntentFields{
		Customer: in.Customer, PaymentMethod: in.PaymentMethod, PaymentMethodData: in.PaymentMethodData, PaymentMethodTypes: in.PaymentMethodTypes,
	}
}

func returnTo(url string, script bool) string {
	if script {
		return ""
	}
	return url
}

// confirmSetup tries to keep the card.
func (tx *Tx) confirmSetup(si *shape.SetupIntent, pm *shape.PaymentMethod, returnURL string) (any, error) {
	b := tx.behaviourOf(pm.ID)
	if si.PaymentMethodOptions.Card.RequestThreeDSecure != "automatic" {
		b = b.onRequest()
	}
	if why := b.unsavable(); why != nil {
		return nil, tx.setupFailed(si, pm, why)
	}
	if b == lookupFails {
		return nil, tx.setupFailed(si, pm, declined(declines))
	}
	if b.asks() {
		tx.challengeSetup(si, pm, returnURL)
		return si, nil
	}
	return si, tx.setupSucceeded(si, payer{Method: pm, Present: true})
}

// ConfirmSetup tries to keep the card.
func (tx *Tx) ConfirmSetup(id string, in SetupConfirm) (any, error) {
	si := tx.SetupIntents.get(id)
	if si == nil {
		return nil, shape.NotFound("intent", "setupintent", id)
	}
	if err := tx.setupOpen(si, "confirmed", "confirm"); err != nil {
		return nil, err
	}
	if err := checkReturn(si.AutomaticPaymentMethods, "SetupIntent", in.ReturnURL); err != nil {
		return nil, err
	}
	fields := SetupFields{PaymentMethod: in.PaymentMethod, PaymentMethodData: in.PaymentMethodData, PaymentMethodOptions: in.PaymentMethodOptions}
	if err := tx.checkFields(fields.common()); err != nil {
		return nil, err
	}
	if in.PaymentMethod == "" && in.PaymentMethodData == nil {
		in.PaymentMethod = string(si.PaymentMethod)
	}
	pick, err := tx.chooseMethod(in.PaymentMethod, in.PaymentMethodData, si.Customer)
	if err != nil {
		return nil, err
	}
	if pick == nil {
		return nil, missingMethod("SetupIntent")
	}
	fields.apply(si)
	return tx.confirmSetup(si, pick.make(tx), returnTo(in.ReturnURL, in.UseStripeSDK))
}

// setupOpen refuses a setup intent that is done, or that a Checkout page works with.
func (tx *Tx) setupOpen(si *shape.SetupIntent, done, do string) error {
	if err := inState("SetupIntent", done, si.Status, "requires_payment_method", "requires_confirmation", "requires_action"); err != nil {
		err.SetupIntent = clone(si)
		return err
	}
	return tx.ownedBySession("SetupIntent", do, si.ID)
}

// CancelSetup gives a setup up.
func (tx *Tx) CancelSetup(id string, in SetupCancel) (any, error) {
	si := tx.SetupIntents.get(id)
	if si == nil {
		return nil, shape.NotFound("intent", "setupintent", id)
	}
	if err := tx.setupOpen(si, "canceled", "cancel"); err != nil {
		return nil, err
	}
	tx.cancelSetup(shape.Ref(id), in.CancellationReason)
	return si, nil
}

// UpdateSetup changes a setup intent; Stripe has no event for it.
func (tx *Tx) UpdateSetup(id string, in SetupFields) (any, error) {
	si := tx.SetupIntents.get(id)
	if si == nil {
		return nil, shape.NotFound("intent", "setupintent", id)
	}
	if in.Customer != "" || in.PaymentMethod != "" || in.PaymentMethodData != nil || in.PaymentMethodTypes != nil {
		if err := tx.setupOpen(si, "updated", "update"); err != nil {
			return nil, err
		}
	}
	if err := tx.checkFields(in.common()); err != nil {
		return nil, err
	}
	pick, err := tx.chooseMethod(in.PaymentMethod, in.PaymentMethodData, or(shape.Ref(in.Customer), si.Customer))
	if err != nil {
		return nil, err
	}
	in.apply(si)
	tx.SetupIntents.index(si.ID)
	if pm := pick.make(tx); pm != nil {
		si.PaymentMethod, si.Status, si.NextAction = shape.Ref(pm.ID), "requires_confirmation", nil
	}
	if in.PaymentMethodTypes != nil {
		si.AutomaticPaymentMethods = nil
	}
	return si, nil
}

// GetSetup answers a setup intent.
func (tx *Tx) GetSetup(id string, in IntentGet) (any, error) {
	si := tx.SetupIntents.get(id)
	if si != nil && in.ClientSecret != "" && in.ClientSecret != si.ClientSecret {
		return nil, wrongSecret("SetupIntent")
	}
	return found(si, "intent", "setupintent", id)
}

// ListSetups answers setup intents, newest first.
func (tx *Tx) ListSetups(in SetupList) (any, error) {
	return list("/v1/setup_intents", in.Page, tx.SetupIntents.newestOf(in.Customer), func(si *shape.SetupIntent) bool {
		return matches(in.Customer, string(si.Customer)) && matches(in.PaymentMethod, string(si.PaymentMethod)) && in.Created.Has(si.Created)
	})
}
