package views

import "github.com/payloop/payloop/internal/billing"

func kindText(k billing.CreditKind) string {
	switch k {
	case billing.PlanGrant:
		return "Plan payment"
	case billing.Purchase:
		return "Bought once"
	case billing.WeeklyRefill:
		return "Weekly refill"
	case billing.Spend:
		return "Spent"
	case billing.Refund:
		return "Refund"
	case billing.Dispute:
		return "Disputed payment"
	case billing.Adjustment:
		return "Adjustment"
	case billing.Expiry:
		return "Expired"
	}
	return string(k)
}

func orderText(o billing.Order) string {
	if o.Credits == 0 {
		return "Purchase"
	}
	return Number(o.Credits) + " credits (" + o.Plan + ")"
}

func orderStatus(o billing.Order) string {
	switch {
	case o.Status == billing.OrderPending:
		return "On its way"
	case o.Status == billing.OrderFailed:
		return "Failed"
	case o.Status == billing.OrderRefunded:
		return "Refunded"
	case o.AmountRefunded > 0:
		return "Part refunded"
	}
	return "Paid"
}

func orderTone(o billing.Order) string {
	switch {
	case o.Status == billing.OrderFailed:
		return "error"
	case o.Status == billing.OrderPending:
		return "info"
	case o.Status == billing.OrderRefunded || o.AmountRefunded > 0:
		return "neutral"
	}
	return "success"
}

// invoiceName is the number; a draft has none yet.
func invoiceName(inv billing.Invoice) string {
	if inv.Number == "" {
		return "Not yet numbered"
	}
	return inv.Number
}

// invoiceAction is what the invoice's own page is for.
func invoiceAction(inv billing.Invoice) string {
	if inv.Status == billing.InvoiceOpen {
		return "Pay"
	}
	return "View"
}

func invoiceStatus(inv billing.Invoice) string {
	switch inv.Status {
	case billing.InvoicePaid:
		switch {
		case inv.AmountRefunded == 0:
			return "Paid"
		case inv.AmountRefunded < inv.AmountPaid:
			return "Part refunded"
		}
		return "Refunded"
	case billing.InvoiceOpen:
		return "Open"
	case billing.InvoiceVoid:
		return "Void"
	case billing.InvoiceDraft:
		return "Draft"
	}
	return "Not paid" // uncollectible: Stripe has given up on it
}

func invoiceTone(inv billing.Invoice) string {
	switch {
	case inv.Status == billing.InvoiceOpen:
		return "warning"
	case inv.Status == billing.InvoicePaid && inv.AmountRefunded == 0:
		return "success"
	}
	return "neutral"
}
