package views

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/payloop/payloop/internal/billing"
)

func TestTheFormsAskForWhatTheyNeed(t *testing.T) {
	t.Parallel()
	for action, tt := range map[string]struct {
		page         func(AuthPage) templ.Component
		autocomplete string
		other        string // test id of the link to the other form
		otherURL     string
	}{
		"/signup": {Signup, "new-password", "to-login", "/login"},
		"/login":  {Login, "current-password", "to-signup", "/signup"},
	} {
		doc := parse(t, tt.page(AuthPage{Shell: shell("", "")}))
		form := doc.Find("main form")
		if form.AttrOr("action", "") != action || form.Find("input[type=hidden]").Length() > 0 {
			t.Errorf("%s: got %s", action, form.AttrOr("action", ""))
		}
		if form.Find("input[name=email][type=email][autocomplete=email][required]").Length() != 1 ||
			form.Find(`input[name=password][type=password][required][autocomplete="`+tt.autocomplete+`"]`).Length() != 1 {
			t.Errorf("%s: a field is missing", action)
		}
		if got := find(doc, tt.other).AttrOr("href", ""); got != tt.otherURL {
			t.Errorf("%s: the other form is at %q", action, got)
		}
		if find(doc, "picked").Length()+find(doc, "problems").Length() > 0 {
			t.Errorf("%s: says more than it knows", action)
		}
	}
	if got := text(parse(t, Signup(AuthPage{})).Find("#password-hint")); got != "At least 10 characters." {
		t.Errorf("hint: got %q", got)
	}
}

func TestThePickedPlanTravelsOn(t *testing.T) {
	t.Parallel()
	price := plans()[1].Prices[0]
	p := AuthPage{Shell: shell("Sign up", ""), Plan: "Basic", Interval: "month", Picked: &price, Next: "/account"}
	doc := parse(t, Signup(p))
	if got := text(find(doc, "picked")); got != "You picked Basic, $5.00 a month. Next: payment on Stripe." {
		t.Errorf("got %q", got)
	}
	for name, want := range map[string]string{"plan": "Basic", "interval": "month", "next": "/account"} {
		if got := doc.Find("input[type=hidden][name="+name+"]").AttrOr("value", ""); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := find(doc, "to-login").AttrOr("href", ""); got != "/login?interval=month&next=%2Faccount&plan=Basic" {
		t.Errorf("link: got %q", got)
	}
	for name, picked := range map[string]*billing.Price{"a free price": {}, "no price": nil} {
		got := text(find(parse(t, Signup(AuthPage{Plan: "Free", Picked: picked})), "picked"))
		if got != "You picked Free. No card needed." {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestAFormComesBackWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		problems map[string]string
		summary  string
		links    string
	}{
		"email":    {map[string]string{"email": "Enter it."}, "Please check your e-mail address.", "#email"},
		"password": {map[string]string{"password": "Longer."}, "Please check your password.", "#password"},
		"both":     {map[string]string{"email": "Enter it.", "password": "Longer."}, "Please check your e-mail address and your password.", "#email #password"},
		"the form": {map[string]string{"": "It is not right."}, "It is not right.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := parse(t, Signup(AuthPage{Shell: shell("Sign up", ""), Email: "ada@", Problems: tt.problems}))
			summary := find(doc, "problems")
			var links []string
			for _, a := range summary.Find("a").EachIter() {
				links = append(links, a.AttrOr("href", ""))
			}
			if text(summary) != tt.summary || strings.Join(links, " ") != tt.links || summary.AttrOr("role", "") != "alert" {
				t.Errorf("summary: got %q with links %v", text(summary), links)
			}
			for _, field := range []string{"email", "password"} {
				input := doc.Find("#" + field)
				_, invalid := input.Attr("aria-invalid")
				if invalid != (tt.problems[field] != "") || text(find(doc, field+"-problem")) != tt.problems[field] {
					t.Errorf("%s: marked is %t, and it says %q", field, invalid, text(find(doc, field+"-problem")))
				}
				if invalid && input.AttrOr("aria-describedby", "") != field+"-problem" {
					t.Errorf("%s: nothing leads from the field to what is wrong", field)
				}
			}
			if got := doc.Find("#email").AttrOr("value", ""); got != "ada@" {
				t.Errorf("what was typed is gone: %q", got)
			}
			if _, kept := doc.Find("#password").Attr("value"); kept {
				t.Error("the page holds a password")
			}
		})
	}
}
