package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

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
