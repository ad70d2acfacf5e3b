package hosted

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// checkoutBody is the Checkout page.
type checkoutBody struct {
	engine.CheckoutView
	Form        cardForm
	BackLink    string
	Renews      string // "$5.00 per month", for subscriptions
	Typed       string // the promotion code that does not work
	CodeProblem string // and why
	Adjusted    string // the item whose new quantity does not work
	Problem     string // and why
}

func (p *Pages) showCheckout(w http.ResponseWriter, r *http.Request) {
	v, ok := p.checkout(w, r)
	if !ok {
		return
	}
	p.renderCheckout(w, http.StatusOK, checkoutBody{CheckoutView: v, Form: blankForm(v)})
}

func blankForm(v engine.CheckoutView) cardForm { return cardForm{Email: v.Email, Name: v.Name} }

// checkout looks a session up; one that cannot be paid is answered here.
func (p *Pages) checkout(w http.ResponseWriter, r *http.Request) (engine.CheckoutView, bool) {
	var v engine.CheckoutView
	found := false
	p.read(r, func(tx *engine.Tx) error {
		v, found = tx.ViewCheckout(r.PathValue("id"))
		return nil
	})
	if !found {
		p.notFound(w, "payment page")
		return v, false
	}
	switch v.Session.Status {
	case "complete":
		back := strings.ReplaceAll(string(v.Session.SuccessURL), "{CHECKOUT_SESSION_ID}", v.Session.ID)
		if r.Method == http.MethodPost { // the button pressed twice
			seeOther(w, r, back)
			return v, false
		}
		done := note{Heading: "You have paid already", Text: "This payment is complete. You were charged once.",
			Link: safeLink(back), Label: "Back to " + p.engine.Merchant(), LinkID: "return"}
		if v.Session.Mode == "setup" {
			done.Heading, done.Text = "Your card is saved already", "It was not charged."
		}
		p.note(w, http.StatusOK, done)
		return v, false
	case "expired":
		p.note(w, http.StatusOK, note{Heading: "This page has expired", Text: "You were not charged. Go back to start again.",
			Link: safeLink(string(v.Session.CancelURL)), Label: "Back to " + p.engine.Merchant(), LinkID: "return"})
		return v, false
	}
	return v, true
}

func (p *Pages) renderCheckout(w http.ResponseWriter, status int, body checkoutBody) {
	v, f := body.CheckoutView, body.Form
	f.WithEmail, f.EmailKnown, f.TestCards, f.NoCard = true, v.Email != "", engine.TestCards, !v.NeedsCard
	f.WithPhone, f.WithAddress = v.Session.PhoneNumberCollection.Enabled, v.Session.BillingAddressCollection == "required"
	f.Button = submitWords(v)
	body.BackLink = safeLink(string(v.Session.CancelURL))
	switch v.Session.Mode {
	case "setup":
		f.Button = "Save card"
	case "subscription":
		f.Button = "Subscribe"
		if v.TrialEnd != 0 {
			f.Button = "Start trial"
		}
		body.Renews = renews(v)
	}
	body.Form = f
	p.render(w, status, "checkout.html", page{Title: title(v.Session.Mode), Wide: true, Body: body})
}

func title(mode string) string {
	if mode == "setup" {
		return "Save card"
	}
	return "Pay"
}

// submitWords is what the button of a one-time payment says.
func submitWords(v engine.CheckoutView) string {
	switch {
	case v.Session.AmountTotal == 0:
		return "Complete order"
	case v.Session.SubmitType == "book":
		return "Book"
	case v.Session.SubmitType == "donate":
		return "Donate " + engine.Money(v.Session.AmountTotal, v.Session.Currency)
	}
	return "Pay " + engine.Money(v.Session.AmountTotal, v.Session.Currency)
}

// renews says what is charged after today, and how often, also when it becomes more as discounts end.
func renews(v engine.CheckoutView) string {
	often := ""
	for _, it := range v.Items {
		if it.Price.Recurring != nil {
			often = each(it.Price.Recurring)
		}
	}
	text := engine.Money(v.Next.Amount, v.Session.Currency) + " " + often
	if v.Regular.Amount != v.Next.Amount {
		text += ", from " + moment(v.Regular.At).Format("2 January 2006") + " " + engine.Money(v.Regular.Amount, v.Session.Currency) + " " + often
	}
	return text
}

