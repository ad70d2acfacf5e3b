package engine

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// checkSession refuses what Stripe refuses and what the sandbox has not.
func (tx *Tx) checkSession(in *SessionNew) error {
	if err := tx.checkSessionMode(in); err != nil {
		return err
	}
	if in.SuccessURL == "" {
		return shape.Invalid("success_url", "parameter_missing", "Missing required param: success_url.")
	}
	if err := cmp.Or(checkURL("success_url", in.SuccessURL), checkURL("cancel_url", in.CancelURL)); err != nil {
		return err
	}
	if len(in.LineItems) == 0 && in.Mode != "setup" {
		return shape.Invalid("line_items", "parameter_missing", "Missing required param: line_items.")
	}
	if types := in.PaymentMethodTypes; types != nil && !slices.Contains(types, "card") {
		return shape.Invalid("payment_method_types", "", "The sandbox takes cards only: payment_method_types must contain card.")
	}
	if in.ExpiresAt != nil && (*in.ExpiresAt < tx.now+int64(minSessionLife.Seconds()) || *in.ExpiresAt > tx.now+int64(sessionLife.Seconds())) {
		return shape.Invalid("expires_at", "", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	}
	return tx.checkSessionCustomer(in)
}

func (tx *Tx) checkSessionMode(in *SessionNew) error {
	switch {
	case in.Mode == "":
		return shape.Invalid("mode", "parameter_missing", "Missing required param: mode.")
	case in.Mode == "setup":
		return checkSetupMode(in)
	case in.SetupIntentData != nil:
		return shape.Invalid("setup_intent_data", "", "You can only pass `setup_intent_data` in `setup` mode.")
	case in.UIMode == "embedded":
		return shape.Invalid("ui_mode", "", "The sandbox has hosted pages only: leave ui_mode out.")
	case in.Mode == "payment" && in.SubscriptionData != nil:
		return shape.Invalid("subscription_data", "", "You can not pass `subscription_data` in `payment` mode.")
	case in.Mode == "subscription" && in.PaymentIntentData != nil:
		return shape.Invalid("payment_intent_data", "", "You can not pass `payment_intent_data` in `subscription` mode.")
	case in.Mode == "subscription" && in.InvoiceCreation != nil:
		return shape.Invalid("invoice_creation", "", "You can only enable invoice creation when `mode` is set to `payment`.")
	case in.Mode == "subscription" && in.SubmitType != "":
		return shape.Invalid("submit_type", "", "You can not pass `submit_type` in `subscription` mode.")
	case in.Mode == "subscription" && in.CustomerCreation != "":
		return shape.Invalid("customer_creation", "", "`customer_creation` can only be used in `payment` mode.")
	}
	return nil
}

// checkSetupMode refuses what has no meaning when nothing is bought.
func checkSetupMode(in *SessionNew) error {
	for _, given := range []struct {
		name string
		is   bool
	}{
		{"line_items", len(in.LineItems) > 0}, {"payment_intent_data", in.PaymentIntentData != nil},
		{"subscription_data", in.SubscriptionData != nil}, {"invoice_creation", in.InvoiceCreation != nil},
		{"submit_type", in.SubmitType != ""}, {"allow_promotion_codes", in.AllowPromotionCodes != nil},
		{"payment_method_collection", in.PaymentMethodCollection != ""}, {"ui_mode", in.UIMode == "embedded"},
	} {
		if given.is {
			return shape.Invalid(given.name, "", "You can not pass `%s` in `setup` mode.", given.name)
		}
	}
	if in.Currency == "" && in.PaymentMethodTypes == nil {
		return shape.Invalid("currency", "parameter_missing", "Missing required param: currency. It is needed in `setup` mode unless `payment_method_types` is given.")
	}
	return nil
}

func (tx *Tx) checkSessionCustomer(in *SessionNew) error {
	if in.Customer != "" && in.CustomerEmail != "" {
		return shape.Invalid("customer_email", "", "You may only specify one of these parameters: customer, customer_email.")
	}
	if in.CustomerUpdate != nil && in.Customer == "" {
		return shape.Invalid("customer_update", "", "`customer_update` can only be used with `customer`.")
	}
	if in.CustomerEmail != "" && !strings.Contains(in.CustomerEmail, "@") {
		return shape.Invalid("customer_email", "email_invalid", "Invalid email address: %s", in.CustomerEmail)
	}
	if in.Customer == "" {
		return nil
	}
	_, err := tx.customer("customer", in.Customer)
	return err
}

func checkURL(name, u string) error {
	if u == "" {
		return nil
	}
	parsed, err := url.Parse(strings.ReplaceAll(u, "{CHECKOUT_SESSION_ID}", "x"))
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return shape.Invalid(name, "url_invalid", "Not a valid URL")
	}
	return nil
}

