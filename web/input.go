package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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

// strict refuses fields that are not known. Names count as they are written,
// and none may come twice.
var strict = json.RejectUnknownMembers(true)

// JSON reads the body, a JSON object, into v, and refuses fields that v does
// not have. A field that is null counts as left out, or as 0.
func JSON[T any](c *gin.Context, v *T) error {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return unreadable(err)
	}
	if err := json.Unmarshal(body, &v, strict); err != nil {
		return unreadableJSON(err)
	}
	if v == nil { // the body was null
		return errNoObject
	}
	return nil
}

var errNoObject = billing.Errorf(billing.BadRequest, "The body must be a JSON object.")

// unreadableJSON says which field is wrong, where one is.
func unreadableJSON(err error) error {
	var misfit *json.SemanticError
	if errors.As(err, &misfit) {
		return unfit(misfit)
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName) {
		return billing.Errorf(billing.Invalid, "The body has the field %s more than once.", fieldName(syntax.JSONPointer))
	}
	return &billing.Error{Kind: billing.BadRequest, Msg: "The body could not be read. It must be one JSON object in UTF-8, and nothing after it.", Err: err}
}

// unfit says why what is written in JSON is not what was asked for.
func unfit(err *json.SemanticError) error {
	name := fieldName(err.JSONPointer)
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return billing.Errorf(billing.Invalid, "The body has a field that is not known here: %s.", name)
	case name == "":
		return &billing.Error{Kind: billing.BadRequest, Msg: errNoObject.Msg, Err: err}
	case errors.Is(err, strconv.ErrRange):
		return &billing.Error{Kind: billing.Invalid, Msg: "The number in the field " + name + " is too large.", Err: err}
	}
	return &billing.Error{Kind: billing.Invalid, Msg: "The field " + name + " must be " + typeWords(err.GoType) + ".", Err: err}
}

// fieldName writes where a field is: amount, or spends.0.amount.
func fieldName(p jsontext.Pointer) string {
	return printable(strings.Join(slices.Collect(p.Tokens()), "."))
}

func unreadable(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return &billing.Error{Kind: billing.TooLarge, Err: err}
	}
	return &billing.Error{Kind: billing.BadRequest, Msg: "The body could not be read.", Err: err}
}

// typeWords says what a field's value must be; nil is a type that is not known.
func typeWords(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		return "an object"
	}
	return "of another type"
}

// printable bounds what is repeated from a request.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return s
}
