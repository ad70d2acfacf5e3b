package events

import "github.com/payloop/payloop/internal/billing"

// invoiceJSON is Stripe's Invoice at the pinned API version:
// https://docs.stripe.com/api/invoices/object
type invoiceJSON struct {
	ID                string     `json:"id"`
	Customer          expandable `json:"customer"`
	Subscription      expandable `json:"subscription"`
	Number            string     `json:"number"`
	Status            string     `json:"status"`
	BillingReason     string     `json:"billing_reason"`
	Total             int64      `json:"total"`
	Currency          string     `json:"currency"`
	AmountPaid        int64      `json:"amount_paid"`
	HostedInvoiceURL  string     `json:"hosted_invoice_url"`
	InvoicePDF        string     `json:"invoice_pdf"`
	Created           unix       `json:"created"`
	StatusTransitions struct {
		PaidAt unix `json:"paid_at"`
	} `json:"status_transitions"`
	Lines struct {
		HasMore bool `json:"has_more"`
		Data    []struct {
			Amount    int64      `json:"amount"`
			Quantity  int64      `json:"quantity"`
			Proration bool       `json:"proration"`
			Price     *priceJSON `json:"price"`
			Period    struct {
				Start unix `json:"start"`
				End   unix `json:"end"`
			} `json:"period"`
		} `json:"data"`
	} `json:"lines"`
}

func (j invoiceJSON) object() Object {
	inv := billing.Invoice{
		ID:             j.ID,
		CustomerID:     j.Customer.ID,
		SubscriptionID: j.Subscription.ID,
		Number:         j.Number,
		Status:         billing.InvoiceStatus(j.Status),
		BillingReason:  j.BillingReason,
		Total:          billing.Money{Amount: j.Total, Currency: j.Currency},
		AmountPaid:     j.AmountPaid,
		HostedURL:      j.HostedInvoiceURL,
		PDFURL:         j.InvoicePDF,
		CreatedAt:      j.Created.time(),
		PaidAt:         j.StatusTransitions.PaidAt.time(),
	}
	for _, l := range j.Lines.Data {
		if l.Price != nil {
			inv.Lines = append(inv.Lines, billing.InvoiceLine{
				Price: l.Price.ref(), Amount: l.Amount, Quantity: l.Quantity, Proration: l.Proration,
				Start: l.Period.Start.time(), End: l.Period.End.time(),
			})
		}
	}
	return &invoice{inv, j.Lines.HasMore}
}

type invoice struct {
	billing.Invoice
	partial bool
}

// Partial says whether the object tells only a part of what it is: Stripe puts
// the first ten of an invoice's lines in it, prorations before the
// subscription's own. One that was fetched is whole.
func Partial(o Object) bool {
	i, ok := o.(*invoice)
	return ok && i.partial
}

func (i *invoice) Ref() billing.ObjectRef {
	return billing.ObjectRef{Kind: billing.InvoiceObject, ID: i.ID}
}

func (i *invoice) Needs() []billing.ObjectRef {
	return []billing.ObjectRef{{Kind: billing.CustomerObject, ID: i.CustomerID}}
}

func (i *invoice) Owner() billing.Owner { return billing.Owner{CustomerID: i.CustomerID} }

// Change mirrors the invoice and grants what it paid for, once. What a partial
// one paid for cannot be told.
func (i *invoice) Change(w Write) (billing.Change, error) {
	change := w.change(i)
	if w.UserID == "" {
		return change, &billing.UnknownCustomerError{CustomerID: i.CustomerID}
	}
	row := i.Invoice
	row.UserID, row.AsOf = w.UserID, w.AsOf
	change.Invoice = &row
	if grant, ok := row.Grant(w.Catalog); ok && row.Status == billing.InvoicePaid && !i.partial {
		row.Granted = &grant.Amount
		if grant.Amount > 0 || grant.SubscriptionID != "" { // which may end what was to come for its subscription
			change.Grant = &grant
		}
	}
	return change, nil
}
