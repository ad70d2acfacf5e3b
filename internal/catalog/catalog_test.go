package catalog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

func TestDefault(t *testing.T) {
	t.Parallel()
	c := Default()
	type plan struct {
		Name     string
		Credits  int64
		Every    billing.Refill
		Rollover bool
		Low      int64
		Rate     int64
		Prices   string
	}
	var got []plan
	for _, p := range c.Plans {
		var prices []string
		for _, price := range p.Prices {
			prices = append(prices, price.LookupKey()+" "+describe(price.Money, price.Interval))
			if price.Plan != p.Name || price.TrialDays != 0 || price.StripeID != "" {
				t.Errorf("price %+v", price)
			}
		}
		got = append(got, plan{p.Name, p.Credits, p.Every, p.Rollover, p.LowBalance, p.RequestsPerMinute, strings.Join(prices, ", ")})
		if p.Description == "" || len(p.Features) == 0 {
			t.Errorf("%s says nothing for itself", p.Name)
		}
	}
	want := []plan{
		{"Free", 50, billing.Weekly, false, 5, 60, ""},
		{"Basic", 1000, billing.Monthly, true, 100, 600, "Basic_monthly_price 5.00 usd a month, Basic_instant_price 5.00 usd once"},
		{"Power", 100000, billing.Monthly, true, 10000, 6000, "Power_monthly_price 50.00 usd a month, Power_instant_price 50.00 usd once"},
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
	if c.Product.Name != "Payloop" || c.Product.SupportEmail != "support@example.com" || c.Product.Tagline == "" || c.Product.Accent == "" {
		t.Errorf("product %+v", c.Product)
	}
	if notes := Notes(c); len(notes) > 0 {
		t.Error(notes)
	}
}

const small = `{
  "product": {"name": "Acme", "support_email": "help@acme.example"},
  "plans": [
    {"name": "Free", "credits": {"amount": 10, "every": "week", "low_balance": 0}},
    {"name": "Pro", "description": "All.", "features": ["One"], "credits": {"amount": 100, "every": "month", "rollover": true},
     "requests_per_minute": 120, "prices": [{"amount": 900, "currency": "eur", "interval": "year", "trial_days": 14}]}
  ]
}`

func TestParse(t *testing.T) {
	t.Parallel()
	got := mustParse(t, small)
	want := billing.Catalog{
		Product: billing.Product{Name: "Acme", SupportEmail: "help@acme.example", Accent: defaultAccent},
		Plans: []billing.Plan{
			{Name: "Free", Credits: 10, Every: billing.Weekly},
			{Name: "Pro", Description: "All.", Features: []string{"One"}, Credits: 100, Every: billing.Monthly, Rollover: true, LowBalance: 10, RequestsPerMinute: 120,
				Prices: []billing.Price{{Plan: "Pro", Interval: billing.Year, Money: billing.Money{Amount: 900, Currency: "eur"}, TrialDays: 14}}},
		},
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
}

// Each mistake alone is told in one sentence that names plan and field.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ old, new, want string }{
		"unknown at the top":       {`"product":`, `"prodct": 1, "product":`, `The file: there is no field "prodct"; the fields are product, plans.`},
		"unknown in the product":   {`"name": "Acme"`, `"name": "Acme", "colour": "red"`, `The product: there is no field "colour"; the fields are name, tagline, support_email, accent.`},
		"unknown in a plan":        {`"description": "All."`, `"descripton": "All."`, `The plan Pro: there is no field "descripton"; the fields are name, description, features, credits, requests_per_minute, prices.`},
		"unknown in credits":       {`"rollover": true`, `"roll": true`, `The plan Pro: its credits: there is no field "roll"; the fields are amount, every, rollover, low_balance.`},
		"unknown in a price":       {`"trial_days": 14`, `"trial": 14`, `The plan Pro: price number 1: there is no field "trial"; the fields are amount, currency, interval, trial_days.`},
		"no product name":          {`"name": "Acme", `, ``, `The product: "name" is missing.`},
		"no support address":       {`"help@acme.example"`, `""`, `The product: "support_email" is empty.`},
		"bad support address":      {`help@acme.example`, `help at acme`, `The product: "help at acme" is not an e-mail address ("support_email").`},
		"bad accent":               {`"name": "Acme"`, `"name": "Acme", "accent": "teal"`, `The product: the colour "teal" has to look like #0f766e, # and six hexadecimal digits ("accent").`},
		"product is no object":     {`{"name": "Acme", "support_email": "help@acme.example"}`, `"Acme"`, `The file: "product" has to be an object, in { }.`},
		"no plan name":             {`"name": "Pro", `, ``, `Plan number 2: "name" is missing.`},
		"a name with a space":      {`"Pro"`, `"Pro Plus"`, `The plan Pro Plus: the name may hold letters, digits, - and _ only, because it becomes a lookup key in Stripe.`},
		"two of a name":            {`"Pro"`, `"free"`, `The plan free: there are two plans of this name (Free and free; capitals do not count).`},
		"none is free":             {`"week", "low_balance": 0}}`, `"month"}, "prices": [{"amount": 1, "currency": "usd", "interval": "month"}]}`, `No plan is free: one has to have no prices; it is the plan of everyone who has not paid.`},
		"amount missing":           {`"amount": 900, `, ``, `The plan Pro: price number 1: "amount" is missing.`},
		"amount zero":              {`900`, `0`, `The plan Pro: price number 1: the amount has to be more than zero, not 0; a free plan has no prices at all.`},
		"amount negative":          {`900`, `-5`, `The plan Pro: price number 1: the amount has to be more than zero, not -5; a free plan has no prices at all.`},
		"amount with a point":      {`900`, `9.00`, `The plan Pro: price number 1: "amount" has to be a whole number, without quotes.`},
		"amount in quotes":         {`900`, `"900"`, `The plan Pro: price number 1: "amount" has to be a whole number, without quotes.`},
		"amount too large":         {`900`, `100000000`, `The plan Pro: price number 1: the amount 100000000 is more than Stripe charges at once, 99999999.`},
		"currency in capitals":     {`"eur"`, `"EUR"`, `The plan Pro: price number 1: the currency is three small letters such as usd, not "EUR".`},
		"unknown interval":         {`"year"`, `"week"`, `The plan Pro: price number 1: the interval is month, year or once, not "week".`},
		"two of an interval":       {`"prices": [`, `"prices": [{"amount": 1, "currency": "usd", "interval": "year"}, `, `The plan Pro: there are two prices with the interval "year".`},
		"trial on once":            {`"year"`, `"once"`, `The plan Pro: price number 1: a price that is paid once has no trial ("trial_days").`},
		"trial negative":           {`14`, `-1`, `The plan Pro: price number 1: "trial_days" cannot be negative (-1).`},
		"trial too long":           {`14`, `731`, `The plan Pro: price number 1: "trial_days" cannot be more than 730, Stripe's limit.`},
		"credits missing":          {`"credits": {"amount": 100, "every": "month", "rollover": true},`, ``, `The plan Pro: "credits" is missing.`},
		"credits negative":         {`"amount": 100`, `"amount": -100`, `The plan Pro: its credits cannot be negative (-100).`},
		"credits too many":         {`"amount": 100`, `"amount": 1000000001`, `The plan Pro: its credits cannot be more than 1000000000.`},
		"credits every day":        {`"month"`, `"day"`, `The plan Pro: its credits come every week or month, not "day" ("every").`},
		"paid credits every week":  {`"month"`, `"week"`, `The plan Pro: a paid plan's credits come with its payments; write "month", not "week" ("every").`},
		"free credits every month": {`"week"`, `"month"`, `The plan Free: a free plan's credits come every week; "month" is not possible ("every").`},
		"rollover as a word":       {`true`, `"yes"`, `The plan Pro: its credits: "rollover" has to be true or false, without quotes.`},
		"no requests":              {`120`, `0`, `The plan Pro: "requests_per_minute" has to be 1 or more, not 0; without the field there is no limit.`},
		"requests as a text":       {`120`, `"many"`, `The plan Pro: "requests_per_minute" has to be a whole number, without quotes.`},
		"too many requests":        {`120`, `1000000001`, `The plan Pro: its "requests_per_minute" cannot be more than 1000000000; without the field there is no limit.`},
		"low balance negative":     {`"low_balance": 0`, `"low_balance": -1`, `The plan Free: its "low_balance" cannot be negative (-1); 0 means that no mail is sent.`},
		"low balance too high":     {`"low_balance": 0`, `"low_balance": 1000000001`, `The plan Free: its "low_balance" cannot be more than 1000000000.`},
		"low balance with a point": {`"low_balance": 0`, `"low_balance": 0.1`, `The plan Free: its credits: "low_balance" has to be a whole number, without quotes.`},
		"features as a text":       {`["One"]`, `"One"`, `The plan Pro: "features" has to be a list, in [ ].`},
		"an empty feature":         {`["One"]`, `["One", " "]`, `The plan Pro: feature number 2 has to be a text, in quotes.`},
		"something after the end":  {small, small + `{}`, `Something stands after the end of the JSON object.`},
		"a list":                   {small, `[]`, `The file has to hold one JSON object, in { }.`},
		"empty":                    {small, ` `, `This is not JSON: the file is empty.`},
		"cut off":                  {small, small[:30], `This is not JSON: the file ends in the middle.`},
		"a comma too many":         {`"rollover": true}`, `"rollover": true,}`, `This is not JSON: line 5, column 127: invalid character '}' looking for beginning of object key string.`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(small, tc.old, tc.new, 1)
			if text == small {
				t.Fatal("nothing was replaced")
			}
			_, err := Parse([]byte(text))
			var got Mistakes
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			wantLines(t, got, tc.want)
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plans.json")
	text := `{"product": {"name": 1, "support_email": "x", "accent": "x"}, "plan": [], "plans": [
		{"name": "A"}, {"name": "B", "credits": {"amount": -1, "every": "x"}, "prices": []}, 7]}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path)
	var got Mistakes
	if !errors.As(err, &got) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "9 mistakes:") {
		t.Fatalf("got %v", err)
	}
	wantLines(t, got,
		`The file: there is no field "plan"; the fields are product, plans.`,
		`The product: "name" has to be a text, in quotes.`,
		`The plan A: "credits" is missing.`,
		`Plan number 3 has to be an object, in { }.`,
		`The product: "x" is not an e-mail address ("support_email").`,
		`The product: the colour "x" has to look like #0f766e, # and six hexadecimal digits ("accent").`,
		`The plans A, B have no prices, so all of them would be free; only one can be.`,
		`The plan B: its credits cannot be negative (-1).`,
		`The plan B: its credits come every week or month, not "x" ("every").`,
	)
	if _, err := Load(path + ".none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	c := mustParse(t, strings.Replace(small, "900", "30", 1))
	wantLines(t, Notes(c), "The plan Pro: 0.30 eur a year is below the least that Stripe charges, 0.50 eur, so nobody can pay it.")
	c.Plans[1].Prices[0].Money = billing.Money{Amount: 1234, Currency: "kwd"}
	wantLines(t, Notes(c), "The plan Pro: 1.234 kwd a year: Stripe wants the last digit of amounts in kwd to be 0.")
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]billing.Money{
		"0.05 usd": {Amount: 5, Currency: "usd"}, "50.00 eur": {Amount: 5000, Currency: "eur"},
		"500 jpy": {Amount: 500, Currency: "jpy"}, "0.500 kwd": {Amount: 500, Currency: "kwd"},
	} {
		if got := money(m); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWithPriceIDs(t *testing.T) {
	t.Parallel()
	base := Default()
	got, err := WithPriceIDs(base, []string{"price_a", " price_b "}, []string{"", "price_c"})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"Basic_monthly_price": "price_a", "Basic_instant_price": "price_b", "Power_monthly_price": "", "Power_instant_price": "price_c",
	} {
		for _, plan := range got.Plans {
			for _, p := range plan.Prices {
				if p.LookupKey() == key && p.StripeID != want {
					t.Errorf("%s has %q, want %q", key, p.StripeID, want)
				}
			}
		}
	}
	if base.Plans[1].Prices[0].StripeID != "" {
		t.Error("the catalog that was given was changed")
	}
	if same, err := WithPriceIDs(base, nil, nil); err != nil || !cmp.Equal(same, base) {
		t.Errorf("without ids: %v", err)
	}
	for name, tc := range map[string]struct {
		tier1, tier2 []string
		want         string
	}{
		"too many":     {[]string{"price_a", "price_b", "price_c"}, nil, "STRIPE_PRICE_IDS_TIER1 has 3 price ids; there can be two, the monthly and the one-time price"},
		"a product":    {nil, []string{"prod_1"}, `STRIPE_PRICE_IDS_TIER2: "prod_1" is not a price id; they begin with price_`},
		"nothing else": {[]string{"price_"}, nil, `STRIPE_PRICE_IDS_TIER1: "price_" is not a price id; they begin with price_`},
		"twice":        {[]string{"price_a"}, []string{"price_a"}, "STRIPE_PRICE_IDS_TIER2: price_a stands there twice, or in STRIPE_PRICE_IDS_TIER1 too; each price needs its own"},
	} {
		if _, err := WithPriceIDs(base, tc.tier1, tc.tier2); err == nil || err.Error() != tc.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err = WithPriceIDs(mustParse(t, small), []string{"price_a"}, []string{"price_b"})
	want := `STRIPE_PRICE_IDS_TIER1: the plan Pro has no price with the interval "month" in the plans file, so price_a cannot be for it
STRIPE_PRICE_IDS_TIER2: the plans file has no second paid plan, so price_b cannot be for it`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
