package config

import "log/slog"

// Secret is a value that prints as "redacted", however it is printed. What
// needs the value itself converts it: string(secret).
type Secret string

const redacted = "redacted"

// String hides the value from %v, %s and %q.
func (Secret) String() string { return redacted }

// GoString hides the value from %#v.
func (Secret) GoString() string { return redacted }

// LogValue hides the value from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the value from JSON and its kin.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
