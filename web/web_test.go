package web

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
)

func page(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// serve answers one request by h, with an error page that shows the message.
func serve(t *testing.T, h Handler, errorPage templ.Component) (*httptest.ResponseRecorder, *strings.Builder) {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	var log strings.Builder
	e := &Errors{
		Log:  slog.New(slog.NewTextHandler(&log, nil)),
		JSON: func(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" },
		Page: func(_ *gin.Context, p Problem) templ.Component {
			if errorPage != nil {
				return errorPage
			}
			return page(p.Message + " " + p.RequestID)
		},
	}
	r := gin.New()
	r.Use(WithRequestID, e.Recover)
	r.GET("/", e.Handle(h))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w, &log
}

// refusal is an error of the database's own, by its code.
type refusal string

func (r refusal) Error() string    { return "secret " + string(r) }
func (r refusal) SQLState() string { return string(r) }

func TestErrorsShowTheirMessageAndHideTheirCause(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		err    error
		status int
		shown  string
	}{
		{"an error for people", &billing.Error{Kind: billing.Conflict, Msg: "Not now.", Err: errors.New("secret cause")}, 409, "Not now."},
		{"any other error", errors.New("secret cause"), 500, "Something went wrong"},
		{"an internal error with a message", &billing.Error{Kind: billing.Internal, Msg: "secret cause"}, 500, "Something went wrong"},
		{"a deadline", context.DeadlineExceeded, 503, "Try again"},
		{"a database that is not there", fmt.Errorf("read: %w", &net.OpError{Op: "dial", Err: errors.New("secret address")}), 503, "Try again"},
		{"a connection that broke", fmt.Errorf("read: %w", driver.ErrBadConn), 503, "Try again"},
		{"a database that shuts down", refusal("57P01"), 503, "Try again"},
		{"too many connections", refusal("53300"), 503, "Try again"},
		{"a broken rule", refusal("23514"), 500, "Something went wrong"},
	} {
		w, log := serve(t, func(*gin.Context) error { return tt.err }, nil)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.shown) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: got %d %s", tt.name, w.Code, w.Body)
		}
		if !strings.Contains(log.String(), w.Header().Get("X-Request-Id")) {
			t.Errorf("%s: the log does not name the request", tt.name)
		}
	}
}

func TestAPanicIsAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	w, log := serve(t, func(*gin.Context) error { panic("boom") }, nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "boom") || !strings.Contains(log.String(), "boom") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestAPageThatFailsHalfWayBecomesAnErrorPage(t *testing.T) {
	t.Parallel()
	half := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		io.WriteString(w, "half a page")
		return errors.New("no more")
	})
	w, _ := serve(t, func(c *gin.Context) error { return OK(c, half) }, nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "half") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestAnErrorPageThatPanicsStillGetsAnAnswer(t *testing.T) {
	t.Parallel()
	broken := templ.ComponentFunc(func(context.Context, io.Writer) error { panic("boom") })
	w, _ := serve(t, func(*gin.Context) error { return billing.ErrNotFound }, broken)
	if w.Code != 404 || !strings.Contains(w.Body.String(), "request req_") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestHeadIsAnsweredWhereGetIs(t *testing.T) {
	t.Parallel()
	var method string
	srv := httptest.NewServer(headAsGet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method = r.Method
		io.WriteString(w, "body")
	})))
	defer srv.Close()
	res, err := http.Head(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if method != "GET" || res.StatusCode != 200 {
		t.Errorf("got %s, %d", method, res.StatusCode)
	}
}

func TestWhatAnyoneMaySendFillsNoMetrics(t *testing.T) {
	t.Parallel()
	var noted []string
	r := gin.New()
	r.Use(Observe(slog.New(slog.DiscardHandler), func(route, method string, status int, _ time.Duration) {
		noted = append(noted, fmt.Sprint(route, " ", method, " ", status))
	}))
	r.GET("/known", func(*gin.Context) {})
	for _, request := range [][2]string{{"GET", "/known"}, {"OPTIONS", "/known"}, {"ZZ123", "/known"}, {"get", "/a/b"}} {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(request[0], request[1], nil))
	}
	want := []string{"/known GET 200", "unknown OPTIONS 404", "unknown other 404", "unknown other 404"}
	if !slices.Equal(noted, want) {
		t.Errorf("got %q, want %q", noted, want)
	}
}
