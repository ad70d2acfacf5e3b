package hosted

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// maxQuantity is the most of a plan that the page takes.
const maxQuantity = 999_999

// planChange is what the pages for a change of plan show.
type planChange struct {
	engine.PortalPreview
	Updates     bool           // the plan can be changed at all
	MayQuantity bool           // how many of it, too
	Choices     []engine.Offer // the prices it may have
	Offer       engine.Offer   // the one picked
	Quantity    int64
}

// changeOf says how a plan may be changed, and begins with it as it is.
func (b portalBody) changeOf() planChange {
	update := b.Config.Features.SubscriptionUpdate
	may := func(what string) bool { return update.Enabled && slices.Contains(update.DefaultAllowedUpdates, what) }
	c := planChange{Updates: may("price") || may("quantity"), MayQuantity: may("quantity")}
	if may("price") {
		c.Choices = b.Offers
	}
	if b.Plan.ID == "" {
		return c
	}
	current := b.Plan.Items.Data[0]
	c.Offer, c.Quantity = engine.Offer{Price: current.Price, Name: b.Plan.Name}, current.Quantity
	if _, known := c.choice(current.Price.ID); c.MayQuantity && !known {
		c.Choices = append([]engine.Offer{c.Offer}, c.Choices...)
	}
	return c
}

// choice finds a price among those offered.
func (c planChange) choice(price string) (engine.Offer, bool) {
	for _, o := range c.Choices {
		if o.Price.ID == price {
			return o, true
		}
	}
	return engine.Offer{}, false
}

func (b portalBody) change() engine.PortalChange {
	return engine.PortalChange{Subscription: b.Plan.ID, Price: b.Offer.Price.ID, Quantity: b.Quantity, Proration: b.Config.Features.SubscriptionUpdate.ProrationBehavior}
}

// unchanged reports whether somebody picked what they have already.
func (b portalBody) unchanged() bool {
	current := b.Plan.Items.Data[0]
	return b.Offer.Price.ID == current.Price.ID && b.Quantity == current.Quantity
}

func (p *Pages) showUpdate(w http.ResponseWriter, r *http.Request) {
	b, ok := p.portal(w, r)
	if ok && p.allowed(w, b, b.Updates) {
		p.renderUpdate(w, http.StatusOK, b)
	}
}

func (p *Pages) renderUpdate(w http.ResponseWriter, status int, b portalBody) {
	p.renderPortal(w, status, "portal-update.html", "Update plan", b)
}

// picked reads what somebody picked among what is offered; what cannot be had is answered here.
func (p *Pages) picked(w http.ResponseWriter, r *http.Request) (portalBody, bool) {
	b, ok := p.portal(w, r)
	if !ok || !p.allowed(w, b, b.Updates) {
		return b, false
	}
	offer, known := b.choice(or(r.FormValue("price"), b.Offer.Price.ID))
	if !known {
		seeOther(w, r, b.Home+"/subscriptions/"+b.Plan.ID+"/update")
		return b, false
	}
	b.Offer = offer
	typed := strings.TrimSpace(r.FormValue("quantity"))
	if !b.MayQuantity || typed == "" {
		return b, true
	}
	n, err := strconv.ParseInt(typed, 10, 64)
	if err != nil || n < 1 || n > maxQuantity {
		b.Problem = problem{"quantity", "Enter a whole number from 1 to 999999."}
		p.renderUpdate(w, http.StatusUnprocessableEntity, b)
		return b, false
	}
	b.Quantity = n
	return b, true
}

func (p *Pages) showConfirm(w http.ResponseWriter, r *http.Request) {
	b, ok := p.picked(w, r)
	switch {
	case !ok:
	case b.unchanged():
		b.Problem = problem{Message: "This is your plan already."}
		p.renderUpdate(w, http.StatusUnprocessableEntity, b)
	default:
		p.renderConfirm(w, r, http.StatusOK, b)
	}
}

func (p *Pages) renderConfirm(w http.ResponseWriter, r *http.Request, status int, b portalBody) {
	p.read(r, func(tx *engine.Tx) error {
		var err error
		b.PortalPreview, err = tx.PreviewPortalChange(b.change())
		return err
	})
	p.renderPortal(w, status, "portal-confirm.html", "Confirm your new plan", b)
}

func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) {
	b, ok := p.picked(w, r)
	if !ok {
		return
	}
	challenge := false
	err := p.do(r, func(tx *engine.Tx) error {
		var err error
		challenge, err = tx.ChangeInPortal(b.change())
		return err
	})
	switch {
	case err != nil:
		b.Problem = problemOf(err)
		p.renderConfirm(w, r, status(err), b)
	case challenge:
		seeOther(w, r, b.planStep())
	default:
		p.finish(w, r, b)
	}
}

// planStep is the page of the 3-D Secure step that a change of plan waits for.
func (b portalBody) planStep() string { return b.Home + "/subscriptions/" + b.Plan.ID + "/challenge" }

// waitingPlan looks up a plan whose change waits for a 3-D Secure step; others are answered here.
func (p *Pages) waitingPlan(w http.ResponseWriter, r *http.Request) (portalBody, engine.StepView, bool) {
	var v engine.StepView
	b, ok := p.portal(w, r)
	if !ok {
		return b, v, false
	}
	p.read(r, func(tx *engine.Tx) error {
		v, ok = tx.ViewPortalStep(b.Plan.ID)
		return nil
	})
	if !ok {
		seeOther(w, r, b.Home)
	}
	return b, v, ok
}

func (p *Pages) showPlanStep(w http.ResponseWriter, r *http.Request) {
	if b, v, ok := p.waitingPlan(w, r); ok {
		p.renderChallenge(w, challenge{Action: b.planStep(), Amount: v.Amount, Currency: v.Currency})
	}
}

func (p *Pages) answerPlanStep(w http.ResponseWriter, r *http.Request) {
	b, _, ok := p.waitingPlan(w, r)
	if !ok {
		return
	}
	err := p.do(r, func(tx *engine.Tx) error {
		return tx.FinishPortalChange(b.Plan.ID, r.PostFormValue("result") == "complete")
	})
	if err == nil {
		p.finish(w, r, b)
		return
	}
	asked := b.Plan.PendingUpdate.SubscriptionItems[0]
	b.Offer, b.Quantity, b.Problem = engine.Offer{Price: asked.Price, Name: b.Plan.Name}, asked.Quantity, problemOf(err)
	if o, known := b.choice(asked.Price.ID); known {
		b.Offer = o
	}
	p.renderConfirm(w, r, status(err), b)
}
