package engine

import (
	"fmt"
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// PortalSessionNew opens the portal for a customer.
type PortalSessionNew struct {
	Configuration string     `form:"configuration"`
	Customer      string     `form:"customer,required"`
	FlowData      *FlowInput `form:"flow_data"`
	Locale        string     `form:"locale"`
	ReturnURL     string     `form:"return_url"`
}

// FlowInput is the one thing a visit is for.
type FlowInput struct {
	AfterCompletion    *AfterInput `form:"after_completion"`
	SubscriptionCancel *struct {
		Subscription string `form:"subscription,required"`
	} `form:"subscription_cancel"`
	SubscriptionUpdate *struct {
		Subscription string `form:"subscription,required"`
	} `form:"subscription_update"`
	SubscriptionUpdateConfirm *struct {
		Items        []FlowItemInput `form:"items,required"`
		Subscription string          `form:"subscription,required"`
	} `form:"subscription_update_confirm"`
	Type string `form:"type,required" enum:"payment_method_update|subscription_cancel|subscription_update|subscription_update_confirm"`
}

// AfterInput is where the customer goes when the thing is done.
type AfterInput struct {
	HostedConfirmation *struct {
		CustomMessage string `form:"custom_message"`
	} `form:"hosted_confirmation"`
	Redirect *struct {
		ReturnURL string `form:"return_url,required"`
	} `form:"redirect"`
	Type string `form:"type,required" enum:"hosted_confirmation|portal_homepage|redirect"`
}

// FlowItemInput is one item and the price it is to have.
type FlowItemInput struct {
	ID       string `form:"id,required"`
	Price    string `form:"price"`
	Quantity *int64 `form:"quantity"`
}

// CreatePortalSession opens the portal for a customer.
func (tx *Tx) CreatePortalSession(in PortalSessionNew) (any, error) {
	if _, err := tx.customer("customer", in.Customer); err != nil {
		return nil, err
	}
	cfg := tx.defaultPortalConfig()
	if in.Configuration != "" {
		cfg = tx.PortalConfigs.get(in.Configuration)
		if cfg == nil {
			return nil, shape.Missing("configuration", "configuration", in.Configuration)
		}
	}
	if cfg == nil {
		cfg = tx.everydayPortalConfig()
	}
	if !cfg.Active {
		return nil, shape.Invalid("configuration", "", "The configuration %s is not active.", cfg.ID)
	}
	if err := checkURL("return_url", in.ReturnURL); err != nil {
		return nil, err
	}
	flow, err := tx.flow(in, cfg)
	if err != nil {
		return nil, err
	}
	ps := &shape.PortalSession{
		ID: tx.longID("bps"), Object: "billing_portal.session", Configuration: shape.Ref(cfg.ID), Created: tx.now, Customer: in.Customer,
		Flow: flow, Locale: shape.Str(in.Locale), ReturnURL: or(shape.Str(in.ReturnURL), cfg.DefaultReturnURL),
	}
	ps.URL = tx.e.baseURL + "/p/session/" + ps.ID
	tx.PortalSessions.add(ps.ID, ps)
	tx.emit("billing_portal.session.created", ps)
	return ps, nil
}

// everydayPortalConfig stands in for the settings a merchant saves in Stripe's dashboard: customers may see invoices,
// change their card, and cancel at the end of the period.
func (tx *Tx) everydayPortalConfig() *shape.PortalConfiguration {
	yes, mode := true, "at_period_end"
	made, _ := tx.addPortalConfig(PortalConfigInput{Features: &FeaturesInput{
		InvoiceHistory: &SwitchInput{Enabled: true}, PaymentMethodUpdate: &SwitchInput{Enabled: true},
		SubscriptionCancel: &CancelFeature{Enabled: &yes, Mode: &mode},
	}}, true)
	return tx.PortalConfigs.get(made.(*shape.PortalConfiguration).ID)
}

func (tx *Tx) flow(in PortalSessionNew, cfg *shape.PortalConfiguration) (*shape.PortalFlow, error) {
	f := in.FlowData
	if f == nil {
		return nil, nil
	}
	out := &shape.PortalFlow{Type: f.Type, AfterCompletion: f.AfterCompletion.shape()}
	missing := func(name string) error {
		return shape.Invalid("flow_data["+name+"]", "parameter_missing", "Missing required param: flow_data[%s].", name)
	}
	switch f.Type {
	case "subscription_cancel":
		if f.SubscriptionCancel == nil {
			return nil, missing(f.Type)
		}
		out.SubscriptionCancel = &shape.FlowCancel{Subscription: f.SubscriptionCancel.Subscription}
		return out, tx.checkFlow(in.Customer, f.Type, f.SubscriptionCancel.Subscription, cfg.Features.SubscriptionCancel.Enabled)
	case "subscription_update":
		if f.SubscriptionUpdate == nil {
			return nil, missing(f.Type)
		}
		out.SubscriptionUpdate = &shape.FlowUpdate{Subscription: f.SubscriptionUpdate.Subscription}
		return out, tx.checkFlow(in.Customer, f.Type, f.SubscriptionUpdate.Subscription, cfg.Features.SubscriptionUpdate.Enabled)
	case "subscription_update_confirm":
		if f.SubscriptionUpdateConfirm == nil {
			return nil, missing(f.Type)
		}
		return out, tx.confirmFlow(in, cfg, out)
	}
	return out, nil
}

func (tx *Tx) confirmFlow(in PortalSessionNew, cfg *shape.PortalConfiguration, out *shape.PortalFlow) error {
	c := in.FlowData.SubscriptionUpdateConfirm
	if err := tx.checkFlow(in.Customer, out.Type, c.Subscription, cfg.Features.SubscriptionUpdate.Enabled); err != nil {
		return err
	}
	if len(c.Items) != 1 || len(tx.Subscriptions.get(c.Subscription).Items.Data) != 1 {
		return shape.Invalid("flow_data[subscription_update_confirm][items]", "", "Pass one item, of a subscription that has one: the portal changes no others.")
	}
	out.SubscriptionUpdateConfirm = &shape.FlowUpdateConfirm{Subscription: c.Subscription}
	for i, it := range c.Items {
		param := fmt.Sprintf("flow_data[subscription_update_confirm][items][%d]", i)
		items := tx.Subscriptions.get(c.Subscription).Items.Data
		at := indexOf(items, it.ID)
		if at < 0 {
			return shape.Missing(param+"[id]", "subscription item", it.ID)
		}
		if err := checkQuantity(param+"[quantity]", it.Quantity); err != nil {
			return err
		}
		if it.Price != "" && !offered(cfg, it.Price) {
			return shape.Invalid(param+"[price]", "", "The price %s is not among the products of the portal configuration's subscription_update feature.", it.Price)
		}
		item := shape.FlowItem{ID: it.ID, Price: shape.Str(it.Price), Quantity: items[at].Quantity}
		set(&item.Quantity, it.Quantity)
		if item.Quantity != items[at].Quantity && !slices.Contains(cfg.Features.SubscriptionUpdate.DefaultAllowedUpdates, "quantity") {
			return shape.Invalid(param+"[quantity]", "", "The portal configuration does not allow customers to change the quantity: add quantity to features[subscription_update][default_allowed_updates].")
		}
		out.SubscriptionUpdateConfirm.Items = append(out.SubscriptionUpdateConfirm.Items, item)
	}
	return nil
}

func (a *AfterInput) shape() shape.FlowAfter {
	if a == nil {
		return shape.FlowAfter{Type: "portal_homepage"}
	}
	out := shape.FlowAfter{Type: a.Type}
	if a.HostedConfirmation != nil {
		out.HostedConfirmation = &shape.FlowConfirmation{CustomMessage: shape.Str(a.HostedConfirmation.CustomMessage)}
	}
	if a.Redirect != nil {
		out.Redirect = &shape.FlowRedirect{ReturnURL: a.Redirect.ReturnURL}
	}
	return out
}

func (tx *Tx) checkFlow(customer, typ, subscription string, enabled bool) error {
	param := "flow_data[" + typ + "][subscription]"
	s := tx.Subscriptions.get(subscription)
	if s == nil || string(s.Customer) != customer {
		return shape.Missing(param, "subscription", subscription)
	}
	if !enabled {
		return shape.Invalid("flow_data[type]", "", "The flow %s is disabled in the portal configuration.", typ)
	}
	if ended(s) {
		return shape.Invalid(param, "", "The subscription %s is canceled.", s.ID)
	}
	if typ == "subscription_cancel" && s.CancelAt != 0 {
		return shape.Invalid(param, "", "The subscription %s is already set to cancel.", s.ID)
	}
	return nil
}

func offered(cfg *shape.PortalConfiguration, price string) bool {
	for _, p := range offers(cfg) {
		for _, id := range p.Prices {
			if id == price {
				return true
			}
		}
	}
	return false
}
