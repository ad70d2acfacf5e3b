package openapi

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/billing"
)

func describe(t *testing.T, baseURL, product string) Document {
	t.Helper()
	d, err := New(baseURL, billing.Catalog{Product: billing.Product{Name: product}, Plans: []billing.Plan{
		{Name: "None"}, {Name: "Gold", Prices: []billing.Price{{Plan: "Gold", Interval: billing.Year}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func operation(t *testing.T, id string) Operation {
	t.Helper()
	ops := describe(t, "https://pay.example.org", "Acme").Operations
	i := slices.IndexFunc(ops, func(o Operation) bool { return o.ID == id })
	if i < 0 {
		t.Fatalf("there is no operation %s", id)
	}
	return ops[i]
}

func TestTheDocumentNamesTheInstallation(t *testing.T) {
	t.Parallel()
	d := describe(t, "https://pay.example.org", `Acme "Labs"`)
	var got struct {
		Info    struct{ Title string }
		Servers []struct{ URL string }
	}
	if err := json.Unmarshal(d.JSON, &got); err != nil {
		t.Fatal(err)
	}
	if got.Info.Title != `Acme "Labs" API` || len(got.Servers) != 1 || got.Servers[0].URL != "https://pay.example.org" {
		t.Errorf("got %+v", got)
	}
	for _, written := range []string{writtenURL, writtenName, writtenPurchase} {
		if !strings.Contains(string(document), written) || strings.Contains(string(d.JSON), written) {
			t.Errorf("%s is not replaced", written)
		}
	}
	if free := purchase(billing.Catalog{Plans: []billing.Plan{{Name: "None"}}}); free.Plan != "None" || free.Interval != "" {
		t.Errorf("where nothing is sold the example buys %+v", free)
	}
	if other := describe(t, "https://pay.example.org", "Other"); other.ETag == d.ETag {
		t.Error("two documents have one ETag")
	}
}

func TestOperationsComeByTagInTheDocumentsOrder(t *testing.T) {
	t.Parallel()
	d := describe(t, "https://pay.example.org", "Acme")
	var tags []string
	for _, o := range d.Operations {
		if len(tags) == 0 || tags[len(tags)-1] != o.Tag {
			tags = append(tags, o.Tag)
		}
		if o.ID == "" || o.Summary == "" || o.Description == "" {
			t.Errorf("%s %s does not say what it is for", o.Method, o.Path)
		}
	}
	if len(tags) != len(d.Tags) {
		t.Errorf("got the groups %v, want those of %v, one after another", tags, d.Tags)
	}
}

func TestAnOperationHasWhatItsPageShows(t *testing.T) {
	t.Parallel()
	buy := operation(t, "startCheckout")
	if buy.Method != "POST" || buy.Path != "/api/checkout" || buy.Access != KeyOrSession || buy.Request != `{"plan":"Gold","interval":"year"}` {
		t.Errorf("got %+v", buy)
	}
	if len(buy.Body) != 2 || buy.Body[0].Name != "plan" || !buy.Body[0].Required || buy.Body[1].Required || buy.Body[1].Type != "string" {
		t.Errorf("got the body %+v", buy.Body)
	}
	if want := "{\n  \"url\": \"https://checkout.stripe.com/c/pay/cs_test_1\"\n}"; buy.Answer != want {
		t.Errorf("got the answer %s", buy.Answer)
	}
	if !slices.ContainsFunc(buy.Statuses, func(s Status) bool { return s.Code == "422" && s.ErrorCode == "invalid" && s.Description != "" }) {
		t.Errorf("got the statuses %+v", buy.Statuses)
	}
	if plans := operation(t, "listPlans"); plans.Access != Anyone || plans.ExamplePath() != "/api/plans" {
		t.Errorf("got %+v", plans)
	}
}

func TestExamplesOfErrorsAreWordedAsTheyAreAnswered(t *testing.T) {
	t.Parallel()
	for _, e := range []*billing.Error{billing.ErrOutcomeUnknown, billing.ErrKeyReused} {
		if !strings.Contains(string(document), `"message": "`+e.Msg+`"`) {
			t.Errorf("%s is answered %q", e.Code, e.Msg)
		}
	}
	if got := billing.ErrOutcomeUnknown.Msg; !strings.Contains(got, "Otherwise look at the entries") {
		t.Errorf("who sent no key is told: %s", got)
	}
}

func TestTheExampleOfABatchAddsUp(t *testing.T) {
	t.Parallel()
	batch := operation(t, "spendCreditsInBatch")
	var asked struct{ Spends []struct{ Amount int64 } }
	var got struct {
		Results []struct {
			Status  int
			Credits int64
			Error   struct{ Message string }
		}
		Credits int64
	}
	if err := errors.Join(json.Unmarshal([]byte(batch.Request), &asked), json.Unmarshal([]byte(batch.Answer), &got)); err != nil {
		t.Fatal(err)
	}
	left := got.Results[0].Credits + asked.Spends[0].Amount
	for i, spend := range asked.Spends {
		if result := got.Results[i]; spend.Amount > left {
			if want := billing.NoCredits(spend.Amount, left).Error(); result.Status != 402 || result.Error.Message != want {
				t.Errorf("result %d: got %+v, want %s", i, result, want)
			}
		} else if left -= spend.Amount; result.Status != 200 || result.Credits != left {
			t.Errorf("result %d: got %+v, want %d left", i, result, left)
		}
	}
	if got.Credits != left {
		t.Errorf("got %d credits in the end, want %d", got.Credits, left)
	}
}

func TestExamplesFillPathQueryAndHeader(t *testing.T) {
	t.Parallel()
	o := Operation{Path: "/api/keys/{id}", Parameters: []Parameter{
		{Name: "id", In: "path", Example: "a/b"}, {Name: "kind", In: "query", Example: "a b"}, {Name: "cursor", In: "query"},
		{Name: "Idempotency-Key", In: "header", Example: "report-1"},
	}}
	if got := o.ExamplePath(); got != "/api/keys/a%2Fb?kind=a+b" {
		t.Errorf("got %s", got)
	}
	if got := o.Header("idempotency-key"); got != "report-1" {
		t.Errorf("got %q", got)
	}
}
