package main

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/testkit"
)

// withMail gives the product a mail server.
func withMail(t *testing.T) (*testkit.MailServer, option) {
	t.Helper()
	server := testkit.NewMailServer(t)
	return server, beforeStart(func(b *bundle) {
		b.cfg.SMTPURL = config.Secret("smtp://" + server.Addr)
		b.cfg.MailFrom = "billing@example.com"
	})
}

// sendMails lets two replicas empty the outbox at once.
func (b *bundle) sendMails() {
	b.t.Helper()
	var wg sync.WaitGroup
	for range 2 {
		replica, err := newSender(b.cfg, b.catalog.Product, b.store, slog.New(slog.NewTextHandler(b.log, nil)), b.app.metrics)
		if err != nil {
			b.t.Fatal(err)
		}
		wg.Go(func() {
			if _, err := replica.SendDue(b.t.Context()); err != nil {
				b.t.Error(err)
			}
		})
	}
	wg.Wait()
}

// wantMails checks which mails have come to the person so far, the oldest
// first.
func (b *bundle) wantMails(server *testkit.MailServer, c person, subjects ...string) {
	b.t.Helper()
	b.sendMails()
	var got []string
	for _, m := range server.Received() {
		if m.To != c.email {
			b.t.Errorf("a mail to %s, want %s", m.To, c.email)
		}
		got = append(got, m.Header.Get("Subject"))
	}
	if want := strings.Join(subjects, "; "); strings.Join(got, "; ") != want {
		b.t.Errorf("got mails %q, want %q", strings.Join(got, "; "), want)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE state = 'sent'`); n != len(subjects) {
		b.t.Errorf("%d rows of the outbox are sent, want %d", n, len(subjects))
	}
}

// replica starts a second app on the same database and Stripe.
func (b *bundle) replica() *bundle {
	b.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	other := &bundle{t: b.t, dsn: b.dsn, url: "http://" + listener.Addr().String(), store: b.openStore(), catalog: b.catalog,
		sandbox: b.sandbox, stripe: b.stripe, log: b.log, cfg: b.cfg}
	other.start(listener)
	return other
}

func TestEachEventFiveTimesToTwoReplicasGrantsOnceAndTellsOnce(t *testing.T) {
	t.Parallel()
	server, mail := withMail(t)
	b := setup(t, withoutWebhooks, mail)
	other := b.replica()
	c := b.person()
	back := b.buy(c, "Basic", "month")
	events := b.events()
	var wg sync.WaitGroup
	for n := range 10 {
		for _, e := range events {
			wg.Go(func() { []*bundle{b, other}[n%2].wantDelivered(e) })
		}
	}
	wg.Go(func() { c.Get(back) }) // the return tells of it, too
	wg.Wait()
	b.worked()
	if n := b.count(`SELECT count(*) FROM credit_entries WHERE kind = 'plan_grant'`); n != 1 {
		t.Errorf("got %d grants, want 1", n)
	}
	if n := b.count(`SELECT count(*) FROM stripe_events`); n != len(events) { // each row is a line of the timeline
		t.Errorf("got %d events, want %d", n, len(events))
	}
	b.wantMails(server, c, "Your Basic plan is active")
	b.wantMails(server, c, "Your Basic plan is active") // nothing is left to be sent
}

func TestAFailedRenewalAndAnEndAreToldOnceEach(t *testing.T) {
	t.Parallel()
	server, mail := withMail(t)
	b := setup(t, mail)
	c := b.person()
	if _, status := b.pay(c.Post("/checkout", "plan", "Basic", "interval", "month").Location, laterFails); status != http.StatusOK {
		t.Fatalf("paying: got %d", status)
	}
	b.flush()
	b.wantMails(server, c, "Your Basic plan is active")
	b.advance(31*day + 3*time.Hour)
	b.flush()
	b.wantMails(server, c, "Your Basic plan is active", "The payment for your Basic plan failed")
	b.advance(day) // Stripe tries again, and fails again
	b.flush()
	b.stripeDelete("/v1/subscriptions/" + b.stripeID("/v1/subscriptions"))
	b.flush()
	b.wantMails(server, c, "Your Basic plan is active", "The payment for your Basic plan failed", "Your Basic plan has ended")
}

func TestATrialIsToldWhenItBeginsAndBeforeItEnds(t *testing.T) {
	t.Parallel()
	server, mail := withMail(t)
	plans := catalog.Default()
	for i := range plans.Plans {
		for j := range plans.Plans[i].Prices {
			if price := &plans.Plans[i].Prices[j]; price.Interval == billing.Month {
				price.TrialDays = 14
			}
		}
	}
	b := setup(t, withPlans(plans), mail)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.wantMails(server, c, "Your trial of Basic has begun")
	b.advance(10 * day)
	b.flush()
	b.wantMails(server, c, "Your trial of Basic has begun")
	b.advance(day + time.Hour)
	b.flush()
	ends := "Your trial of Basic ends on " + b.store.Now().Add(3*day-time.Hour).Format("2 January 2006")
	b.wantMails(server, c, "Your trial of Basic has begun", ends)
	b.advance(4 * day)
	b.flush()
	b.wantMails(server, c, "Your trial of Basic has begun", ends)
}

func TestAMirrorThatIsRepairedAfterALongTimeMailsNobody(t *testing.T) {
	t.Parallel()
	server, mail := withMail(t)
	b := setup(t, withoutWebhooks, mail)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.advance(5 * day)
	for _, e := range b.events() {
		b.wantDelivered(e)
	}
	b.worked()
	c.signIn()
	b.wantAccount(c, "Basic", "1,050")
	b.wantMails(server, c)
}

func TestServeSendsMailsByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	for _, withServer := range []bool{false, true} {
		server := testkit.NewMailServer(t)
		addr := freeAddr(t)
		environ := b.environ(addr)
		if withServer {
			environ = append(environ, "SMTP_URL=smtp://"+server.Addr, "MAIL_FROM=Payloop <billing@example.com>")
		}
		cmd, out := payloop(t, environ, "serve")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitUntilReady(t, addr)
		if withServer {
			testkit.Eventually(t, patience, func() (bool, string) {
				return b.count(`SELECT count(*) FROM outbox WHERE state = 'sent'`) == 1, b.text(`SELECT state || ' ' || last_error FROM outbox`)
			})
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("got %v:\n%s", err, out)
		}
		got := server.Received()
		if withServer && (len(got) != 1 || got[0].To != c.email || got[0].Header.Get("From") != `"Payloop" <billing@example.com>`) {
			t.Errorf("got %+v", got)
		}
		if said := strings.Contains(out.String(), "No mail is sent"); said == withServer {
			t.Errorf("with a mail server: %t, and the log says\n%s", withServer, out)
		}
	}
}
