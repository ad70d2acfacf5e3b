package views

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/openapi"
)

func TestTheDocsShowEveryOperationInFourLanguages(t *testing.T) {
	t.Parallel()
	page := docs()
	doc := parse(t, Docs(page))
	for _, op := range page.API.Operations {
		card := find(doc, "operation-"+op.ID)
		if got := text(card.Find(".verb")); got != op.Method+" "+op.Path {
			t.Errorf("%s: got %q", op.ID, got)
		}
		var languages []string
		card.Find("details").Each(func(i int, d *goquery.Selection) {
			if _, open := d.Attr("open"); open != (i == 0) {
				t.Errorf("%s: example %d is open: %v", op.ID, i, open)
			}
			language, about, _ := strings.Cut(text(d.Find("summary")), ":")
			if strings.TrimSpace(about) != op.Summary {
				t.Errorf("%s: an example is called %q to screen readers", op.ID, about)
			}
			languages = append(languages, language)
			if code := d.Find("pre").Text(); !strings.Contains(code, "https://app.example.org"+op.Path) && !strings.Contains(op.Path, "{") {
				t.Errorf("%s in %s: the address is missing:\n%s", op.ID, language, code)
			}
		})
		if got := strings.Join(languages, " "); got != "curl Go Python JavaScript" {
			t.Errorf("%s: got examples in %s", op.ID, got)
		}
	}
}

func TestExamplesSendTheKeyWhereOneIsNeeded(t *testing.T) {
	t.Parallel()
	page := docs()
	for _, op := range page.API.Operations {
		list, err := examples(page.API.BaseURL, op)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if got := strings.Contains(e.code, "PAYLOOP_KEY"); got != (op.Access != openapi.Anyone) {
				t.Errorf("%s in %s: sends a key: %v", op.ID, e.language, got)
			}
		}
	}
}

func TestExamplesHoldQuotesOfEveryKind(t *testing.T) {
	t.Parallel()
	list, err := examples("https://app.example.org", openapi.Operation{ID: "buy", Method: "POST", Path: "/buy", Request: "{\"plan\":\"Ada's `best`\"}"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if !strings.Contains(e.code, `{"plan":"Ada\u0027s \u0060best\u0060"}`) {
			t.Errorf("%s: got\n%s", e.language, e.code)
		}
	}
}

func TestTheDocsListErrorsOnceAndEachPlansLimit(t *testing.T) {
	t.Parallel()
	page := docs()
	page.Plans = []billing.Plan{{Name: "Small", RequestsPerMinute: 1200}, {Name: "Large"}}
	doc := parse(t, Docs(page))
	rows := map[string]int{}
	find(doc, "errors").Find("tbody tr td:first-child").Each(func(_ int, td *goquery.Selection) { rows[text(td)]++ })
	for _, code := range []string{"no_credits", "idempotency_key_reused", "reservation_ended", "rate_limited", "outcome_unknown", "name_taken", "too_many_keys"} {
		if rows[code] != 1 {
			t.Errorf("%s stands %d times in the table", code, rows[code])
		}
	}
	if got := text(doc.Find("#rate-limits li")); !strings.Contains(got, "Small: 1,200 a minute") || !strings.Contains(got, "Large: no limit") {
		t.Errorf("got the limits %q", got)
	}
}

func TestTheDocsSayWhenAKeyIsNotFreeAgain(t *testing.T) {
	t.Parallel()
	got := text(parse(t, Docs(docs())).Find("#idempotency p").Last())
	for _, code := range []string{"outcome_unknown", "idempotency_key_reused"} {
		if !strings.Contains(got, code) {
			t.Errorf("%s is not named: %s", code, got)
		}
	}
}

func TestTheDocsAreLinkedFromEveryPage(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		if doc.Find(`footer a[href="/docs/api"]`).Length() != 1 {
			t.Error("the footer does not lead to the API's page")
		}
	})
}
