package hosted

import (
	"net/http"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/form"
)

func (p *Pages) showCancel(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.SubscriptionCancel.Enabled) {
		return
	}
	if b.Plan.CancelAt != 0 {
		seeOther(w, r, b.Home)
		return
	}
	p.renderPortal(w, http.StatusOK, "portal-cancel.html", "Cancel plan", b)
}

func (p *Pages) cancel(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.SubscriptionCancel.Enabled) {
		return
	}
	var details *engine.CancelDetails
	if feedback, comment := r.PostFormValue("feedback"), r.PostFormValue("comment"); feedback != "" || comment != "" {
		details = &engine.CancelDetails{Feedback: &feedback, Comment: &comment}
	}
	err := p.do(r, func(tx *engine.Tx) error {
		if !b.AtEnd {
			prorate := b.Config.Features.SubscriptionCancel.ProrationBehavior != "none"
			_, err := tx.CancelSubscription(b.Plan.ID, engine.SubscriptionCancel{CancellationDetails: details, Prorate: prorate, InvoiceNow: prorate})
			return err
		}
		yes := true
		_, err := tx.UpdateSubscription(b.Plan.ID, engine.SubscriptionUpdate{CancelAtPeriodEnd: &yes, CancellationDetails: details})
		return err
	})
	p.done(w, r, b, err)
}

func (p *Pages) resume(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok {
		return
	}
	err := p.do(r, func(tx *engine.Tx) error {
		_, err := tx.UpdateSubscription(b.Plan.ID, engine.SubscriptionUpdate{CancelAt: &form.When{}})
		return err
	})
	p.done(w, r, b, err)
}

// done goes on, or says why nothing was changed.
func (p *Pages) done(w http.ResponseWriter, r *http.Request, b portalBody, err error) {
	if err != nil {
		p.note(w, status(err), note{Heading: "That did not work", Text: problemOf(err).Message, Link: b.Home, Label: "Back to billing"})
		return
	}
	p.finish(w, r, b)
}

func (p *Pages) showUpdate(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.SubscriptionUpdate.Enabled) {
		return
	}
	p.renderPortal(w, http.StatusOK, "portal-update.html", "Update plan", b)
}

// offer finds the price somebody picked among those offered.
func (p *Pages) offer(w http.ResponseWriter, r *http.Request) (portalBody, bool) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.SubscriptionUpdate.Enabled) {
		return b, false
	}
	for _, o := range b.Offers {
		if o.Price.ID == r.FormValue("price") {
			b.Offer = o
			return b, true
		}
	}
	seeOther(w, r, b.Home+"/subscriptions/"+b.Plan.ID+"/update")
	return b, false
}

func (p *Pages) showConfirm(w http.ResponseWriter, r *http.Request) {
	b, ok := p.offer(w, r)
	if !ok {
		return
	}
	p.renderConfirm(w, r, http.StatusOK, b)
}

func (p *Pages) renderConfirm(w http.ResponseWriter, r *http.Request, status int, b portalBody) {
	p.read(r, func(tx *engine.Tx) error {
		var err error
		behavior := b.Config.Features.SubscriptionUpdate.ProrationBehavior
		b.Due, _, err = tx.PreviewChange(b.Plan.ID, b.Offer.Price.ID, behavior)
		b.Lines, b.Renews = tx.PreviewLines(b.Plan.ID, b.Offer.Price.ID, behavior)
		return err
	})
	p.renderPortal(w, status, "portal-confirm.html", "Confirm your new plan", b)
}

func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) {
	b, ok := p.offer(w, r)
	if !ok {
		return
	}
	behavior := b.Config.Features.SubscriptionUpdate.ProrationBehavior
	err := p.do(r, func(tx *engine.Tx) error {
		_, items, err := tx.PreviewChange(b.Plan.ID, b.Offer.Price.ID, behavior)
		if err != nil {
			return err
		}
		no := false
		_, err = tx.UpdateSubscription(b.Plan.ID, engine.SubscriptionUpdate{
			Items: items, ProrationBehavior: behavior, PaymentBehavior: "error_if_incomplete", CancelAtPeriodEnd: &no,
		})
		return err
	})
	if err != nil {
		b.Problem = problemOf(err)
		p.renderConfirm(w, r, status(err), b)
		return
	}
	p.finish(w, r, b)
}

func (p *Pages) showDetails(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.CustomerUpdate.Enabled) {
		return
	}
	b.Name, b.Email = string(b.Customer.Name), string(b.Customer.Email)
	p.renderPortal(w, http.StatusOK, "portal-details.html", "Billing details", b)
}

// changeDetails writes what the configuration allows: name and e-mail.
func (p *Pages) changeDetails(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Config.Features.CustomerUpdate.Enabled) {
		return
	}
	b.Name, b.Email = strings.TrimSpace(r.PostFormValue("name")), strings.TrimSpace(r.PostFormValue("email"))
	var in engine.CustomerInput
	for _, may := range b.Config.Features.CustomerUpdate.AllowedUpdates {
		switch may {
		case "name":
			in.Name = &b.Name
		case "email":
			in.Email = &b.Email
		}
	}
	err := p.do(r, func(tx *engine.Tx) error {
		_, err := tx.UpdateCustomer(b.Customer.ID, engine.CustomerChange{CustomerInput: in})
		return err
	})
	if err != nil {
		b.Problem = problemOf(err)
		p.renderPortal(w, status(err), "portal-details.html", "Billing details", b)
		return
	}
	seeOther(w, r, b.Home)
}
