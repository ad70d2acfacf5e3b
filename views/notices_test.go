package views

import (
	"fmt"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/billing"
)

func TestErrorsAreKindAndLeadOn(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, status := range []int{400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503} {
		doc := parse(t, Error(ErrorPage{Shell: shell("Teapot", ""), Status: status, Message: "The kettle is empty.", RequestID: "req_1"}))
		h1 := text(doc.Find("h1"))
		if h1 == "" || doc.Find("title").Text() != h1+" · Payloop" {
			t.Errorf("%d: heading %q, title %q", status, h1, doc.Find("title").Text())
		}
		main := text(doc.Find("main"))
		if text(find(doc, "message")) != "The kettle is empty." || text(find(doc, "request-id")) != "req_1" || !strings.Contains(main, fmt.Sprint(status)) {
			t.Errorf("%d: got %q", status, main)
		}
		if doc.Find(`main a[href="/"]`).Length() != 1 {
			t.Errorf("%d: no way home", status)
		}
		if (doc.Find(`main a[href="/login"]`).Length() == 1) != (status == 401) {
			t.Errorf("%d: sign-in is offered, or is not", status)
		}
		if status >= 500 && !strings.Contains(main, product.SupportEmail) {
			t.Errorf("%d: nobody to write to", status)
		}
		seen[h1]++
	}
	if len(seen) < 9 {
		t.Errorf("errors look alike: %v", seen)
	}
	conflict := parse(t, Error(ErrorPage{Shell: shell("", buyer), Status: 409}))
	if conflict.Find(`main a[href="/account"]`).Length() != 1 {
		t.Error("409: someone signed in is not led to their account")
	}
}

func TestActivatingGoesOnByItself(t *testing.T) {
	t.Parallel()
	doc := parse(t, Activating(ActivatingPage{Shell: Shell{Title: "Activating", Product: product, Email: buyer, Refresh: 3}}))
	if got := doc.Find("meta[http-equiv=refresh]").AttrOr("content", ""); got != "3" {
		t.Errorf("refresh: got %q", got)
	}
	main := text(doc.Find("main"))
	if find(doc, "activating").AttrOr("role", "") != "status" || !strings.Contains(main, "Payment received") || !strings.Contains(main, product.SupportEmail) || doc.Find(`main a[href="/account"]`).Length() != 1 {
		t.Errorf("got %q", main)
	}
	nobody := parse(t, Activating(ActivatingPage{Shell: Shell{Product: billing.Product{Name: "Acme"}}}))
	if got := text(nobody.Find("main")); !strings.HasSuffix(got, "look at your account.") || nobody.Find("meta[http-equiv=refresh]").Length() > 0 {
		t.Errorf("got %q", got)
	}
}

func TestBannersSpeakAsLoudAsTheyMust(t *testing.T) {
	t.Parallel()
	for tone, role := range map[string]string{"success": "status", "info": "status", "warning": "alert", "error": "alert"} {
		b := find(parse(t, Home(HomePage{Shell: with(shell("", ""), Banner{Tone: tone, Text: "Look.", LinkText: "Here", LinkURL: "/pricing"})})), "banner")
		if b.AttrOr("role", "") != role || !b.HasClass(tone) || text(b) != "Look. Here" || b.Find(`a[href="/pricing"]`).Length() != 1 {
			t.Errorf("%s: got role %q, %q", tone, b.AttrOr("role", ""), text(b))
		}
	}
}
