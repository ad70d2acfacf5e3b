package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/payloop/payloop/internal/auth"
)

// Where both systems take spends, and what each one asks for.
const (
	spendPath = "/api/credits/spend"
	spendBody = `{"amount":1,"reason":"bench"}`
)

// Every user's API key is a prefix and the user's number, of fixed width, and in all as long as a real one.
var spendKeyPrefix = auth.KeyPrefix + strings.Repeat("b", 43)

func spendKey(user int64) string { return spendKeyPrefix + plain(user) }

// spends hands out one-credit spends of users at random, or of each of them once.
type spends struct {
	users int64
	apart int64 // the numbers of two users differ by so much, or a multiple; 0 means 1
	once  bool
	next  atomic.Int64
}

func (s *spends) taken() int64 {
	if s.once {
		return min(s.next.Load(), s.users)
	}
	return s.next.Load()
}

func (s *spends) requests(host string) requests {
	r := &spendRequests{spends: s, random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
	r.bytes = []byte(strings.Join([]string{
		"POST " + spendPath + " HTTP/1.1",
		"Host: " + host,
		"Authorization: Bearer " + spendKey(0),
		"Content-Type: application/json",
		"User-Agent: bench",
		fmt.Sprintf("Content-Length: %d", len(spendBody)),
		"", spendBody,
	}, "\r\n"))
	at := bytes.Index(r.bytes, []byte(spendKeyPrefix)) + len(spendKeyPrefix)
	r.user = r.bytes[at : at+plainWidth]
	return r
}

// spendRequests are the spends that one connection carries: one request, rendered once, whose user is patched in place.
type spendRequests struct {
	spends *spends
	random *rand.Rand
	bytes  []byte
	user   []byte // a part of bytes
}

func (r *spendRequests) next(time.Time) (request []byte, number int64) {
	number = r.spends.next.Add(1) - 1
	user := number
	switch {
	case !r.spends.once:
		user = r.random.Int64N(r.spends.users)
	case number >= r.spends.users:
		return nil, 0
	}
	decimalDigits(r.user, user*max(r.spends.apart, 1))
	return r.bytes, number
}
