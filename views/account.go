package views

import (
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// sentence is one that may have a day in it.
type sentence struct {
	before string
	at     time.Time // zero: the sentence is before alone
	after  string
}

// planSentence says what happens next with the plan, and when.
func (p AccountPage) planSentence() sentence {
	st, sub := p.Standing, p.Standing.Subscription
	switch {
	case sub == nil:
		return sentence{before: "Costs nothing, for as long as you like."}
	case !sub.Live() && sub.EndsAt().IsZero():
		return sentence{before: "Your subscription never began: its first payment was not made."}
	case !sub.Live():
		return sentence{"Your subscription ended on ", sub.EndsAt(), "."}
	case !st.EndsAt().IsZero():
		return sentence{p.costs("") + "Your plan ends on ", st.EndsAt(), ". You can resume it in Manage billing."}
	}
	switch st.Problem {
	case billing.PaymentMissing:
		return sentence{before: p.costs("") + "Begins with its first payment."}
	case billing.CollectionPause:
		return sentence{before: p.costs("") + "Paused."}
	case billing.PaymentUnpaid:
		return sentence{before: p.costs("") + "On hold until the open payment is made."}
	case billing.PaymentPastDue:
		return sentence{p.costs("") + "Payment overdue since ", sub.PastDueSince, "."}
	}
	switch {
	case sub.Status == billing.Trialing:
		return sentence{"Your trial ends on ", p.trialEnd(), p.costs("; then ")}
	case !st.RenewsAt().IsZero():
		return sentence{p.costs("") + "Renews on ", st.RenewsAt(), "."}
	}
	return sentence{before: p.costs("")}
}

// costs is "$5.00 a month. " after those words, or as little as is known. A
// plan that is not the one in force is named.
func (p AccountPage) costs(after string) string {
	if p.Price == nil {
		if after != "" {
			return "."
		}
		return ""
	}
	name := ""
	if p.Price.Plan != p.Standing.Plan.Name {
		name = p.Price.Plan + ", "
	}
	return after + name + priceText(*p.Price) + ". "
}

func (p AccountPage) trialEnd() time.Time {
	if sub := p.Standing.Subscription; !sub.TrialEnd.IsZero() {
		return sub.TrialEnd
	}
	return p.Standing.Subscription.PeriodEnd
}

// refillSentence says what the plan gives, and when next.
func (p AccountPage) refillSentence() sentence { return refillSentence(p.Standing, p.NextRefill) }

func refillSentence(st billing.Standing, next time.Time) sentence {
	plan := st.Plan
	unused := ""
	if !plan.Rollover {
		unused = " Unused ones expire when the next are due."
	}
	switch comes := !next.IsZero(); {
	case plan.Free(), comes: // to a paid plan by itself: the months of a year that was paid for
		return sentence{before: plan.Name + " adds " + creditsText(plan) + "." + unused}.next(next, " Next on ")
	case st.EndsAt().IsZero():
		return sentence{before: plan.Name + " adds " + Number(plan.Credits) + " with each payment." + unused}
	case !plan.Rollover:
		return sentence{before: plan.Name + " adds nothing more, because it ends. The free plan follows."}
	}
	return sentence{before: plan.Name + " adds nothing more, because it ends. What you have stays, and the free plan follows."}
}

func (s sentence) next(at time.Time, joint string) sentence {
	if at.IsZero() {
		return s
	}
	return sentence{s.before + joint, at, "."}
}

// problemText says what is wrong with the subscription, if anything, and how
// urgent it is.
func (p AccountPage) problemText() (tone, text string) {
	switch p.Standing.Problem {
	case billing.PaymentPastDue:
		until := p.Standing.Subscription.PastDueSince.Add(billing.GracePeriod)
		return "warning", "Your last payment did not go through. Your plan stays until " + Date(until) + "; pay by then to keep it."
	case billing.PaymentUnpaid:
		return "error", "Your last payment did not go through, so your plan is on hold. Paying brings it back."
	case billing.PaymentMissing:
		return "warning", "Your first payment is not finished, so your plan has not begun."
	case billing.CollectionPause:
		return "info", "Your subscription is paused: nothing is charged, and no credits are added."
	}
	return "", ""
}

// finishText is on the link to the open invoice.
func (p AccountPage) finishText() string {
	if p.Standing.Problem == billing.PaymentMissing {
		return "Finish payment"
	}
	return "Pay now"
}

// fixText is on the button to the portal.
func (p AccountPage) fixText() string {
	if p.Standing.Problem == billing.CollectionPause {
		return "Manage billing"
	}
	return "Update payment"
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
		return "neutral"
	case st.Problem == billing.PaymentUnpaid:
		return "error"
	case st.Problem == billing.CollectionPause:
		return "info"
	case st.Problem != billing.NoProblem || !st.EndsAt().IsZero():
		return "warning"
	}
	return "success"
}
