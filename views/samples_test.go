package views

import (
	"time"

	"github.com/a-h/templ"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/openapi"
)

// sample is a page in one of the states that a person meets it in.
type sample struct {
	name string
	page templ.Component
}

var (
	now     = time.Date(2026, time.November, 21, 9, 30, 0, 0, time.UTC)
	nextPay = time.Date(2026, time.December, 21, 9, 30, 0, 0, time.UTC)

	product = billing.Product{
		Name:         "Payloop",
		Tagline:      "One API key. Credits when you need them, and a bill you can read.",
		SupportEmail: "support@example.com",
		Accent:       "#0f766e",
	}
)

func usd(amount int64) billing.Money { return billing.Money{Amount: amount, Currency: "usd"} }

// plans are the default ones, with a yearly price and a trial besides.
func plans() []billing.Plan {
	paid := func(name, description string, credits, requests, cents int64) billing.Plan {
		return billing.Plan{
			Name: name, Description: description, Credits: credits, Every: billing.Monthly, Rollover: true, RequestsPerMinute: requests,
			Features: []string{"Unused credits stay yours", "By the month, or once, without a subscription", "Cancel whenever you want"},
			Prices: []billing.Price{
				{Plan: name, Interval: billing.Month, Money: usd(cents)},
				{Plan: name, Interval: billing.Once, Money: usd(cents)},
			},
		}
	}
	free := billing.Plan{
		Name: "Free", Description: "Try everything. No card needed.", Credits: 50, Every: billing.Weekly, RequestsPerMinute: 60,
		Features: []string{"The whole API, for as long as you like", "Upgrade when you need more"},
	}
	return []billing.Plan{
		free,
		paid("Basic", "For a side project that people have started to use.", 1000, 600, 500),
		paid("Power", "For a product that runs all day: a tenth of the price per credit.", 100000, 6000, 5000),
	}
}

// yearlyPlans has everything that the plans file can say of a plan.
func yearlyPlans() []billing.Plan {
	all := plans()
	basic := &all[1]
	basic.Prices[0].TrialDays = 14
	basic.Prices = append(basic.Prices, billing.Price{Plan: "Basic", Interval: billing.Year, Money: usd(5000), TrialDays: 14})
	return all
}

func shell(title, email string) Shell {
	return Shell{Title: title, Product: product, Email: email, Sandbox: true}
}

func with(s Shell, b Banner) Shell {
	s.Banner = &b
	return s
}

const buyer = "ada.lovelace@example.com"

// subscription is a monthly one to Basic, changed by what the state needs.
func subscription(status billing.SubscriptionStatus, change func(*billing.Subscription)) *billing.Subscription {
	sub := &billing.Subscription{
		ID: "sub_1", Status: status, CustomerID: "cus_1",
		Items:       []billing.SubscriptionItem{{ID: "si_1", Price: billing.PriceRef{LookupKey: "Basic_monthly_price", Amount: 500, Interval: billing.Month}, Quantity: 1}},
		PeriodStart: now, PeriodEnd: nextPay, LatestInvoiceID: "in_1", CreatedAt: now, AsOf: now,
	}
	if change != nil {
		change(sub)
	}
	return sub
}

// account is the page of someone with that subscription, or none.
func account(sub *billing.Subscription, change func(*AccountPage)) AccountPage {
	catalog := billing.Catalog{Product: product, Plans: plans()}
	p := AccountPage{Shell: shell("Account", buyer), Credits: 50, NextRefill: now.AddDate(0, 0, 7), Now: now}
	p.Entries = []billing.CreditEntry{{ID: 1, Amount: 50, Kind: billing.WeeklyRefill, BalanceAfter: 50, CreatedAt: now}}
	var subs []billing.Subscription
	if sub != nil {
		subs = append(subs, *sub)
		p.HasCustomer = true
		p.Price = &billing.Price{Plan: "Basic", Interval: billing.Month, Money: usd(500)}
		p.Credits = 1050
	}
	p.Standing = billing.Access(catalog, subs, now)
	if change != nil {
		change(&p)
	}
	return p
}

