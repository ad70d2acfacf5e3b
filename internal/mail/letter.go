package mail

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	html "html/template"
	text "text/template"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/payloop/payloop/internal/billing"
)

var printer = message.NewPrinter(language.AmericanEnglish) // numbers as the pages write them

//go:embed letter.txt letter.html
var files embed.FS

var (
	textForm = text.Must(text.ParseFS(files, "letter.txt"))
	htmlForm = html.Must(html.ParseFS(files, "letter.html"))
)

// Letter is a mail, worded. Its ID is the same each time the mail is sent.
type Letter struct {
	ID       string // the left part of the Message-ID
	To       string
	FromName string
	ReplyTo  string // empty: the sender
	Date     time.Time
	Subject  string
	Text     string
	HTML     string
}

// Letters words mails for a product.
type Letters struct {
	Product billing.Product
	BaseURL string // no trailing slash
}

// Write words a mail, as plain text and as a small page.
func (w Letters) Write(m billing.Mail) (Letter, error) {
	words, ok := w.word(m)
	if !ok {
		return Letter{}, fmt.Errorf("write mail %s: nobody knows how to word %q", m.Key, m.Kind)
	}
	form := struct {
		wording
		Product billing.Product
		BaseURL string
	}{words, w.Product, w.BaseURL}
	var plain, page bytes.Buffer
	if err := textForm.Execute(&plain, form); err != nil {
		return Letter{}, fmt.Errorf("write mail %s: %w", m.Key, err)
	}
	if err := htmlForm.Execute(&page, form); err != nil {
		return Letter{}, fmt.Errorf("write mail %s: %w", m.Key, err)
	}
	id := sha256.Sum256([]byte(m.Key))
	return Letter{
		ID:       hex.EncodeToString(id[:16]),
		To:       m.Address,
		FromName: w.Product.Name,
		ReplyTo:  w.Product.SupportEmail,
		Date:     m.CreatedAt,
		Subject:  words.Subject,
		Text:     plain.String(),
		HTML:     page.String(),
	}, nil
}

// wording is what differs from mail to mail.
type wording struct {
	Subject    string
	Paragraphs []string
	Action     string // what the link is for
	Path       string // where on our site it leads
	Other      string // what a second link is for; empty: there is none
	OtherPath  string
	About      string // what of the reader's it is about
}

// word chooses the words. ok is false for a kind that has none.
func (w Letters) word(m billing.Mail) (words wording, ok bool) {
	plan, day := m.Plan, m.Day.UTC().Format("2 January 2006") // as the pages write it, clear in every country
	words.Action, words.Path, words.About = "Open your account", "/account", "subscription"
	say := func(subject string, paragraphs ...string) {
		words.Subject, words.Paragraphs = subject, paragraphs
	}
	switch m.Kind {
	case billing.PlanStarted:
		say("Your "+plan+" plan is active", "Thank you. Your "+plan+" plan at "+w.Product.Name+" is active.")
		if !m.Day.IsZero() {
			words.Paragraphs = append(words.Paragraphs, "It renews on "+day+". You can change or cancel it at any time in your account.")
		}
	case billing.TrialStarted:
		say("Your trial of "+plan+" has begun", "Your trial of the "+plan+" plan at "+w.Product.Name+" has begun.")
		if !m.Day.IsZero() {
			words.Paragraphs = append(words.Paragraphs, "It ends on "+day+". The first payment is due then, unless you cancel before.")
		}
	case billing.TrialEnds:
		say("Your trial of "+plan+" ends on "+day, "Your trial of the "+plan+" plan at "+w.Product.Name+" ends on "+day+". The first payment is due then.",
			"To go on you need do nothing. If you would rather not, cancel before that day in your account.")
	case billing.PaymentFailed:
		say("The payment for your "+plan+" plan failed", "The payment for your "+plan+" plan at "+w.Product.Name+" did not go through.",
			"Your plan goes on for a few days. Please update your payment method, so that it stays.")
		words.Action = "Update your payment method"
	case billing.PlanEnded:
		say("Your "+plan+" plan has ended", "Your "+plan+" plan at "+w.Product.Name+" ended on "+day+".",
			"Your account stays, and you can subscribe again whenever you like.")
	case billing.CreditsLow:
		return w.lowBalance(m), true
	default:
		return wording{}, false
	}
	return words, true
}

// lowBalance names what is left now, which may be less than when the mail was
// put into the outbox.
func (w Letters) lowBalance(m billing.Mail) wording {
	left := "no credits"
	if m.Credits == 1 {
		left = "1 credit"
	} else if m.Credits > 1 {
		left = printer.Sprint(number.Decimal(m.Credits)) + " credits"
	}
	return wording{
		Subject: "You have " + left + " left",
		Paragraphs: []string{
			"You have " + left + " left at " + w.Product.Name + ". We tell you once when there are fewer than " + printer.Sprint(number.Decimal(m.LowAt)) + ".",
			"What they went to, and when more come, is on your usage page. You can also get more at once.",
		},
		Action: "See your usage", Path: "/usage",
		Other: "Get more credits", OtherPath: "/pricing",
		About: "credits",
	}
}
