package engine

import (
	"fmt"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// PortalConfigInput makes or changes what customers may do in the portal.
type PortalConfigInput struct {
	Active           *bool             `form:"active"`
	BusinessProfile  *ProfileInput     `form:"business_profile"`
	DefaultReturnURL *string           `form:"default_return_url,clear"`
	Features         *FeaturesInput    `form:"features"`
	Metadata         map[string]string `form:"metadata"`
}

// PortalConfigNew makes a configuration, which is active.
type PortalConfigNew struct {
	PortalConfigInput `without:"active"`
}

// ProfileInput is what the portal says about the merchant.
type ProfileInput struct {
	Headline          *string `form:"headline,clear"`
	PrivacyPolicyURL  *string `form:"privacy_policy_url,clear"`
	TermsOfServiceURL *string `form:"terms_of_service_url,clear"`
}

// FeaturesInput are the portal's parts.
type FeaturesInput struct {
	CustomerUpdate *struct {
		AllowedUpdates *[]string `form:"allowed_updates,clear"`
		Enabled        *bool     `form:"enabled"`
	} `form:"customer_update"`
	InvoiceHistory      *SwitchInput   `form:"invoice_history"`
	PaymentMethodUpdate *SwitchInput   `form:"payment_method_update"`
	SubscriptionCancel  *CancelFeature `form:"subscription_cancel"`
	SubscriptionUpdate  *UpdateFeature `form:"subscription_update"`
}

// CancelFeature is how customers may cancel.
type CancelFeature struct {
	CancellationReason *struct {
		Enabled bool      `form:"enabled,required"`
		Options *[]string `form:"options,clear"`
	} `form:"cancellation_reason"`
	Enabled           *bool   `form:"enabled"`
	Mode              *string `form:"mode" enum:"at_period_end|immediately"`
	ProrationBehavior *string `form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
}

// UpdateFeature is what customers may change their plan to.
type UpdateFeature struct {
	DefaultAllowedUpdates *[]string          `form:"default_allowed_updates,clear"`
	Enabled               *bool              `form:"enabled"`
	Products              *[]PortalProductIn `form:"products,clear"`
	ProrationBehavior     *string            `form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
}

// PortalProductIn is a product with the prices customers may pick.
type PortalProductIn struct {
	Prices  []string `form:"prices,required"`
	Product string   `form:"product,required"`
}

// PortalConfigList asks for configurations.
type PortalConfigList struct {
	Page
	Active    *bool `form:"active"`
	IsDefault *bool `form:"is_default"`
}

// CreatePortalConfig makes a configuration. None made through the API is the default: that one belongs to the
// settings in Stripe's dashboard, for which everydayPortalConfig stands in.
func (tx *Tx) CreatePortalConfig(in PortalConfigNew) (any, error) {
	return tx.addPortalConfig(in.PortalConfigInput, false)
}

func (tx *Tx) addPortalConfig(in PortalConfigInput, isDefault bool) (any, error) {
	if in.Features == nil {
		return nil, shape.Invalid("features", "parameter_missing", "Missing required param: features.")
	}
	if err := tx.checkPortalConfig(in); err != nil {
		return nil, err
	}
	cfg := &shape.PortalConfiguration{
		ID: tx.longID("bpc"), Object: "billing_portal.configuration", Active: true, Created: tx.now, IsDefault: isDefault, Updated: tx.now,
	}
	cfg.Features.SubscriptionCancel = shape.PortalSubscriptionCancel{
		Mode: "at_period_end", ProrationBehavior: "none", CancellationReason: shape.PortalCancelReason{Options: cancelReasons},
	}
	cfg.Features.SubscriptionUpdate.ProrationBehavior = "none"
	in.apply(cfg)
	tx.PortalConfigs.add(cfg.ID, cfg)
	tx.emit("billing_portal.configuration.created", withoutProducts(cfg))
	return withoutProducts(cfg), nil
}

// withoutProducts is a configuration as it is answered: the products come only with expand[].
func withoutProducts(cfg *shape.PortalConfiguration) *shape.PortalConfiguration {
	told := *cfg
	told.Features.SubscriptionUpdate.Products = nil
	return &told
}

// offers are the products and prices that customers may change to.
func offers(cfg *shape.PortalConfiguration) shape.Array[shape.PortalProduct] {
	if p := cfg.Features.SubscriptionUpdate.Products; p != nil {
		return *p
	}
	return nil
}

var cancelReasons = []string{"too_expensive", "missing_features", "switched_service", "unused", "customer_service", "too_complex", "low_quality", "other"}

func (tx *Tx) checkPortalConfig(in PortalConfigInput) error {
	if in.Features == nil || in.Features.SubscriptionUpdate == nil {
		return nil
	}
	u := in.Features.SubscriptionUpdate
	if u.Enabled != nil && *u.Enabled && (u.Products == nil || len(*u.Products) == 0) {
		return shape.Invalid("features[subscription_update][products]", "parameter_missing",
			"You must list products to enable subscription_update.")
	}
	if u.Products == nil {
		return nil
	}
	for i, p := range *u.Products {
		param := fmt.Sprintf("features[subscription_update][products][%d]", i)
		if tx.Products.get(p.Product) == nil {
			return shape.Missing(param+"[product]", "product", p.Product)
		}
		for _, id := range p.Prices {
			price := tx.Prices.get(id)
			if price == nil || price.Recurring == nil || string(price.Product) != p.Product {
				return shape.Missing(param+"[prices]", "price", id)
			}
		}
	}
	return nil
}

func (in PortalConfigInput) apply(cfg *shape.PortalConfiguration) {
	set(&cfg.Active, in.Active)
	setStr(&cfg.DefaultReturnURL, in.DefaultReturnURL)
	cfg.Metadata = cfg.Metadata.Merge(in.Metadata)
	if b := in.BusinessProfile; b != nil {
		setStr(&cfg.BusinessProfile.Headline, b.Headline)
		setStr(&cfg.BusinessProfile.PrivacyPolicyURL, b.PrivacyPolicyURL)
		setStr(&cfg.BusinessProfile.TermsOfServiceURL, b.TermsOfServiceURL)
	}
	f := in.Features
	if f == nil {
		return
	}
	if f.CustomerUpdate != nil {
		set(&cfg.Features.CustomerUpdate.Enabled, f.CustomerUpdate.Enabled)
		setList(&cfg.Features.CustomerUpdate.AllowedUpdates, f.CustomerUpdate.AllowedUpdates)
	}
	if f.InvoiceHistory != nil {
		cfg.Features.InvoiceHistory.Enabled = f.InvoiceHistory.Enabled
	}
	if f.PaymentMethodUpdate != nil {
		cfg.Features.PaymentMethodUpdate.Enabled = f.PaymentMethodUpdate.Enabled
	}
	f.SubscriptionCancel.apply(&cfg.Features.SubscriptionCancel)
	f.SubscriptionUpdate.apply(&cfg.Features.SubscriptionUpdate)
}

func (f *CancelFeature) apply(to *shape.PortalSubscriptionCancel) {
	if f == nil {
		return
	}
	set(&to.Enabled, f.Enabled)
	set(&to.Mode, f.Mode)
	set(&to.ProrationBehavior, f.ProrationBehavior)
	if r := f.CancellationReason; r != nil {
		to.CancellationReason.Enabled = r.Enabled
		setList(&to.CancellationReason.Options, r.Options)
	}
}

func (f *UpdateFeature) apply(to *shape.PortalSubscriptionUpdate) {
	if f == nil {
		return
	}
	set(&to.Enabled, f.Enabled)
	set(&to.ProrationBehavior, f.ProrationBehavior)
	setList(&to.DefaultAllowedUpdates, f.DefaultAllowedUpdates)
	if f.Products != nil {
		products := shape.Array[shape.PortalProduct]{}
		for _, p := range *f.Products {
			products = append(products, shape.PortalProduct{Prices: p.Prices, Product: p.Product})
		}
		to.Products = &products
	}
}

func setList(field *shape.Array[string], value *[]string) {
	if value != nil {
		*field = *value
	}
}

func (tx *Tx) defaultPortalConfig() *shape.PortalConfiguration {
	for _, cfg := range tx.PortalConfigs.all() {
		if cfg.IsDefault {
			return cfg
		}
	}
	return nil
}

// GetPortalConfig answers a configuration.
func (tx *Tx) GetPortalConfig(id string, _ NoInput) (any, error) {
	cfg := tx.PortalConfigs.get(id)
	if cfg == nil {
		return nil, shape.NotFound("configuration", "configuration", id)
	}
	return withoutProducts(cfg), nil
}

// UpdatePortalConfig changes a configuration.
func (tx *Tx) UpdatePortalConfig(id string, in PortalConfigInput) (any, error) {
	cfg := tx.PortalConfigs.get(id)
	if cfg == nil {
		return nil, shape.NotFound("configuration", "configuration", id)
	}
	if err := tx.checkPortalConfig(in); err != nil {
		return nil, err
	}
	before := encode(withoutProducts(cfg))
	in.apply(cfg)
	cfg.Updated = tx.now
	after := encode(withoutProducts(cfg))
	tx.publish("billing_portal.configuration.updated", cfg, after, previous(before, after))
	return withoutProducts(cfg), nil
}

// ListPortalConfigs answers configurations, newest first.
func (tx *Tx) ListPortalConfigs(in PortalConfigList) (any, error) {
	return list("/v1/billing_portal/configurations", in.Page, told(&tx.PortalConfigs, withoutProducts), func(c *shape.PortalConfiguration) bool {
		return is(in.Active, c.Active) && is(in.IsDefault, c.IsDefault)
	})
}
