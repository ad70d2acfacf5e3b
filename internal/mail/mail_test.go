package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

var acme = Letters{
	Product: billing.Product{Name: "Acme <Tools>", SupportEmail: "help@acme.test", Accent: "#0f766e"},
	BaseURL: "https://acme.test",
}

// outbox is a store in memory: one mail's life is what the sender notes of it.
type outbox struct {
	mu    sync.Mutex
	due   []billing.Mail
	notes []string
}

func (o *outbox) ClaimMail(context.Context, time.Duration) (billing.Mail, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.due) == 0 {
		return billing.Mail{}, false, nil
	}
	m := o.due[0]
	o.due = o.due[1:]
	return m, true, nil
}

func (o *outbox) note(m billing.Mail, what string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notes = append(o.notes, m.Key+" "+what)
	return nil
}

func (o *outbox) FinishMail(_ context.Context, m billing.Mail) error { return o.note(m, "sent") }
func (o *outbox) RetryMail(_ context.Context, m billing.Mail, cause string, pause time.Duration) error {
	return o.note(m, fmt.Sprint("retry in ", pause, ": ", cause))
}
func (o *outbox) FailMail(_ context.Context, m billing.Mail, cause string) error {
	return o.note(m, "failed: "+cause)
}
func (o *outbox) DropMail(_ context.Context, m billing.Mail) error { return o.note(m, "dropped") }
func (o *outbox) ExpireMails(context.Context) (int64, error)       { return 0, nil }

type ignore struct{}

func (ignore) MailsWorked(string, int) {}

// bundle is a sender, its outbox, and a mail server.
type bundle struct {
	*Sender
	outbox *outbox
	server *testkit.MailServer
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{outbox: &outbox{}, server: testkit.NewMailServer(t)}
	b.Sender = &Sender{Store: b.outbox, Letters: acme, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Observe: ignore{}}
	b.Server = newServer(t, "smtp://"+b.server.Addr)
	return b
}

func newServer(t *testing.T, rawURL string) *Server {
	t.Helper()
	s, err := NewServer(rawURL, "billing@acme.test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// send sends these mails, and returns what was noted of them.
func (b *bundle) send(t *testing.T, mails ...billing.Mail) (notes []string, sent int, err error) {
	t.Helper()
	b.outbox.due, b.outbox.notes = mails, nil
	sent, err = b.SendDue(t.Context())
	return b.outbox.notes, sent, err
}

func started(key string) billing.Mail {
	return billing.Mail{Key: key, Kind: billing.PlanStarted, Plan: "Basic", Address: "ada@example.com", Attempt: 1,
		Day: time.Date(2026, 12, 21, 9, 0, 0, 0, time.UTC), CreatedAt: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
}

func TestAMailIsPlainTextAndAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	notes, sent, err := b.send(t, started("started:sub_1"))
	if err != nil || sent != 1 || notes[0] != "started:sub_1 sent" {
		t.Fatalf("got %v, %d, %v", notes, sent, err)
	}
	got := b.server.Received()[0]
	for header, want := range map[string]string{
		"Subject":        "Your Basic plan is active",
		"From":           `"Acme <Tools>" <billing@acme.test>`,
		"To":             "<ada@example.com>",
		"Reply-To":       "<help@acme.test>",
		"Date":           "Sat, 21 Nov 2026 09:00:00 +0000",
		"Auto-Submitted": "auto-generated",
	} {
		if got.Header.Get(header) != want {
			t.Errorf("%s: got %q, want %q", header, got.Header.Get(header), want)
		}
	}
	if got.To != "ada@example.com" || !strings.HasPrefix(got.Header.Get("Content-Type"), "multipart/alternative") {
		t.Errorf("got an envelope to %q, of type %q", got.To, got.Header.Get("Content-Type"))
	}
	for _, want := range []string{"It renews on 21 December 2026.", "Open your account: https://acme.test/account", "Acme &lt;Tools&gt;", "Write to help@acme.test."} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("%q is not in\n%s", want, got.Body)
		}
	}
}

