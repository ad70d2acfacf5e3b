package inbox

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/payloop/payloop/internal/billing"
)

// firstRoom is how much room a body gets before any of it is here. Nearly all
// events fit into it; what a stranger announces and never sends takes no more.
const firstRoom = 16 << 10

// arrival is a body on its way in. It takes of the room for all bodies as its
// bytes come, as the buffer does that they are read into: each time as much
// again as it has.
type arrival struct {
	from io.Reader
	held *atomic.Int64 // by all bodies
	room int64         // of that, by this one
	n    int64         // bytes that came
}

func (a *arrival) take(n int64) error {
	a.room += n
	if a.held.Add(n) > maxHeld {
		return &billing.Error{Kind: billing.Unavailable, Code: "overload", Msg: "Too many webhooks at once. Send it again.", RetryAfter: retryAfter}
	}
	return nil
}

func (a *arrival) giveBack() { a.held.Add(-a.room) }

// Read fails when there is no room for what came.
func (a *arrival) Read(p []byte) (int, error) {
	n, err := a.from.Read(p)
	for a.n += int64(n); a.n > a.room; {
		if full := a.take(max(a.room, bytes.MinRead)); full != nil {
			return n, full
		}
	}
	return n, err
}

// firstSize is how much of a body is expected at once: what it says, or all of
// the first room when it does not say.
func firstSize(r *http.Request) (int64, error) {
	if r.ContentLength > MaxBody {
		return 0, tooLarge()
	}
	if r.ContentLength < 0 {
		return firstRoom, nil
	}
	return min(r.ContentLength, firstRoom), nil
}

func tooLarge() error {
	return billing.Errorf(billing.TooLarge, "The body is larger than %d bytes.", MaxBody)
}

// readBody reads a body of which size bytes are expected at once. Its room is
// taken when it returns, whether there was enough or not.
func readBody(a *arrival, size int64) (body []byte, outcome string, err error) {
	if err := a.take(size); err != nil {
		return nil, "overload", err
	}
	into := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err = into.ReadFrom(a)
	var refused *billing.Error
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &refused):
		return nil, "overload", err
	case errors.As(err, &over):
		return nil, "too_large", tooLarge()
	case err != nil:
		return nil, "unreadable", &billing.Error{Kind: billing.BadRequest, Msg: "The body could not be read to its end.", Err: err}
	}
	return into.Bytes(), "", nil
}
