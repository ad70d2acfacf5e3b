package hosted

import (
	"net/http"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// challenge is the page of a 3-D Secure step: the buyer's bank asks whether it is really them.
type challenge struct {
	Action   string // where the answer goes
	Amount   int64  // minor units; zero when a card is only saved
	Currency string
}

func (p *Pages) renderChallenge(w http.ResponseWriter, c challenge) {
	p.render(w, http.StatusOK, "challenge.html", page{Title: "Confirm it is you", Body: c})
}

// showStep is the 3-D Secure step of a payment intent or a setup intent that the API confirmed.
func (p *Pages) showStep(w http.ResponseWriter, r *http.Request) {
	if v, ok := p.step(w, r); ok {
		p.renderChallenge(w, challenge{Action: "/3ds/" + v.ID, Amount: v.Amount, Currency: v.Currency})
	}
}

// step looks the step up; one that is over is answered here.
func (p *Pages) step(w http.ResponseWriter, r *http.Request) (engine.StepView, bool) {
	var v engine.StepView
	found := false
	p.read(r, func(tx *engine.Tx) error {
		v, found = tx.ViewStep(r.PathValue("id"))
		return nil
	})
	switch {
	case !found:
		p.notFound(w, "payment")
	case !v.Waiting:
		p.note(w, http.StatusOK, note{Heading: "Nothing to confirm", Text: "Your bank has your answer already. You can close this page."})
	}
	return v, found && v.Waiting
}

func (p *Pages) answerStep(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.step(w, r); !ok {
		return
	}
	var to string
	err := p.do(r, func(tx *engine.Tx) error {
		var err error
		to, err = tx.FinishStep(r.PathValue("id"), r.PostFormValue("result") == "complete")
		return err
	})
	switch {
	case err != nil:
		p.note(w, status(err), note{Heading: "That did not work", Text: problemOf(err).Message})
	case to != "":
		seeOther(w, r, to)
	default:
		p.note(w, http.StatusOK, note{Heading: "Done", Text: "Your bank has your answer. You can close this page."})
	}
}
