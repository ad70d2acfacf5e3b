// Package version renders Stripe's objects as other API versions answer them.
//
// The sandbox keeps every object in one shape, that of package shape. An answer or a webhook payload in another
// version is made of its JSON: the functions here take trees as encoding/json decodes them, find the objects in them by
// their "object" field, and change them in place. They know nothing of the engine.
package version

import (
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Version is an API version as the Stripe-Version header names it.
type Version string

// Canonical is the version whose shapes are kept.
const Canonical Version = shape.Version

// supported are the versions the sandbox answers in, oldest first. Those of Acacia add fields to Canonical that the
// sandbox does not fill, and take none away.
var supported = []Version{
	Canonical,
	"2024-09-30.acacia", "2024-10-28.acacia", "2024-11-20.acacia", "2024-12-18.acacia", "2025-01-27.acacia", "2025-02-24.acacia",
	"2025-03-31.basil", "2025-04-30.basil", "2025-05-28.basil", "2025-06-30.basil", "2025-07-30.basil", "2025-08-27.basil",
}

// Supported names the versions the sandbox answers in, oldest first.
func Supported() []string {
	var names []string
	for _, v := range supported {
		names = append(names, string(v))
	}
	return names
}

// Parse reads a version's name. The error is a *shape.Error that blames a parameter, or none.
func Parse(name, param string) (Version, error) {
	if v := Version(name); slices.Contains(supported, v) {
		return v, nil
	}
	return "", shape.Invalid(param, "", "Invalid Stripe API version: %s. The sandbox supports %s.", name, strings.Join(Supported(), ", "))
}

// basil reports whether the version is of Basil, the first that differs.
func (v Version) basil() bool { return strings.HasSuffix(string(v), ".basil") }

// since reports whether the version is one or a later one than that of a day, written 2025-05-28.
func (v Version) since(day string) bool { return string(v) >= day }
