package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

// readyTimeout is how long the database may take to be called ready.
const readyTimeout = 2 * time.Second

// health says that the process runs, and nothing more: a database that is down
// is no reason to restart it.
func (h *Handlers) health(c *gin.Context) error {
	web.Reply(c, http.StatusOK, gin.H{"status": "ok"})
	return nil
}

// ready says that requests can be answered: the database is there, with the
// schema this program expects.
func (h *Handlers) ready(c *gin.Context) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyTimeout)
	defer cancel()
	c.Request.Header.Set("Accept", "application/json") // only programs ask
	if err := h.Store.Ping(ctx); err != nil {
		return &billing.Error{Kind: billing.Unavailable, Code: "no_database", Msg: "The database does not answer.", Err: err}
	}
	if err := h.Store.CheckSchema(ctx); err != nil {
		return &billing.Error{Kind: billing.Unavailable, Code: "schema", Msg: "The database schema is not up to date: run payloop migrate.", Err: err}
	}
	web.Reply(c, http.StatusOK, gin.H{"status": "ready"})
	return nil
}

// receiveWebhook acknowledges an event that is stored, and no other.
func (h *Handlers) receiveWebhook(c *gin.Context) error {
	if err := h.Intake.Receive(c.Writer, c.Request); err != nil {
		return err
	}
	web.Reply(c, http.StatusOK, gin.H{"received": true})
	return nil
}
