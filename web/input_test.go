package web

import (
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
		``:                          {billing.BadRequest, "must be a JSON object"},
		`{"n":1}{}`:                 {billing.BadRequest, "nothing after it"},
		`{"n":`:                     {billing.BadRequest, "could not be read"},
		`{"n":1.5}`:                 {billing.Invalid, "The field n must be a whole number."},
		`{"n":9223372036854775808}`: {billing.Invalid, "The field n must be a whole number."},
		`{"s":1}`:                   {billing.Invalid, "The field s must be a string."},
		`{"l":{}}`:                  {billing.Invalid, "The field l must be a list."},
		`{"l":[{"n":"x"}]}`:         {billing.Invalid, "n must be a whole number."},
		`{"x":1}`:                   {billing.Invalid, "not known here: x"},
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		var into struct {
			N int64  `json:"n"`
			S string `json:"s"`
			L []struct {
				N int64 `json:"n"`
			} `json:"l"`
		}
		err := JSON(c, &into)
		if billing.KindOf(err) != want.kind || !strings.Contains(errorText(err), want.msg) {
			t.Errorf("%s: got %v, want %q", body, err, want.msg)
		}
	}
}