func (p *Pages) pay(w http.ResponseWriter, r *http.Request) {
	v, ok := p.checkout(w, r)
	if !ok {
		return
	}
	if err := r.ParseForm(); err != nil {
		p.note(w, http.StatusBadRequest, note{Heading: "That did not arrive", Text: "The form could not be read. Go back and try again."})
		return
	}
	switch {
	case r.PostForm.Has("remove_code"), r.PostForm.Has("promotion_code"):
		p.changeCode(w, r, v)
		return
	case r.PostForm.Has("quantity"):
		p.changeQuantity(w, r, v)
		return
	case r.PostForm.Get("method") == "bank":
		p.payByBank(w, r, v)
		return
	}
	d, f := readBuyer(r, v)
	if v.Email != "" {
		f.Email = v.Email
	}
	if f.Problem.Message != "" {
		p.renderCheckout(w, http.StatusUnprocessableEntity, checkoutBody{CheckoutView: v, Form: f})
		return
	}
	var paid engine.Paid
	err := p.do(r, func(tx *engine.Tx) error {
		var err error
		paid, err = tx.PaySession(v.Session.ID, engine.Payment{CardDetails: d})
		return err
	})
	p.paid(w, r, v, f, paid, err)
}

// changeCode takes the form for a promotion code: it shows the new total, or why the code does not work.
func (p *Pages) changeCode(w http.ResponseWriter, r *http.Request, v engine.CheckoutView) {
	typed := r.PostForm.Get("promotion_code")
	err := p.do(r, func(tx *engine.Tx) error {
		if r.PostForm.Has("remove_code") {
			return tx.RemoveCode(v.Session.ID)
		}
		return tx.EnterCode(v.Session.ID, typed)
	})
	if err != nil {
		p.renderCheckout(w, status(err), checkoutBody{CheckoutView: v, Form: blankForm(v), Typed: typed, CodeProblem: problemOf(err).Message})
		return
	}
	seeOther(w, r, "/c/pay/"+v.Session.ID)
}

// changeQuantity takes the form for how many of an item are bought.
func (p *Pages) changeQuantity(w http.ResponseWriter, r *http.Request, v engine.CheckoutView) {
	quantity, _ := strconv.ParseInt(strings.TrimSpace(r.PostForm.Get("quantity")), 10, 64)
	item := r.PostForm.Get("item")
	err := p.do(r, func(tx *engine.Tx) error { return tx.SetQuantity(v.Session.ID, item, quantity) })
	if err != nil {
		p.renderCheckout(w, status(err), checkoutBody{CheckoutView: v, Form: blankForm(v), Adjusted: item, Problem: problemOf(err).Message})
		return
	}
	seeOther(w, r, "/c/pay/"+v.Session.ID)
}

// payByBank takes the other form: a bank account, whose money comes later.
func (p *Pages) payByBank(w http.ResponseWriter, r *http.Request, v engine.CheckoutView) {
	f := cardForm{Email: or(v.Email, strings.TrimSpace(r.PostFormValue("email"))), Name: v.Name}
	var paid engine.Paid
	err := p.do(r, func(tx *engine.Tx) error {
		var err error
		paid, err = tx.PaySessionByBank(v.Session.ID, engine.Payment{CardDetails: engine.CardDetails{Email: f.Email, Name: f.Name}})
		return err
	})
	p.paid(w, r, v, f, paid, err)
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// paid sends the buyer on, or shows the page again with the reason.
func (p *Pages) paid(w http.ResponseWriter, r *http.Request, v engine.CheckoutView, f cardForm, paid engine.Paid, err error) {
	switch {
	case err != nil:
		f.Problem = problemOf(err)
		p.renderCheckout(w, status(err), checkoutBody{CheckoutView: v, Form: f})
	case paid.Challenge:
		seeOther(w, r, "/c/pay/"+v.Session.ID+"/challenge")
	default:
		seeOther(w, r, paid.RedirectURL)
	}
}

func (p *Pages) showChallenge(w http.ResponseWriter, r *http.Request) {
	v, ok := p.checkout(w, r)
	if !ok {
		return
	}
	if !v.Waiting {
		seeOther(w, r, "/c/pay/"+v.Session.ID)
		return
	}
	p.renderChallenge(w, challenge{Action: "/c/pay/" + v.Session.ID + "/challenge", Amount: v.Session.AmountTotal, Currency: v.Session.Currency})
}

func (p *Pages) answerChallenge(w http.ResponseWriter, r *http.Request) {
	v, ok := p.checkout(w, r)
	if !ok {
		return
	}
	var paid engine.Paid
	err := p.do(r, func(tx *engine.Tx) error {
		var err error
		paid, err = tx.FinishChallenge(v.Session.ID, r.PostFormValue("result") == "complete")
		return err
	})
	p.paid(w, r, v, cardForm{Email: v.Email, Name: v.Name}, paid, err)
}
