package form

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Values reads a body that is a form, or a JSON object that says the same: {"a": {"b": [1]}} is a[b][0]=1.
// The error is a *shape.Error.
func Values(body []byte) (url.Values, error) {
	body = bytes.TrimSpace(body)
	if !bytes.HasPrefix(body, []byte("{")) {
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, shape.Invalid("", "", "Invalid form: %v", err)
		}
		return values, nil
	}
	var tree map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, shape.Invalid("", "", "Invalid JSON: %v", err)
	}
	if d.More() {
		return nil, shape.Invalid("", "", "Invalid JSON: there is something after the object.")
	}
	values := url.Values{}
	flatten(values, tree, "")
	return values, nil
}

// flatten writes a tree down by Stripe's names; null, and what holds nothing, is empty.
func flatten(into url.Values, tree any, path string) {
	switch v := tree.(type) {
	case nil:
		into.Set(path, "")
	case map[string]any:
		if len(v) == 0 && path != "" {
			into.Set(path, "")
		}
		for name, child := range v {
			flatten(into, child, within(path, name))
		}
	case []any:
		if len(v) == 0 {
			into.Set(path, "")
		}
		for i, child := range v {
			flatten(into, child, within(path, strconv.Itoa(i)))
		}
	case json.Number:
		into.Set(path, v.String())
	case string:
		into.Set(path, v)
	case bool:
		into.Set(path, strconv.FormatBool(v))
	}
}
