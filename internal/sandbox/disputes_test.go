package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// paid is a charge of $20.
func (b *bundle) paid(method string) *stripe.Charge {
	b.Helper()
	return must(b.stripe.Charges.Get(must(b.intent(confirmed(method))).LatestCharge.ID, nil))
}

func (b *bundle) disputeOf(ch *stripe.Charge) *stripe.Dispute {
	b.Helper()
	it := b.stripe.Disputes.List(&stripe.DisputeListParams{Charge: &ch.ID})
	if !it.Next() {
		b.Fatal("no dispute")
	}
	return it.Dispute()
}

// The cards are those of https://docs.stripe.com/testing#disputes, the events those of https://docs.stripe.com/disputes/api.
func TestDisputeCardsAreDisputedRightAfterTheCharge(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]struct {
		reason, status, kind string
		events               []string
	}{
		"pm_card_createDispute":                   {"fraudulent", "needs_response", "chargeback", []string{"charge.dispute.created", "charge.dispute.funds_withdrawn"}},
		"pm_card_createDisputeProductNotReceived": {"product_not_received", "needs_response", "chargeback", []string{"charge.dispute.created", "charge.dispute.funds_withdrawn"}},
		"pm_card_createDisputeInquiry":            {"fraudulent", "warning_needs_response", "inquiry", []string{"charge.dispute.created"}},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			since := b.mark()
			ch := b.paid(method)
			b.wantEvents(since(), append([]string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}, want.events...)...)
			if ch = must(b.stripe.Charges.Get(ch.ID, nil)); !ch.Disputed {
				t.Error("the charge is not disputed")
			}
			d := b.disputeOf(ch)
			if string(d.Reason) != want.reason || string(d.Status) != want.status || string(d.PaymentMethodDetails.Card.CaseType) != want.kind || d.Amount != 2000 {
				t.Errorf("dispute: %+v", d)
			}
			if d.PaymentIntent.ID != ch.PaymentIntent.ID || d.EvidenceDetails.DueBy <= d.Created {
				t.Errorf("due by %d", d.EvidenceDetails.DueBy)
			}
			_, err := b.stripe.Refunds.New(&stripe.RefundParams{Charge: &ch.ID})
			if d.IsChargeRefundable != (err == nil) || !d.IsChargeRefundable && b.wantError(err, 400, "charge_disputed").Code == "" {
				t.Errorf("refund of a disputed charge: %v", err)
			}
		})
	}
}

func TestEvidenceDecidesATestDispute(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"winning_evidence": {"charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"},
		"losing_evidence":  {"charge.dispute.updated", "charge.dispute.closed"},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			d := b.disputeOf(b.paid("pm_card_createDispute"))
			since := b.mark()
			params := &stripe.DisputeParams{Submit: stripe.Bool(false), Evidence: &stripe.DisputeEvidenceParams{CustomerName: stripe.String("Ada")}}
			d = must(b.stripe.Disputes.Update(d.ID, params))
			if d.Status != "needs_response" || !d.EvidenceDetails.HasEvidence || d.Evidence.CustomerName != "Ada" || d.EvidenceDetails.SubmissionCount != 0 {
				t.Errorf("staged: %+v", d)
			}
			b.wantEvents(since(), "charge.dispute.updated")
			since = b.mark()
			d = must(b.stripe.Disputes.Update(d.ID, &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: &text}}))
			if d.Status != "under_review" || d.EvidenceDetails.SubmissionCount != 1 || d.Evidence.CustomerName != "Ada" {
				t.Errorf("submitted: %+v", d)
			}
			b.wantEvents(since(), want...)
			d = must(b.stripe.Disputes.Get(d.ID, nil))
			net := int64(0)
			for _, txn := range d.BalanceTransactions {
				net += txn.Net
			}
			if text == "winning_evidence" && (d.Status != "won" || net != 0) || text == "losing_evidence" && (d.Status != "lost" || net != -3500) {
				t.Errorf("%s, %d", d.Status, net)
			}
			if _, err := b.stripe.Disputes.Close(d.ID, nil); err == nil {
				t.Error("a dispute was closed twice")
			}
			if _, err := b.stripe.Disputes.Update(d.ID, &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{ProductDescription: &text}}); err == nil {
				t.Error("a closed dispute takes evidence")
			}
		})
	}
}

