// Package static embeds the stylesheet and the images, and serves them under
// names that change with their content, so that browsers may keep them forever.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed files
var files embed.FS

// prefix is where Handler expects to be mounted.
const prefix = "/static/"

// contentTypes are told here and not by the machine's own tables, which differ.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".ico": "image/x-icon",
	".png": "image/png",
	".svg": "image/svg+xml",
}

type asset struct {
	body, gzipped []byte
	contentType   string
}

// assets are by hashed name, urls by plain name.
var assets, urls = read()

// read panics on an error: it is a mistake in what was embedded, and the first
// start shows it.
func read() (map[string]asset, map[string]string) {
	assets, urls := map[string]asset{}, map[string]string{}
	entries, err := fs.ReadDir(files, "files")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		body, err := fs.ReadFile(files, "files/"+e.Name())
		if err != nil {
			panic(err)
		}
		ext := path.Ext(e.Name())
		if contentTypes[ext] == "" {
			panic("static: no content type for " + e.Name())
		}
		sum := sha256.Sum256(body)
		hashed := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		assets[hashed] = asset{body: body, gzipped: compress(body), contentType: contentTypes[ext]}
		urls[e.Name()] = prefix + hashed
	}
	return assets, urls
}

func compress(body []byte) []byte {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		panic(err)
	}
	w.Write(body) // into memory: cannot fail
	w.Close()
	return buf.Bytes()
}

// URL returns where the file of that name is served. An unknown name panics:
// it is a mistake in a page.
func URL(name string) string {
	url, ok := urls[name]
	if !ok {
		panic(fmt.Sprintf("static: there is no file %q", name))
	}
	return url
}

// Bytes returns a file's content.
func Bytes(name string) []byte { return assets[strings.TrimPrefix(URL(name), prefix)].body }

// Handler serves the files under their hashed names and nothing else.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[strings.TrimPrefix(r.URL.Path, prefix)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		body := a.body
		if len(a.gzipped) < len(a.body) && acceptsGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body = a.gzipped
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	})
}

// acceptsGzip reads an Accept-Encoding header: gzip;q=0 refuses it.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, param, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(param, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !found || err == nil && weight > 0
	}
	return false
}
