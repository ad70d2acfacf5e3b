package views

import (
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func TestAnAPIKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	none := parse(t, Account(account(nil, nil)))
	if got := find(none, "create-key"); text(got) != "Create API key" || none.Find("#key-name").AttrOr("value", "") != "default" {
		t.Errorf("without a key: got %q", text(none.Find("#api-key")))
	}
	if find(none, "new-key").Length()+find(none, "keys").Length() > 0 {
		t.Error("there is a key where there is none")
	}
	made := parse(t, Account(account(nil, func(p *AccountPage) { history(p); p.NewKey = "pl_Mm31xe8xTb3nZ" })))
	if got := text(made.Find("#api-key")); text(find(made, "new-key")) != "pl_Mm31xe8xTb3nZ" || !strings.Contains(got, "the key “CI”. Copy it now; it is not shown again.") {
		t.Errorf("just made: got %q", got)
	}
}

func TestKeysAreListedWithTheirDatesAndAButtonEach(t *testing.T) {
	t.Parallel()
	doc := parse(t, Account(account(nil, history)))
	rows := find(doc, "keys").Find("tbody tr").Map(func(_ int, row *goquery.Selection) string {
		return text(row) + " " + row.Find("form").AttrOr("action", "") + " " + row.Find("button").AttrOr("aria-label", "")
	})
	if want := []string{
		"Ada’s laptop pl_9dTzW1… 19 November 2026 Never 17 February 2027 Revoke /api-keys/3/revoke Revoke Ada’s laptop",
		"CI pl_Mm31xe… 12 October 2026 10 November 2026 11 November 2026 Expired Revoke /api-keys/2/revoke Revoke CI",
		"default pl_4f7Kq2… 22 October 2026 21 November 2026 Never Revoke /api-keys/1/revoke Revoke default",
	}; !slices.Equal(rows, want) {
		t.Errorf("got\n%s", strings.Join(rows, "\n"))
	}
}

func TestTheKeyFormKeepsWhatWasTypedAndSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	doc := parse(t, Account(account(nil, func(p *AccountPage) {
		p.KeyForm = KeyForm{Name: "ci", Expires: "90d", Problem: "You have that one."}
	})))
	name := doc.Find("#key-name")
	problem := doc.Find("#" + name.AttrOr("aria-describedby", "none"))
	if _, focused := name.Attr("autofocus"); name.AttrOr("value", "") != "ci" || !focused || text(problem) != "You have that one." {
		t.Errorf("got %q", text(doc.Find("#api-key")))
	}
	if got := text(doc.Find("#key-expires [selected]")); got != "In 90 days" {
		t.Errorf("got the choice %q", got)
	}
}
