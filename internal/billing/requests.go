package billing

import "time"

// RequestWindow is the time over which a plan's requests per minute are
// counted. It begins with the first request after the last window has ended.
const RequestWindow = time.Minute

// RequestLease is a share of the requests that a user may make in a window. Who
// holds it may let as many through, until the window ends, without asking
// again.
type RequestLease struct {
	UserID string
	Limit  int64 // asked: what the plan allows now; answered: what the window allows
	Size   int64 // requests; asked: at most; answered: what is given, 0 when the limit is reached
	Left   int64 // answered: what nobody holds yet
	EndsAt time.Time
}

// Requester is the user behind an API key, with what decides their plan.
type Requester struct {
	UserID        string         // empty: the key is nobody's, or no longer works
	Subscriptions []Subscription // those that may give access: ID, status, times and prices
}
