package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/views"
	"github.com/payloop/payloop/web"
)

// showDocs describes the API to people.
func (h *Handlers) showDocs(c *gin.Context) error {
	shell, err := h.shell(c, "API")
	if err != nil {
		return err
	}
	return web.OK(c, views.Docs(views.DocsPage{Shell: shell, API: h.description, Plans: h.Catalog.Plans}))
}

// serveOpenAPI answers the description of the API. It is the same for
// everybody, so anybody may read it, pages of other sites too, and keep it for
// a while.
func (h *Handlers) serveOpenAPI(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Cache-Control", "public, max-age=300")
	c.Header("ETag", h.description.ETag)
	if names(c.GetHeader("If-None-Match"), h.description.ETag) {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, "application/json", h.description.JSON)
}

// names says whether an If-None-Match header names the version. A proxy that
// compresses makes the name a weak one.
func names(header, etag string) bool {
	for name := range strings.SplitSeq(header, ",") {
		if name = strings.TrimSpace(name); name == "*" || strings.TrimPrefix(name, "W/") == etag {
			return true
		}
	}
	return false
}
