package sandbox

import (
	"io"
	"net/http"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// read reads a control request's parameters into a struct as package form does: from the URL, and from a form or JSON.
func read(r *http.Request, into any) error {
	values, err := readSetting(r)
	if err != nil {
		return err
	}
	for name, v := range r.URL.Query() {
		values[name] = append(values[name], v...)
	}
	return form.Decode(values, into)
}

// maxSetting is the size of a body that sets something of the sandbox, in bytes.
const maxSetting = 1 << 16

// readSetting reads a small body, a form or JSON, as a form.
func readSetting(r *http.Request) (values map[string][]string, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxSetting+1))
	if err != nil {
		return nil, shape.Invalid("", "", "The request could not be read: %v", err)
	}
	if len(body) > maxSetting {
		return nil, shape.Invalid("", "", "The request is too long: it may have %d bytes.", maxSetting)
	}
	return form.Values(body)
}
