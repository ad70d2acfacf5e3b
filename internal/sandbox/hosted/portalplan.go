package hosted

import (
	"net/http"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
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
	details := why(r, b.Config.Features.SubscriptionCancel.CancellationReason)
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

// why reads the reason for a cancellation, if it is asked for; one that is not offered is none.
func why(r *http.Request, asked shape.PortalCancelReason) *engine.CancelDetails {
	feedback, comment := r.PostFormValue("feedback"), strings.TrimSpace(r.PostFormValue("comment"))
	if !slices.Contains(asked.Options, feedback) {
		feedback = ""
	}
	if !asked.Enabled || feedback == "" && comment == "" {
		return nil
	}
	return &engine.CancelDetails{Feedback: &feedback, Comment: &comment}
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
