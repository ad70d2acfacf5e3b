package web

import (
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
)

func TestABodyThatIsNotAsAskedForIsRefusedInWordsThatHelp(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		kind billing.Kind
		msg  string
	}{
		`[]`:                        {billing.BadRequest, "must be a JSON object"},
		`7`:                         {billing.BadRequest, "must be a JSON object"},
		`null`:                      {billing.BadRequest, "must be a JSON object"},
		``:                          {billing.BadRequest, "must be one JSON object"},
		`{"n":1}{}`:                 {billing.BadRequest, "nothing after it"},
		`{"n":`:                     {billing.BadRequest, "could not be read"},
		"{\"s\":\"\xff\"}":          {billing.BadRequest, "in UTF-8"},
		`{"n":1.5}`:                 {billing.Invalid, "The field n must be a whole number."},
		`{"n":9223372036854775808}`: {billing.Invalid, "The number in the field n is too large."},
		`{"p":"x"}`:                 {billing.Invalid, "The field p must be a whole number."},
		`{"s":1}`:                   {billing.Invalid, "The field s must be a string."},
		`{"l":{}}`:                  {billing.Invalid, "The field l must be a list."},
		`{"l":[7]}`:                 {billing.Invalid, "The field l.0 must be an object."},
		`{"l":[{"n":"x"}]}`:         {billing.Invalid, "The field l.0.n must be a whole number."},
		`{"x":1}`:                   {billing.Invalid, "not known here: x"},
		`{"N":1}`:                   {billing.Invalid, "not known here: N"},
		`{"l":[{"` + strings.Repeat("x", 1000) + `":1}]}`: {billing.Invalid, "not known here: l.0.xxx"},
		`{"n":1,"s":"","n":1}`:                            {billing.Invalid, "has the field n more than once"},
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		var into struct {
			N int64  `json:"n"`
			S string `json:"s"`
			P *int64 `json:"p"`
			L []struct {
				N int64 `json:"n"`
			} `json:"l"`
		}
		err := JSON(c, &into)
		var said *billing.Error
		if !errors.As(err, &said) || said.Kind != want.kind || !strings.Contains(said.Msg, want.msg) || len(said.Msg) > 200 {
			t.Errorf("%s: got %v, want %q", body, err, want.msg)
		}
	}
}

func TestABodyThatIsAsAskedForIsReadOverWhatIsThere(t *testing.T) {
	t.Parallel()
	type inner struct {
		N int64 `json:"n"`
	}
	into := struct {
		inner
		S string `json:"s"`
		P *int64 `json:"p"`
	}{S: "default"}
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(` {"n":9223372036854775807,"p":null} `))
	if err := JSON(c, &into); err != nil || into.N != math.MaxInt64 || into.S != "default" || into.P != nil {
		t.Errorf("got %+v, %v", into, err)
	}
}
