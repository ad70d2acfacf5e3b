package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
)

// Form reads a posted form that may have these fields and no others: a field
// nobody asked for, such as an amount, is refused and not passed over.
func Form(c *gin.Context, fields ...string) (map[string]string, error) {
	if err := c.Request.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	values := map[string]string{}
	for name, given := range c.Request.PostForm {
		if !slices.Contains(fields, name) {
			return nil, billing.Errorf(billing.Invalid, "The form has a field that is not known here: %s.", printable(name))
		}
		if len(given) > 1 {
			return nil, billing.Errorf(billing.Invalid, "The form has the field %s more than once.", name)
		}
		values[name] = given[0]
	}
	return values, nil
}

// Query reads the parameters of the address, which may be these and no others:
// one that is misspelt or empty would else be passed over.
func Query(c *gin.Context, names ...string) (map[string]string, error) {
	values, err := query(c, names)
	if err != nil {
		return nil, err
	}
	for name, value := range values {
		if value == "" {
			return nil, billing.Errorf(billing.Invalid, "The parameter %s is empty. Give it a value, or leave it out.", name)
		}
	}
	return values, nil
}

// FormQuery reads the same of an address that a form leads to: there, browsers
// send what was not filled in as empty.
func FormQuery(c *gin.Context, names ...string) (map[string]string, error) {
	return query(c, names)
}

func query(c *gin.Context, names []string) (map[string]string, error) {
	all, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, &billing.Error{Kind: billing.Invalid, Msg: "The parameters in the address could not be read. Write them as name=value with & between them, and each value URL-encoded.", Err: err}
	}
	values := map[string]string{}
	for name, given := range all {
		if !slices.Contains(names, name) {
			return nil, billing.Errorf(billing.Invalid, "There is no parameter %s here; there are %s.", printable(name), strings.Join(names, ", "))
		}
		if len(given) > 1 {
			return nil, billing.Errorf(billing.Invalid, "The parameter %s is given more than once.", name)
		}
		values[name] = given[0]
	}
	return values, nil
}

// JSON reads a JSON object into v, and refuses fields that v does not have.
func JSON(c *gin.Context, v any) error {
	dec := json.NewDecoder(c.Request.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if errors.Is(err, io.EOF) {
		return billing.Errorf(billing.BadRequest, "The body must be a JSON object.")
	}
	if field, ok := strings.CutPrefix(errorText(err), "json: unknown field "); ok {
		return billing.Errorf(billing.Invalid, "The body has a field that is not known here: %s.", printable(strings.Trim(field, `"`)))
	}
	if err != nil {
		return unreadable(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return billing.Errorf(billing.BadRequest, "The body must be one JSON object and nothing after it.")
	}
	return nil
}

func unreadable(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return &billing.Error{Kind: billing.TooLarge, Err: err}
	}
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return &billing.Error{Kind: billing.BadRequest, Msg: "The body must be a JSON object.", Err: err}
	case wrongType != nil:
		return &billing.Error{Kind: billing.Invalid, Msg: "The field " + printable(wrongType.Field) + " must be " + typeWords(wrongType.Type) + ".", Err: err}
	}
	return &billing.Error{Kind: billing.BadRequest, Msg: "The body could not be read.", Err: err}
}

// typeWords says what a field's value must be.
func typeWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "a list"
	}
	return "of another type"
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// printable bounds what is repeated from a request.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return s
}
