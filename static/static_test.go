package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"regexp"
	"strconv"
	"testing"
)

func get(path, acceptEncoding string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r.URL.Path = path
	r.Header.Set("Accept-Encoding", acceptEncoding)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestFilesAreServedUnderHashedNamesForever(t *testing.T) {
	t.Parallel()
	for name := range urls {
		w := get(URL(name), "")
		h := w.Header()
		if w.Code != 200 || h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: got %d %v", name, w.Code, h)
		}
		if h.Get("Content-Encoding") != "" || !bytes.Equal(w.Body.Bytes(), Bytes(name)) {
			t.Errorf("%s: the body is not the file", name)
		}
	}
	if got := get(URL("app.css"), "").Header().Get("Content-Type"); got != "text/css; charset=utf-8" {
		t.Errorf("got content type %q", got)
	}
}

func TestTheNameHoldsAHashOfTheContent(t *testing.T) {
	t.Parallel()
	if got := URL("app.css"); !regexp.MustCompile(`^/static/app\.[0-9a-f]{12}\.css$`).MatchString(got) {
		t.Errorf("got %s", got)
	}
}

func TestFilesAreCompressedForWhoTakesIt(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"":                  false,
		"gzip":              true,
		"br, GZIP;q=0.5":    true,
		"deflate, br":       false,
		"gzip;q=0, deflate": false,
		"gzip; q = 0.0":     false,
		"gzip;q=nonsense":   false,
		"x-gzip-something":  false,
	} {
		w := get(URL("app.css"), header)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("Accept-Encoding %q: compressed is %t, want %t", header, got, want)
			continue
		}
		if got := w.Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) {
			t.Errorf("Accept-Encoding %q: said %s bytes, sent %d", header, got, w.Body.Len())
		}
		if w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: a cache may give it to who cannot read it", header)
		}
		if !want {
			continue
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(z); err != nil || !bytes.Equal(body, Bytes("app.css")) {
			t.Errorf("Accept-Encoding %q: got %d bytes, %v", header, len(body), err)
		}
	}
}

func TestOtherNamesAreNotFound(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/static/app.css", "/static/", "/static/../static.go", "/static/files/app.css", "/static/app.000000000000.css", "/favicon.ico"} {
		w := get(path, "gzip")
		if w.Code != 404 || w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s: got %d %v", path, w.Code, w.Header())
		}
	}
}

func TestAnUnknownNameInAPagePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("URL of an unknown file did not panic")
		}
	}()
	URL("nowhere.css")
}
