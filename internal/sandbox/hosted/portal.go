package hosted

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// portalBody is a page of the portal; Plan and what follows are for pages about one subscription.
type portalBody struct {
	engine.PortalView
	planChange
	Home     string // the portal's first page
	BackLink string // the merchant's page
	Plan     engine.PlanView
	AtEnd    bool // cancelling keeps the plan until the period ends
	Form     cardForm
	Problem  problem
	Name     string
	Email    string
}

// portal looks a portal session up, and the subscription in the URL if there is one.
func (p *Pages) portal(w http.ResponseWriter, r *http.Request) (portalBody, bool) {
	b := portalBody{Home: "/p/session/" + r.PathValue("id")}
	found := false
	_ = p.do(r, func(tx *engine.Tx) error {
		tx.VisitPortal(r.PathValue("id"))
		b.PortalView, found = tx.ViewPortal(r.PathValue("id"))
		return nil
	})
	if !found {
		p.notFound(w, "billing page")
		return b, false
	}
	b.BackLink = safeLink(string(b.Session.ReturnURL))
	if b.Expired {
		p.note(w, http.StatusGone, note{Heading: "This link has expired", Text: "Go back to " + p.engine.Merchant() + " and open billing from there again.",
			Link: b.BackLink, Label: "Return to " + p.engine.Merchant(), LinkID: "return"})
		return b, false
	}
	b.AtEnd = b.Config.Features.SubscriptionCancel.Mode != "immediately"
	b.planChange = b.changeOf()
	id := r.PathValue("sub")
	if id == "" {
		return b, true
	}
	for _, s := range b.Subscriptions {
		if s.ID == id {
			b.Plan = s
			b.planChange = b.changeOf()
			return b, true
		}
	}
	p.note(w, http.StatusNotFound, note{Heading: "This plan has ended", Text: "There is nothing to change any more.", Link: b.Home, Label: "Back to billing"})
	return b, false
}

func (p *Pages) renderPortal(w http.ResponseWriter, status int, name, title string, b portalBody) {
	p.render(w, status, name, page{Title: title, Body: b})
}

// showPortal is the overview; a session opened for one thing goes to that first.
func (p *Pages) showPortal(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok {
		return
	}
	if f := b.Session.Flow; f != nil && !b.FlowDone {
		seeOther(w, r, b.Home+flowStep(f))
		return
	}
	p.renderPortal(w, http.StatusOK, "portal.html", "Billing", b)
}

// flowStep is the page of what a session was opened for.
func flowStep(f *shape.PortalFlow) string {
	switch f.Type {
	case "subscription_cancel":
		return "/subscriptions/" + f.SubscriptionCancel.Subscription + "/cancel"
	case "subscription_update":
		return "/subscriptions/" + f.SubscriptionUpdate.Subscription + "/update"
	case "subscription_update_confirm":
		c := f.SubscriptionUpdateConfirm
		to := url.Values{"price": {string(c.Items[0].Price)}, "quantity": {strconv.FormatInt(c.Items[0].Quantity, 10)}}
		return "/subscriptions/" + c.Subscription + "/confirm?" + to.Encode()
	}
	return "/card"
}

// finish goes on after something was done: where the session's flow says, or back to the overview.
func (p *Pages) finish(w http.ResponseWriter, r *http.Request, b portalBody) {
	f := b.Session.Flow
	if f == nil || b.FlowDone {
		seeOther(w, r, b.Home)
		return
	}
	_ = p.do(r, func(tx *engine.Tx) error {
		tx.FinishFlow(b.Session.ID)
		return nil
	})
	switch {
	case f.AfterCompletion.Type == "redirect" && f.AfterCompletion.Redirect != nil:
		seeOther(w, r, f.AfterCompletion.Redirect.ReturnURL)
	case f.AfterCompletion.Type == "hosted_confirmation":
		seeOther(w, r, b.Home+"/done")
	default:
		seeOther(w, r, b.Home)
	}
}

// showDone is the confirmation after a flow that asked for one.
func (p *Pages) showDone(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok {
		return
	}
	text := "Your change has been made."
	if f := b.Session.Flow; f != nil && f.AfterCompletion.HostedConfirmation != nil && f.AfterCompletion.HostedConfirmation.CustomMessage != "" {
		text = string(f.AfterCompletion.HostedConfirmation.CustomMessage)
	}
	p.note(w, http.StatusOK, note{Heading: "Done", Text: text, Link: b.BackLink, Label: "Return to " + p.engine.Merchant(), LinkID: "return"})
}

func (p *Pages) showCard(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.PaymentMethodUpdate.Enabled) {
		return
	}
	p.renderCardChange(w, http.StatusOK, b, cardForm{Name: string(b.Customer.Name)})
}

func (p *Pages) renderCardChange(w http.ResponseWriter, status int, b portalBody, f cardForm) {
	f.Button, f.TestCards = "Save card", engine.TestCards
	b.Form = f
	p.renderPortal(w, status, "portal-card.html", "Change card", b)
}

func (p *Pages) changeCard(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.PaymentMethodUpdate.Enabled) {
		return
	}
	d, f := readCard(r, false)
	if f.Problem.Message != "" {
		p.renderCardChange(w, http.StatusUnprocessableEntity, b, f)
		return
	}
	var step string
	err := p.do(r, func(tx *engine.Tx) error {
		var err error
		step, err = tx.ChangeCard(b.Customer.ID, d, b.Home+"/card/confirmed")
		return err
	})
	switch {
	case err != nil:
		f.Problem = problemOf(err)
		p.renderCardChange(w, status(err), b, f)
	case step != "":
		seeOther(w, r, step)
	default:
		p.finish(w, r, b)
	}
}

// cardConfirmed is where the buyer comes back to after a 3-D Secure step.
func (p *Pages) cardConfirmed(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok {
		return
	}
	if r.FormValue("redirect_status") == "succeeded" {
		p.finish(w, r, b)
		return
	}
	f := cardForm{Name: string(b.Customer.Name), Problem: problem{"card", "We are unable to authenticate your card. Try again, or use another one."}}
	p.renderCardChange(w, http.StatusPaymentRequired, b, f)
}

// chooseCard makes a saved card the default, or removes it.
func (p *Pages) chooseCard(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.PaymentMethodUpdate.Enabled) {
		return
	}
	err := p.do(r, func(tx *engine.Tx) error {
		if r.PostFormValue("do") == "remove" {
			return tx.RemoveCard(b.Customer.ID, r.PathValue("pm"))
		}
		return tx.MakeDefaultCard(b.Customer.ID, r.PathValue("pm"))
	})
	if err != nil {
		p.note(w, status(err), note{Heading: "That did not work", Text: problemOf(err).Message, Link: b.Home, Label: "Back to billing"})
		return
	}
	seeOther(w, r, b.Home)
}

// allowed answers for what the configuration has switched off.
func (p *Pages) allowed(w http.ResponseWriter, b portalBody, enabled bool) bool {
	if !enabled {
		p.note(w, http.StatusForbidden, note{Heading: "Not available", Text: "This merchant does not offer that here.", Link: b.Home, Label: "Back to billing"})
	}
	return enabled
}
