package engine

import (
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Lookup finds the object of an id, as expand[] needs it; nil when there is none.
func (tx *Tx) Lookup(id string) any {
	if gone := tx.Deleted.get(id); gone != nil {
		return gone
	}
	if d := tx.preview[id]; d != nil {
		return d
	}
	if strings.HasPrefix(id, "si_") {
		if _, item := tx.item(id); item != nil {
			return item
		}
	}
	if cfg := tx.PortalConfigs.get(id); cfg != nil {
		return withoutProducts(cfg)
	}
	for _, find := range []func(string) any{
		finder(&tx.Customers), finder(&tx.Products), finder(&tx.Prices), finder(&tx.Sessions), finder(&tx.Subscriptions), finder(&tx.Schedules),
		finder(&tx.Invoices), finder(&tx.InvoiceItems), finder(&tx.PaymentIntents), finder(&tx.SetupIntents),
		finder(&tx.PaymentMethods), finder(&tx.Charges), finder(&tx.Refunds), tx.findMovement, finder(&tx.Disputes),
		finder(&tx.PortalSessions), finder(&tx.Events), finder(&tx.Clocks), finder(&tx.PromotionCodes), finder(&tx.Discounts), finder(&tx.TaxRates),
	} {
		if obj := find(id); obj != nil {
			return obj
		}
	}
	return nil
}

func finder[T any](t *table[T]) func(string) any {
	return func(id string) any {
		if row := t.get(id); row != nil {
			return row
		}
		return nil
	}
}

// Include makes a field that Stripe sends only when it is asked for with expand[], of the object or inside it.
func (tx *Tx) Include(id, field string) (any, bool) {
	var out any
	var err error
	switch {
	case field == "products" && tx.PortalConfigs.get(id) != nil:
		out = offers(tx.PortalConfigs.get(id))
	case field == "applies_to" && tx.CouponProducts.has(id):
		out = &shape.CouponProducts{Products: *tx.CouponProducts.get(id)}
	case field == "breakdown" && tx.Sessions.get(id) != nil && tx.Sessions.get(id).Mode != "setup":
		out = tx.breakdown(tx.Sessions.get(id))
	case (field == "discounts" || field == "taxes") && strings.HasPrefix(id, "li_"):
		out = tx.itemAmount(id, field)
	case field == "line_items" && strings.HasPrefix(id, "cs_"):
		out, err = tx.ListSessionItems(id, Page{})
	case field == "subscriptions" && strings.HasPrefix(id, "cus_"):
		out, err = tx.ListSubscriptions(SubscriptionList{Customer: id})
		if l, ok := out.(shape.List[*shape.Subscription]); ok {
			l.URL = "/v1/customers/" + id + "/subscriptions"
			out = l
		}
	case field == "payments" && strings.HasPrefix(id, "in_"):
		out, err = tx.paymentsOf(id)
	case field == "confirmation_secret" && strings.HasPrefix(id, "in_"):
		out = tx.confirmationSecret(id)
	case field == "refunds" && strings.HasPrefix(id, "ch_"):
		out, err = tx.ListRefunds(RefundList{Charge: id})
		if l, ok := out.(shape.List[*shape.Refund]); ok {
			l.URL = "/v1/charges/" + id + "/refunds"
			out = l
		}
	}
	return out, out != nil && err == nil
}