// history fills the lists of an account with every kind of row.
func history(p *AccountPage) {
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	p.Credits = 101_043
	p.Entries = []billing.CreditEntry{
		{ID: 6, Amount: -400, Kind: billing.Refund, Shortfall: 600, BalanceAfter: 101043, CreatedAt: day(0)},
		{ID: 5, Amount: 400, Kind: billing.PlanGrant, BalanceAfter: 101443, CreatedAt: day(1)},
		{ID: 4, Amount: 100000, Kind: billing.Purchase, BalanceAfter: 101043, CreatedAt: day(2)},
		{ID: 3, Amount: -7, Kind: billing.Spend, BalanceAfter: 1043, CreatedAt: day(3)},
		{ID: 2, Amount: 1000, Kind: billing.PlanGrant, BalanceAfter: 1050, CreatedAt: day(30)},
		{ID: 1, Amount: 50, Kind: billing.WeeklyRefill, BalanceAfter: 50, CreatedAt: day(31)},
	}
	p.Orders = []billing.Order{
		{SessionID: "cs_4", Plan: "Power", Total: usd(5000), Credits: 100000, Status: billing.OrderPaid, ReceiptURL: "https://pay.stripe.example/receipts/4", CreatedAt: day(2)},
		{SessionID: "cs_3", Plan: "Basic", Total: usd(500), Credits: 1000, Status: billing.OrderPending, CreatedAt: day(3)},
		{SessionID: "cs_2", Plan: "Basic", Total: usd(500), Credits: 1000, Status: billing.OrderPaid, AmountRefunded: 200, ReceiptURL: "https://pay.stripe.example/receipts/2", CreatedAt: day(8)},
		{SessionID: "cs_1", Plan: "Basic", Total: usd(500), Credits: 1000, Status: billing.OrderFailed, CreatedAt: day(9)},
		{SessionID: "cs_0", Plan: "Basic", Total: usd(500), Credits: 1000, Status: billing.OrderRefunded, AmountRefunded: 500, ReceiptURL: "https://pay.stripe.example/receipts/0", CreatedAt: day(20)},
	}
	p.Invoices = []billing.Invoice{
		{ID: "in_3", Number: "8F3A21C0-0003", Status: billing.InvoiceOpen, Total: usd(500), HostedURL: "https://invoice.stripe.example/3", PDFURL: "https://invoice.stripe.example/3/pdf", CreatedAt: day(1)},
		{ID: "in_2", Number: "8F3A21C0-0002", Status: billing.InvoicePaid, Total: usd(500), AmountPaid: 500, HostedURL: "https://invoice.stripe.example/2", PDFURL: "https://invoice.stripe.example/2/pdf", CreatedAt: day(31)},
		{ID: "in_1draft00000000000000000", Status: billing.InvoiceDraft, Total: usd(500), CreatedAt: day(61)},
		{ID: "in_0", Number: "8F3A21C0-0001", Status: billing.InvoicePaid, Total: usd(500), AmountPaid: 500, AmountRefunded: 500, HostedURL: "https://invoice.stripe.example/0", PDFURL: "https://invoice.stripe.example/0/pdf", CreatedAt: day(92)},
	}
	p.Keys = []billing.APIKey{
		{ID: 3, Name: "Ada’s laptop", Prefix: "pl_9dTzW1", CreatedAt: day(2), ExpiresAt: now.AddDate(0, 0, 88)},
		{ID: 2, Name: "CI", Prefix: "pl_Mm31xe", CreatedAt: day(40), LastUsedAt: day(11), ExpiresAt: day(10)},
		{ID: 1, Name: "default", Prefix: "pl_4f7Kq2", CreatedAt: day(30), LastUsedAt: day(0)},
	}
}

// pricing is the page of someone signed in, on that plan and subscription.
func pricing(all []billing.Plan, current string, sub *billing.Subscription) PricingPage {
	p := PricingPage{Shell: shell("Pricing", buyer), Plans: all, SignedIn: true, Current: current, Subscription: sub}
	if sub != nil {
		p.SubscribedPlan, p.SubscribedInterval, p.HadSubscription = "Basic", billing.Month, true
	}
	return p
}

// ending is a subscription that was cancelled to the end of its period.
func ending(s *billing.Subscription) { s.CancelAtPeriodEnd, s.CanceledAt = true, now }

// overdue is a subscription whose renewal failed that many days ago.
func overdue(days int) func(*billing.Subscription) {
	return func(s *billing.Subscription) { s.PastDueSince = now.AddDate(0, 0, -days) }
}

func unfinished(p *AccountPage) { p.FinishURL = "https://invoice.stripe.example/1" }