// sessionItems prices what is bought.
func (tx *Tx) sessionItems(in SessionNew) ([]shape.Item, error) {
	var items []shape.Item
	recurring := 0
	for i, li := range in.LineItems {
		param := fmt.Sprintf("line_items[%d]", i)
		if li.Quantity == nil || *li.Quantity < 1 {
			return nil, shape.Invalid(param+"[quantity]", "parameter_missing", "Quantity is required. Add `quantity` to `%s`", param)
		}
		if err := li.AdjustableQuantity.check(param, *li.Quantity); err != nil {
			return nil, err
		}
		p, err := tx.priceOf(param, li.Price, li.PriceData)
		if err != nil {
			return nil, err
		}
		if p.Recurring != nil {
			recurring++
		}
		amount := p.UnitAmount * *li.Quantity
		items = append(items, shape.Item{
			ID: tx.longID("li"), Object: "item", AmountSubtotal: amount, AmountTotal: amount, Currency: p.Currency,
			Description: tx.productName(*p), Price: *p, Quantity: *li.Quantity,
		})
	}
	if len(items) > 0 && in.Currency != "" && in.Currency != items[0].Currency {
		return nil, shape.Invalid("currency", "", "The prices are in `%s`, and have no option for `%s`.", items[0].Currency, in.Currency)
	}
	return items, checkItems(in.Mode, items, recurring)
}

func checkItems(mode string, items []shape.Item, recurring int) error {
	for _, it := range items {
		if it.Currency != items[0].Currency {
			return shape.Invalid("line_items", "", "All line items must have the same currency.")
		}
	}
	if mode == "payment" && recurring > 0 {
		return shape.Invalid("line_items[0][price]", "",
			"You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.")
	}
	if mode == "subscription" && recurring == 0 {
		return shape.Invalid("line_items", "", "You must provide at least one recurring price in `subscription` mode when using prices.")
	}
	return nil
}

// priceOf finds the price a parameter names, or makes the one it describes.
func (tx *Tx) priceOf(param, id string, data *PriceData) (*shape.Price, error) {
	if id == "" && data == nil {
		return nil, shape.Invalid(param+"[price]", "parameter_missing", "You must specify either `price` or `price_data` in `%s`.", param)
	}
	if data == nil {
		p := tx.Prices.get(id)
		if p == nil {
			return nil, shape.Missing(param+"[price]", "price", id)
		}
		if !p.Active {
			return nil, shape.Invalid(param+"[price]", "", "The price specified is inactive. This field only accepts active prices.")
		}
		return p, nil
	}
	in := NewPrice{Currency: data.Currency, Product: data.Product, Recurring: data.Recurring, UnitAmount: data.UnitAmount}
	in.TaxBehavior = data.TaxBehavior
	if data.ProductData != nil {
		in.ProductData = &PriceProduct{Name: data.ProductData.Name, Metadata: data.ProductData.Metadata, TaxCode: data.ProductData.TaxCode}
	}
	p, err := tx.CreatePrice(in)
	if err != nil {
		return nil, err
	}
	made := p.(*shape.Price)
	if d := data.ProductData; d != nil {
		product := tx.Products.get(string(made.Product))
		setStr(&product.Description, d.Description)
		product.Images = d.Images
	}
	made.Active = false // as on Stripe: it cannot be bought again by its id
	return made, nil
}
