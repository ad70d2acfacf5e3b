package views

import (
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

// KeyForm is the form that makes an API key.
type KeyForm struct {
	Name    string // as it was typed
	Expires string // the Value of a Lifetime
	Problem string // why there is no key; empty: nothing was tried
}

// Lifetime is a choice of how long a key works.
type Lifetime struct {
	Value string // what the form sends
	Text  string
	Days  int // 0: for ever
}

// KeyLifetimes are the choices, the usual one first.
var KeyLifetimes = []Lifetime{
	{"never", "Never", 0},
	{"30d", "In 30 days", 30},
	{"90d", "In 90 days", 90},
	{"1y", "In a year", 365},
}

// keyName is what the form proposes: the first key needs no thought.
func (p AccountPage) keyName() string {
	if p.KeyForm.Name == "" && p.KeyForm.Problem == "" && len(p.Keys) == 0 {
		return billing.DefaultAPIKey
	}
	return p.KeyForm.Name
}

// newKeyName is the name of the key that is shown this once.
func (p AccountPage) newKeyName() string {
	for _, k := range p.Keys {
		if strings.HasPrefix(p.NewKey, k.Prefix) {
			return k.Name
		}
	}
	return billing.DefaultAPIKey
}
