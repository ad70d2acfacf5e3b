package handlers

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

// limitRequests refuses requests with an API key above what the plan of the
// key's owner allows in a minute, before anything is done. It does not check
// the key: whoever answers the request does.
func (h *Handlers) limitRequests(c *gin.Context) error {
	hash, err := web.KeyHash(c.Request)
	if err != nil || hash == nil {
		return nil // a browser, or something that is refused further on
	}
	quota, err := h.Limiter.Take(c.Request.Context(), hash)
	if err != nil {
		return err
	}
	if quota.Limit > 0 {
		tellQuota(c.Writer.Header(), quota.Limit, quota.Remaining, quota.Reset)
	}
	if quota.Refused {
		e := billing.Errorf(billing.RateLimited, "The plan allows %d requests a minute, and they are used up. Wait %d seconds, or choose a larger plan.", quota.Limit, seconds(quota.Reset))
		e.RetryAfter = quota.Reset
		return e
	}
	c.Next()
	if c.Writer.Status() == http.StatusUnauthorized {
		h.Limiter.Forget(hash)
	}
	return nil
}

// tellQuota sets the header fields of section 5 of
// https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06.
// Later drafts gather them in one field, which few programs read yet.
func tellQuota(header http.Header, limit, remaining int64, reset time.Duration) {
	header.Set("RateLimit-Limit", strconv.FormatInt(limit, 10))
	header.Set("RateLimit-Remaining", strconv.FormatInt(remaining, 10))
	header.Set("RateLimit-Reset", strconv.Itoa(seconds(reset)))
}

// seconds rounds up: who waits as long is not too early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