func TestEveryKindOfMailIsWorded(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 12, 5, 23, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		kind    billing.MailKind
		day     time.Time
		subject string
		says    string
	}{
		{billing.PlanStarted, day, "Your Power plan is active", "It renews on 5 December 2026."},
		{billing.PlanStarted, time.Time{}, "Your Power plan is active", "is active.\n\nOpen your account"},
		{billing.TrialStarted, day, "Your trial of Power has begun", "It ends on 5 December 2026."},
		{billing.TrialEnds, day, "Your trial of Power ends on 5 December 2026", "cancel before that day"},
		{billing.PaymentFailed, time.Time{}, "The payment for your Power plan failed", "Update your payment method: https://acme.test/account"},
		{billing.PlanEnded, day, "Your Power plan has ended", "ended on 5 December 2026."},
	} {
		l, err := acme.Write(billing.Mail{Key: "k", Kind: tt.kind, Plan: "Power", Day: tt.day})
		if err != nil {
			t.Fatal(err)
		}
		if l.Subject != tt.subject || !strings.Contains(l.Text, tt.says) {
			t.Errorf("%s: got %q\n%s", tt.kind, l.Subject, l.Text)
		}
		if strings.Contains(l.Text+l.HTML, "January 1 ") || strings.Contains(l.Text+l.HTML, "0001") {
			t.Errorf("%s names a day that there is not:\n%s", tt.kind, l.Text)
		}
	}
	if _, err := acme.Write(billing.Mail{Kind: "riddle"}); err == nil {
		t.Error("a mail of an unknown kind was written")
	}
}

func TestALowBalanceIsWordedByWhatIsLeft(t *testing.T) {
	t.Parallel()
	for left, subject := range map[int64]string{9870: "You have 9,870 credits left", 1: "You have 1 credit left", 0: "You have no credits left"} {
		l, err := acme.Write(billing.Mail{Key: "k", Kind: billing.CreditsLow, Plan: "Power", LowAt: 10_000, Credits: left})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			subject + " at Acme <Tools>", "fewer than 10,000", "See your usage: https://acme.test/usage\nGet more credits: https://acme.test/pricing\n",
			"writes to you about your credits.",
		} {
			if !strings.Contains(l.Text, want) {
				t.Errorf("%q is not in\n%s", want, l.Text)
			}
		}
		if l.Subject != subject || !strings.Contains(l.HTML, `href="https://acme.test/usage"`) || !strings.Contains(l.HTML, `href="https://acme.test/pricing"`) {
			t.Errorf("got %q\n%s", l.Subject, l.HTML)
		}
	}
}

func TestAWarningThatNoLongerHoldsIsDropped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	low := func(key string, left int64) billing.Mail {
		return billing.Mail{Key: key, Kind: billing.CreditsLow, Address: "ada@example.com", LowAt: 100, Credits: left, Attempt: 1}
	}
	notes, sent, err := b.send(t, low("more again", 100), low("still low", 99))
	if want := "more again dropped, still low sent"; err != nil || sent != 1 || strings.Join(notes, ", ") != want {
		t.Errorf("got %v, %d sent, %v; want %q", notes, sent, err, want)
	}
}

func TestAMailSentAgainKeepsItsMessageID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(t, started("started:sub_1"), started("started:sub_1"), started("started:sub_2"))
	var ids []string
	for _, m := range b.server.Received() {
		ids = append(ids, m.Header.Get("Message-ID"))
	}
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] == ids[2] || !strings.HasSuffix(ids[0], "@acme.test>") {
		t.Errorf("got %v", ids)
	}
}

func TestOneConnectionTakesManyMails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, sent, err := b.send(t, started("a"), started("b"), started("c")); sent != 3 || err != nil {
		t.Fatalf("got %d, %v", sent, err)
	}
	if said := strings.Join(b.server.Commands(), "\n"); strings.Count(said, "EHLO") != 1 || strings.Count(said, "QUIT") != 1 {
		t.Errorf("the server was told\n%s", said)
	}
}

func TestAMailThatIsRefusedIsTriedAgainUnlessItsAddressIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, command, reply, want string }{
		{"busy", "MAIL", "451 4.3.0 busy", "retry in 1s"},
		{"we may not send", "RCPT", "550 5.7.1 relaying denied", "retry in 1s"},
		{"full mailbox", "RCPT", "452 4.2.2 full", "retry in 1s"},
		{"no such mailbox", "RCPT", "550 5.1.1 nobody here", "failed: the address takes no mail"},
		{"not taken", ".", "554 5.7.1 looks like spam", "retry in 1s"},
		{"gone", ".", "hang up", "retry in 1s"},
		{"gone after it was taken", "RSET", "hang up", "sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			refuse := true
			b.server.Answer = func(command string) string {
				if refuse && strings.HasPrefix(command, tt.command) {
					refuse = false
					return tt.reply
				}
				return ""
			}
			notes, _, err := b.send(t, started("one"), started("two"))
			if err != nil || len(notes) != 2 || !strings.HasPrefix(notes[0], "one "+tt.want) {
				t.Errorf("got %v, %v, want %q", notes, err, tt.want)
			}
			if len(notes) == 2 && notes[1] != "two sent" {
				t.Errorf("the next mail: %s", notes[1])
			}
		})
	}
}

func TestNeitherLogNorRowQuotesTheAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var log strings.Builder
	b.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.server.Answer = func(command string) string {
		if strings.HasPrefix(command, "RCPT") {
			return "550 5.1.1 <Ada@Example.com> is nobody here"
		}
		return ""
	}
	notes, _, _ := b.send(t, started("one"))
	if said := strings.ToLower(notes[0] + log.String()); !strings.Contains(said, "nobody here") || strings.Contains(said, "ada@") {
		t.Errorf("got %s", said)
	}
}

func TestTheLastAttemptIsTheLast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.server.Answer = func(command string) string { return map[bool]string{true: "451 4.3.0 busy"}[command == "."] }
	m := started("one")
	m.Attempt = billing.MaxMailAttempts
	if notes, _, _ := b.send(t, m); len(notes) != 1 || !strings.HasPrefix(notes[0], "one failed: ") {
		t.Errorf("got %v", notes)
	}
}

func TestAnAddressThatIsNoneFailsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := started("one")
	m.Address = "ada@@example"
	if notes, sent, err := b.send(t, m); sent != 0 || err != nil || !strings.HasPrefix(notes[0], "one failed: ") {
		t.Errorf("got %v, %d, %v", notes, sent, err)
	}
}

func TestAServerThatIsDownCostsOneMailItsAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Server = newServer(t, "smtp://127.0.0.1:1")
	notes, sent, err := b.send(t, started("one"), started("two"))
	if !errors.Is(err, errUnreachable) || sent != 0 || len(notes) != 1 || !strings.HasPrefix(notes[0], "one retry in 1s") {
		t.Errorf("got %v, %d, %v", notes, sent, err)
	}
}

func TestWithoutAServerNothingIsClaimed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Server = nil
	if notes, sent, err := b.send(t, started("one")); sent != 0 || err != nil || len(notes) != 0 || len(b.outbox.due) != 1 {
		t.Errorf("got %v, %d, %v", notes, sent, err)
	}
}

func TestStoppingFinishesTheMailInHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, stop := context.WithCancel(t.Context())
	b.server.Answer = func(command string) string {
		if strings.HasPrefix(command, "MAIL") {
			stop()
		}
		return ""
	}
	b.outbox.due = []billing.Mail{started("one"), started("two")}
	if sent, err := b.SendDue(ctx); sent != 1 || err != nil || len(b.outbox.due) != 1 {
		t.Errorf("sent %d, left %d, %v", sent, len(b.outbox.due), err)
	}
}

func TestAPasswordGoesOverTLSAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Server = newServer(t, "smtp://ada:hunter2@"+b.server.Addr)
	if _, sent, err := b.send(t, started("one")); sent != 0 || !errors.Is(err, errUnreachable) {
		t.Errorf("a server without TLS: got %d, %v", sent, err)
	}
	if said := strings.Join(b.server.Commands(), "\n"); strings.Contains(said, "AUTH") {
		t.Errorf("it was told\n%s", said)
	}

	web := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(web.Close)
	b.server = testkit.NewMailServer(t, web.TLS.Certificates[0])
	b.Server = newServer(t, "smtp://ada:hunter2@"+b.server.Addr)
	if _, sent, err := b.send(t, started("one")); sent != 0 || !errors.Is(err, errUnreachable) {
		t.Errorf("a server that nobody vouches for: got %d, %v", sent, err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	b.Server.tls = &tls.Config{RootCAs: pool, ServerName: "example.com"}
	if _, sent, err := b.send(t, started("one")); sent != 1 || err != nil {
		t.Errorf("with TLS: got %d, %v", sent, err)
	}
	if said := strings.Join(b.server.Commands(), "\n"); !strings.Contains(said, "AUTH PLAIN AGFkYQBodW50ZXIy") { // ada, hunter2
		t.Errorf("it was told\n%s", said)
	}
}

func TestErrorsOfTheSettingsDoNotQuoteThePassword(t *testing.T) {
	t.Parallel()
	for _, rawURL := range []string{"smtp://ada:hunter2/%zz@host", "http://ada:hunter2@host", "smtp://ada:hunter2@"} {
		if _, err := NewServer(rawURL, "a@b.test"); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", rawURL, err)
		}
	}
	if _, err := NewServer("smtp://host", "nobody"); err == nil || !strings.Contains(err.Error(), "MAIL_FROM") {
		t.Errorf("got %v", err)
	}
}
