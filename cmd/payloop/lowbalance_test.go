package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestALowBalanceIsMailedOnceHoweverManySpendAtTwoReplicas(t *testing.T) {
	t.Parallel()
	server, mail := withMail(t)
	b := setup(t, mail)
	other := b.replica()
	c := b.person()
	key := c.key(t)
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			program := []*bundle{b, other}[n%2].visitor()
			if p := credit(program, "spend", key, "", `{"amount":3,"reason":"one of many"}`); p.Status != http.StatusOK {
				t.Errorf("got %d %s", p.Status, p.Body)
			}
		})
	}
	wg.Wait()
	b.wantMails(server, c, "You have 2 credits left")
	if p := credit(b.visitor(), "spend", key, "", `{"amount":2}`); p.Status != http.StatusOK {
		t.Errorf("the rest: got %d %s", p.Status, p.Body)
	}
	b.wantMails(server, c, "You have 2 credits left")
	for _, link := range []string{"/usage", "/pricing"} {
		if got := server.Received()[0].Body; !strings.Contains(got, b.url+link) {
			t.Errorf("no link to %s in\n%s", link, got)
		}
	}
}

func TestAReservationWarnsWhenItIsSpentAndNotBefore(t *testing.T) {
	t.Parallel()
	server, mail := withMail(t)
	b := setup(t, mail)
	c := b.person()
	key := c.key(t)
	var reserved struct{ Reservation string }
	credit(b.visitor(), "reserve", key, "", `{"amount":49}`).JSON(&reserved)
	b.wantMails(server, c)
	credit(b.visitor(), "commit", key, "", `{"reservation":"`+reserved.Reservation+`","amount":47}`)
	b.wantMails(server, c, "You have 3 credits left")
}

func TestWhoHasMoreCreditsBeforeTheWarningIsSentDoesNotGetIt(t *testing.T) {
	t.Parallel()
	server, mail := withMail(t)
	b := setup(t, mail)
	c := b.person()
	key := c.key(t)
	credit(b.visitor(), "spend", key, "", `{"amount":48}`)
	b.gives(c, 100)
	b.wantMails(server, c)
	if got := b.text(`SELECT string_agg(kind || ' ' || state, '; ') FROM outbox`); got != "credits_low dropped" {
		t.Errorf("the outbox: %s", got)
	}
	credit(b.visitor(), "spend", key, "", `{"amount":98}`)
	b.wantMails(server, c, "You have 4 credits left")
}
