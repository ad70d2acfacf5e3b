package views

import (
	"github.com/payloop/payloop/internal/billing"
)

// planSentence says what happens next with the plan, and when.
func (p AccountPage) planSentence() string {
	st := p.Standing
	sub := st.Subscription
	price := ""
	if p.Price != nil {
		price = priceText(*p.Price) + ". "
	}
	switch {
	case sub == nil:
		return "Free for as long as you like."
	case !sub.Live():
		return "Your subscription ended on " + Date(sub.EndsAt()) + "."
	case !st.EndsAt().IsZero():
		return price + "Your plan ends on " + Date(st.EndsAt()) + ". You can resume it in Manage billing."
	case sub.Status == billing.Trialing:
		return price + "Your trial ends on " + Date(sub.PeriodEnd) + "; the first payment is due then."
	case !st.RenewsAt().IsZero():
		return price + "Renews on " + Date(st.RenewsAt()) + "."
	}
	return price
}

func (p AccountPage) changeText() string {
	if sub := p.Standing.Subscription; sub != nil && sub.Live() {
		return "Change plan"
	}
	return "See the plans"
}

func (p AccountPage) cancellable() bool {
	sub := p.Standing.Subscription
	return sub != nil && sub.Live() && sub.EndsAt().IsZero()
}

func statusText(st billing.Standing) string {
	if st.Subscription == nil {
		return "Free"
	}
	switch st.Subscription.Status {
	case billing.Active:
		if !st.EndsAt().IsZero() {
			return "Ending"
		}
		return "Active"
	case billing.Trialing:
		return "Trial"
	case billing.PastDue:
		return "Payment overdue"
	case billing.Unpaid:
		return "Unpaid"
	case billing.Incomplete:
		return "Payment unfinished"
	case billing.Paused:
		return "Paused"
	}
	return "Ended"
}

func statusTone(st billing.Standing) string {
	switch {
	case st.Subscription == nil || !st.Subscription.Live():
		return "soft"
	case st.Problem != billing.NoProblem:
		return "bad"
	case !st.EndsAt().IsZero():
		return "warn"
	}
	return "good"
}

func kindText(k billing.CreditKind) string {
	switch k {
	case billing.PlanGrant:
		return "Plan payment"
	case billing.Purchase:
		return "Purchase"
	case billing.WeeklyRefill:
		return "Weekly refill"
	case billing.Spend:
		return "Spent"
	case billing.Refund:
		return "Refund"
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
	switch o.Status {
	case billing.OrderPending:
		return "On its way"
	case billing.OrderFailed:
		return "Failed"
	case billing.OrderRefunded:
		return "Refunded"
	}
	if o.AmountRefunded > 0 {
		return "Refunded in part"
	}
	return "Paid"
}

func orderTone(o billing.Order) string {
	switch o.Status {
	case billing.OrderPaid:
		return "good"
	case billing.OrderFailed:
		return "bad"
	}
	return "soft"
}

func invoiceName(inv billing.Invoice) string {
	if inv.Number == "" {
		return inv.ID
	}
	return inv.Number
}

func invoiceStatus(inv billing.Invoice) string {
	switch inv.Status {
	case billing.InvoicePaid:
		if inv.AmountRefunded > 0 && inv.AmountRefunded >= inv.AmountPaid {
			return "Refunded"
		}
		if inv.AmountRefunded > 0 {
			return "Refunded in part"
		}
		return "Paid"
	case billing.InvoiceOpen:
		return "Open"
	case billing.InvoiceVoid:
		return "Void"
	}
	return string(inv.Status)
}

func invoiceTone(inv billing.Invoice) string {
	switch inv.Status {
	case billing.InvoicePaid:
		return "good"
	case billing.InvoiceOpen:
		return "warn"
	}
	return "soft"
}

// advice says what to do about an error, by its HTTP status.
func advice(status int) (title, text string) {
	switch status {
	case 401:
		return "Please sign in", "Sign in and try again."
	case 403:
		return "Not allowed", "Go back and try it from our own page."
	case 404:
		return "Not found", "The address may be mistyped, or the page has moved."
	case 405:
		return "Not that way", "This address is reached from a button; go back and press it again."
	case 409:
		return "Not now", "Look at your account page to see how things stand."
	case 413:
		return "Too large", "Send less at once."
	case 400, 422:
		return "That did not work", "Go back, check what was sent, and try again."
	case 429:
		return "A little slower, please", "Wait a minute and try again."
	case 502, 503, 504:
		return "Not available just now", "Wait a minute and try again. Nothing is lost."
	}
	return "Something went wrong", "Try again in a minute. If it stays, write to us and name the request."
}