// samples are all pages in all states worth looking at.
func samples() []sample {
	price := plans()[1].Prices[0]
	return []sample{
		{"home", Home(HomePage{Shell: shell("", ""), Plans: plans()})},
		{"home-signed-in", Home(HomePage{Shell: with(shell("", buyer), Banner{Tone: "info", Text: "You are signed out."}), Plans: plans()})},
		{"pricing", Pricing(PricingPage{Shell: shell("Pricing", ""), Plans: plans()})},
		{"pricing-yearly-trial", Pricing(PricingPage{Shell: shell("Pricing", ""), Plans: yearlyPlans()})},
		{"pricing-free", Pricing(pricing(plans(), "Free", nil))},
		{"pricing-cancelled-checkout", Pricing(PricingPage{Shell: with(shell("Pricing", buyer), Banner{Tone: "info", Text: "Checkout cancelled. Nothing was charged."}), Plans: plans(), SignedIn: true, Current: "Free"})},
		{"pricing-basic", Pricing(pricing(yearlyPlans(), "Basic", subscription(billing.Active, nil)))},
		{"pricing-ending", Pricing(pricing(plans(), "Basic", subscription(billing.Active, ending)))},
		{"pricing-incomplete", Pricing(pricing(plans(), "Free", subscription(billing.Incomplete, nil)))},
		{"signup", Signup(AuthPage{Shell: shell("Sign up", "")})},
		{"signup-picked", Signup(AuthPage{Shell: shell("Sign up", ""), Plan: "Basic", Interval: "month", Picked: &price})},
		{"signup-free", Signup(AuthPage{Shell: shell("Sign up", ""), Plan: "Free", Picked: &billing.Price{}})},
		{"signup-problems", Signup(AuthPage{Shell: shell("Sign up", ""), Email: "ada@", Plan: "Basic", Interval: "month", Picked: &price, Problems: map[string]string{
			"email":    "This does not look like an e-mail address, such as name@example.com.",
			"password": "Choose a password of at least 10 characters.",
		}})},
		{"login", Login(AuthPage{Shell: shell("Sign in", "")})},
		{"login-wrong", Login(AuthPage{Shell: shell("Sign in", ""), Email: buyer, Next: "/account", Problems: map[string]string{"": "The e-mail address or the password is not right."}})},
		{"account-new", Account(account(nil, func(p *AccountPage) { p.Entries = nil }))},
		{"account-active", Account(account(subscription(billing.Active, nil), func(p *AccountPage) {
			history(p)
			p.Banner = &Banner{Tone: "success", Text: "Payment received. Welcome to Basic."}
		}))},
		{"account-new-key", Account(account(subscription(billing.Active, nil), func(p *AccountPage) {
			history(p)
			p.NewKey = "pl_4f7Kq2mVw8xTb3nZc6RyLh1sPd9gJ5aQeUoKfWiX"
		}))},
		{"account-key-problem", Account(account(nil, func(p *AccountPage) {
			history(p)
			p.KeyForm = KeyForm{Name: "ci", Expires: "90d", Problem: billing.ErrAPIKeyNameTaken.Msg}
		}))},
		{"account-trial", Account(account(subscription(billing.Trialing, func(s *billing.Subscription) { s.TrialEnd = nextPay }), nil))},
		{"account-ending", Account(account(subscription(billing.Active, ending), history))},
		{"account-past-due", Account(account(subscription(billing.PastDue, overdue(2)), func(p *AccountPage) { history(p); unfinished(p) }))},
		{"account-past-grace", Account(account(subscription(billing.PastDue, overdue(8)), history))},
		{"account-unpaid", Account(account(subscription(billing.Unpaid, nil), history))},
		{"account-incomplete", Account(account(subscription(billing.Incomplete, nil), unfinished))},
		{"account-paused", Account(account(subscription(billing.Paused, nil), nil))},
		{"account-ended", Account(account(subscription(billing.Canceled, func(s *billing.Subscription) { s.EndedAt = now }), history))},
		{"account-never-began", Account(account(subscription(billing.IncompleteExpired, nil), nil))},
		{"usage-new", Usage(usage(nil, func(p *UsagePage) { p.Entries = p.Entries[:1] }))},
		{"usage-busy", Usage(usage(subscription(billing.Active, nil), busy))},
		{"usage-filtered", Usage(usage(nil, func(p *UsagePage) { p.Filter, p.Entries = UsageFilter{Kind: "purchase", From: "2026-11-01"}, nil }))},
		{"usage-wrong-filter", Usage(usage(nil, func(p *UsagePage) {
			p.Filter, p.Entries, p.Problem = UsageFilter{From: "yesterday"}, nil, "The parameter from must be a day such as 2026-11-21."
		}))},
		{"docs", Docs(docs())},
		{"activating", Activating(ActivatingPage{Shell: Shell{Title: "Activating", Product: product, Email: buyer, Refresh: 3}})},
		{"error-404", Error(ErrorPage{Shell: shell("Not Found", ""), Status: 404, Message: "There is nothing at this address.", RequestID: "req_k3v8x2m9q4w7t1zb"})},
		{"error-500", Error(ErrorPage{Shell: shell("Internal Server Error", buyer), Status: 500, Message: "Something went wrong on our side.", RequestID: "req_k3v8x2m9q4w7t1zb"})},
		{"error-503", Error(ErrorPage{Shell: Shell{Title: "Service Unavailable", Product: billing.Product{Name: "Acme"}}, Status: 503, Message: "Stripe does not answer.", RequestID: "req_k3v8x2m9q4w7t1zb"})},
		{"plain-product", Home(HomePage{Shell: Shell{Product: billing.Product{Name: "Acme"}}, Plans: plans()[:2]})},
	}
}

func docs() DocsPage {
	api, err := openapi.New("https://app.example.org", billing.Catalog{Product: product, Plans: plans()})
	if err != nil {
		panic(err) // the document is embedded
	}
	return DocsPage{Shell: shell("API", buyer), API: api, Plans: plans()}
}