func TestAnInquiryEscalates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.disputeOf(b.paid("pm_card_createDisputeInquiry"))
	since := b.mark()
	d = must(b.stripe.Disputes.Update(d.ID, &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: stripe.String("escalate_inquiry_evidence")}}))
	if d.Status != "warning_under_review" {
		t.Errorf("submitted: %s", d.Status)
	}
	b.wantEvents(since(), "charge.dispute.updated", "charge.dispute.updated", "charge.dispute.funds_withdrawn")
	if d = must(b.stripe.Disputes.Get(d.ID, nil)); d.Status != "needs_response" || len(d.BalanceTransactions) != 1 || d.IsChargeRefundable {
		t.Errorf("escalated: %+v", d)
	}
}

func TestAnUnansweredDisputeIsLost(t *testing.T) {
	t.Parallel()
	for method, status := range map[string]string{"pm_card_createDispute": "lost", "pm_card_createDisputeInquiry": "warning_closed"} {
		b := setup(t)
		d := b.disputeOf(b.paid(method))
		since := b.mark()
		b.advance(time.Unix(d.EvidenceDetails.DueBy, 0).Sub(b.sb.Now()) - time.Hour)
		b.wantEvents(since())
		b.advance(2 * time.Hour)
		b.wantEvents(since(), "charge.dispute.closed")
		if d = must(b.stripe.Disputes.Get(d.ID, nil)); string(d.Status) != status || !d.EvidenceDetails.PastDue {
			t.Errorf("%s: %s, past due %v", method, d.Status, d.EvidenceDetails.PastDue)
		}
	}
}

func TestAnyChargeCanBeDisputedByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ch := b.paid("pm_card_visa")
	for _, bad := range []url.Values{{"reason": {"bad mood"}}, {"amount": {"2001"}}, {"amount": {"much"}}} {
		if status, out := b.control("/_sandbox/charges/"+ch.ID+"/dispute", bad); status != http.StatusBadRequest {
			t.Errorf("%v: %d %v", bad, status, out)
		}
	}
	since := b.mark()
	status, out := b.control("/_sandbox/charges/"+ch.ID+"/dispute", url.Values{"reason": {"duplicate"}, "amount": {"500"}})
	if status != http.StatusOK || out["reason"] != "duplicate" || out["amount"] != 500. {
		t.Errorf("disputed: %d %v", status, out)
	}
	if status, _ := b.control("/_sandbox/charges/"+ch.ID+"/dispute", url.Values{"amount": {"1501"}}); status != http.StatusBadRequest {
		t.Errorf("some of it disputed twice: %d", status)
	}
	closing := "/_sandbox/disputes/" + out["id"].(string) + "/close"
	if status, _ := b.control(closing, url.Values{"result": {"drawn"}}); status != http.StatusBadRequest {
		t.Errorf("drawn: %d", status)
	}
	if status, out := b.control(closing, url.Values{"result": {"won"}}); status != http.StatusOK || out["status"] != "won" {
		t.Errorf("won: %d %v", status, out)
	}
	b.wantEvents(since(), "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed", "charge.dispute.funds_reinstated")
	if status, out := b.control("/_sandbox/charges/"+ch.ID+"/dispute", nil); status != http.StatusOK || out["amount"] != 1500. {
		t.Errorf("the rest of it: %d %v", status, out)
	}
	if status, _ := b.control("/_sandbox/charges/"+ch.ID+"/dispute", nil); status != http.StatusBadRequest {
		t.Errorf("all of it disputed twice: %d", status)
	}
	res := must(http.Post(b.srv.URL+"/_sandbox/charges/"+b.paid("pm_card_visa").ID+"/dispute", "application/json", nil))
	if res.StatusCode != http.StatusOK {
		t.Errorf("as JSON: %s", res.Status)
	}
}

func TestTheDashboardDisputesAndCloses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ch := b.paid("pm_card_visa")
	_, page := b.visit("/_sandbox/objects/charges/" + ch.ID)
	action, _ := page.Find("form:has(#dispute)").Attr("action")
	status, _, to := b.submit(action, url.Values{"reason": {"fraudulent"}})
	if status != http.StatusSeeOther {
		t.Fatalf("disputed: %d", status)
	}
	if _, page = b.visit("/_sandbox/objects/charges/" + ch.ID); page.Find("#dispute").Length()+page.Find("#refund").Length() != 0 {
		t.Error("a disputed charge is offered for a dispute or a refund")
	}
	_, page = b.visit(to)
	action, _ = page.Find("form:has(#dispute-lost)").Attr("action")
	if status, _, _ = b.submit(action, url.Values{"result": {"lost"}}); status != http.StatusSeeOther {
		t.Errorf("lost: %d", status)
	}
	if d := b.disputeOf(ch); d.Status != "lost" {
		t.Errorf("dispute: %s", d.Status)
	}
	if _, page = b.visit(to); page.Find("#dispute-lost").Length() != 0 {
		t.Error("a closed dispute is offered for closing")
	}
}
