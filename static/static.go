// Package static embeds the stylesheet and the images, and serves them under
// names that change with their content, so that browsers may keep them forever.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed files
var files embed.FS

// prefix is where Handler expects to be mounted.
const prefix = "/static/"

type asset struct {
	body, gzipped []byte
	contentType   string
}

// read makes the table of assets, by hashed name, and of URLs, by plain name.
// It panics on an error: what is embedded cannot be missing.
var assets, urls = read()

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
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		hashed := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		assets[hashed] = asset{body: body, gzipped: compress(body), contentType: mime.TypeByExtension(ext)}
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
		panic("static: no file " + name)
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
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = a.gzipped
		}
		w.Write(body)
	})
}
