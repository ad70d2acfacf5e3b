package testkit

import _ "embed"

// faultsScript looks at a page as it is shown, and lists what is wrong with it.
//
//go:embed faults.js
var faultsScript string
