package views

import "net/url"

// pickedText follows the name of the plan that was picked.
func (p AuthPage) pickedText() string {
	if !p.paid() {
		return ". No card needed."
	}
	return ", " + priceText(*p.Picked) + ". Next: payment on Stripe."
}

func (p AuthPage) paid() bool { return p.Picked != nil && p.Picked.Money.Currency != "" }

// signupText is on the button, and says what comes after it.
func (p AuthPage) signupText() string {
	if p.Plan != "" && p.paid() {
		return "Continue to payment"
	}
	return "Create account"
}

// query carries what was chosen on to the other form.
func (p AuthPage) query() string {
	q := url.Values{}
	for name, value := range map[string]string{"plan": p.Plan, "interval": p.Interval, "next": p.Next} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// describedBy names what is said about a field: what is wrong with it, else
// the hint.
func describedBy(name, hint, problem string) string {
	if problem != "" {
		return name + "-problem"
	}
	return name + "-hint"
}
