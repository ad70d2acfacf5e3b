package web

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render writes the page whole or not at all: a component that fails half way
// leaves room for an error page.
func Render(c *gin.Context, status int, page templ.Component) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := renderSafely(c, page, buf); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	// What a page shows depends on who asks, and changes with each payment.
	c.Header("Cache-Control", "private, no-store")
	c.Data(status, "text/html; charset=utf-8", buf.Bytes())
	return nil
}

// OK renders with status 200.
func OK(c *gin.Context, page templ.Component) error { return Render(c, http.StatusOK, page) }

// renderSafely turns a panic of a component into an error, so that a mistake
// in the error page itself still gets an answer.
func renderSafely(c *gin.Context, page templ.Component, buf *bytes.Buffer) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return page.Render(c.Request.Context(), buf)
}

// Send answers a program with JSON that is written already, under the same
// condition as Reply.
func Send(c *gin.Context, status int, body string) {
	c.Header("Cache-Control", "private, no-store")
	c.Data(status, "application/json; charset=utf-8", []byte(body))
}

// Reply answers a program: JSON that nobody may keep, because it changes with
// each payment and may hold a key.
func Reply(c *gin.Context, status int, v any) {
	c.Header("Cache-Control", "private, no-store")
	c.PureJSON(status, v)
}
