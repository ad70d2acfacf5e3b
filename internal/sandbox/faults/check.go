package faults

import (
	"maps"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Check says what is wrong with settings. The error is a *shape.Error that names the field and what is allowed.
func (s Settings) Check() error {
	rates := s.rates()
	for _, name := range slices.Sorted(maps.Keys(rates)) {
		if err := checkRate(name, *rates[name]); err != nil {
			return err
		}
	}
	if err := s.API.checkErrors(); err != nil {
		return err
	}
	if w := s.Webhooks.ReorderWindow; w < 0 || w > MaxWindow {
		return shape.Invalid("webhooks[reorder_window]", "", "Invalid webhooks[reorder_window]: must be from 0 to %d deliveries.", MaxWindow)
	}
	if err := checkBounds("webhooks[delay_", s.Webhooks.DelayMinMS, s.Webhooks.DelayMaxMS); err != nil {
		return err
	}
	return checkBounds("api[latency_", s.API.LatencyMinMS, s.API.LatencyMaxMS)
}

// checkRate is written so that what is no number is refused too.
func checkRate(name string, rate float64) error {
	if rate >= 0 && rate <= 1 {
		return nil
	}
	return shape.Invalid(name, "", "Invalid %s: must be from 0 to 1.", name)
}

func (a API) checkErrors() error {
	sum := 0.0
	for _, status := range slices.Sorted(maps.Keys(a.ErrorRates)) {
		name := "api[error_rates][" + status + "]"
		if !slices.Contains(Statuses(), status) {
			return shape.Invalid(name, "", "Invalid status in %s: must be one of %s.", name, strings.Join(Statuses(), ", "))
		}
		if err := checkRate(name, a.ErrorRates[status]); err != nil {
			return err
		}
		sum += a.ErrorRates[status]
	}
	if sum > 1+1e-9 { // 0.1 has no exact sum
		return shape.Invalid("api[error_rates]", "", "Invalid api[error_rates]: their sum must be from 0 to 1.")
	}
	return nil
}

// checkBounds wants both from 0 to a minute, and in order.
func checkBounds(name string, least, most int64) error {
	for _, b := range []struct {
		name string
		ms   int64
	}{{name + "min_ms]", least}, {name + "max_ms]", most}} {
		if b.ms < 0 || b.ms > MaxMS {
			return shape.Invalid(b.name, "", "Invalid %s: must be from 0 to %d milliseconds.", b.name, MaxMS)
		}
	}
	if least > most {
		return shape.Invalid(name+"min_ms]", "", "Invalid %smin_ms]: must not be more than %smax_ms], which is %d.", name, name, most)
	}
	return nil
}
