package faults

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Bounds of what makes sense: deliveries, and milliseconds.
const (
	MaxWindow = 1000
	MaxMS     = 60_000
)

// Parse reads settings from a form, or from JSON that form.Values turned into one. What is left out, or left empty, is
// off. The error is a *shape.Error that names the field and what is allowed.
func Parse(values url.Values) (Settings, error) {
	s := Settings{API: API{ErrorRates: map[string]float64{}}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := s.set(name, strings.TrimSpace(values.Get(name))); err != nil {
			return Settings{}, err
		}
	}
	return s, s.Check()
}

func (s *Settings) set(name, text string) error {
	if status, ok := strings.CutPrefix(name, "api[error_rates]["); ok {
		return s.setError(name, strings.TrimSuffix(status, "]"), text)
	}
	rates, numbers := s.rates(), s.numbers()
	switch {
	case text == "" && (rates[name] != nil || numbers[short(name)] != nil || slices.Contains(groups, name)):
		return nil
	case rates[name] != nil:
		return readRate(name, text, rates[name])
	case numbers[short(name)] != nil:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return shape.Invalid(name, "parameter_invalid_integer", "Invalid %s: %s. It must be a whole number.", name, text)
		}
		*numbers[short(name)] = n
		return nil
	}
	return shape.Invalid(name, "parameter_unknown", "Received unknown parameter: %s. There are %s.", name, strings.Join(s.Names(), ", "))
}

// groups are the objects of the JSON; an empty one is the same as none.
var groups = []string{"webhooks", "webhooks[delay_ms]", "api", "api[error_rates]"}

// short is a name in its only form: delay_ms[min] is the same as delay_min_ms.
func short(name string) string {
	for _, bound := range []string{"min", "max"} {
		name = strings.ReplaceAll(name, "[delay_ms]["+bound+"]", "[delay_"+bound+"_ms]")
	}
	return name
}

func (s *Settings) setError(name, status, text string) error {
	if !slices.Contains(Statuses(), status) {
		return shape.Invalid(name, "", "Invalid status in %s: must be one of %s.", name, strings.Join(Statuses(), ", "))
	}
	if text == "" {
		return nil
	}
	var rate float64
	err := readRate(name, text, &rate)
	s.API.ErrorRates[status] = rate
	return err
}

func readRate(name, text string, into *float64) error {
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return shape.Invalid(name, "", "Invalid %s: %s. It must be a number from 0 to 1.", name, text)
	}
	*into = rate
	return checkRate(name, rate)
}

// Values is the form that Parse reads the settings from; what is off is left out.
func (s Settings) Values() url.Values {
	values := url.Values{}
	for name, rate := range s.rates() {
		setRate(values, name, *rate)
	}
	for status, rate := range s.API.ErrorRates {
		setRate(values, "api[error_rates]["+status+"]", rate)
	}
	for name, n := range s.numbers() {
		if *n != 0 {
			values.Set(name, strconv.FormatInt(*n, 10))
		}
	}
	return values
}

func setRate(values url.Values, name string, rate float64) {
	if rate != 0 {
		values.Set(name, strconv.FormatFloat(rate, 'g', -1, 64))
	}
}

// Names are the fields that there are.
func (s *Settings) Names() []string {
	names := append(slices.Collect(maps.Keys(s.rates())), slices.Collect(maps.Keys(s.numbers()))...)
	return slices.Sorted(slices.Values(append(names, "api[error_rates][STATUS]")))
}

func (s *Settings) rates() map[string]*float64 {
	return map[string]*float64{
		"webhooks[duplicate_rate]": &s.Webhooks.DuplicateRate, "webhooks[drop_rate]": &s.Webhooks.DropRate,
		"api[lost_answer_rate]": &s.API.LostAnswerRate, "api[hang_rate]": &s.API.HangRate,
	}
}

func (s *Settings) numbers() map[string]*int64 {
	return map[string]*int64{
		"seed": &s.Seed, "webhooks[reorder_window]": &s.Webhooks.ReorderWindow,
		"webhooks[delay_min_ms]": &s.Webhooks.DelayMinMS, "webhooks[delay_max_ms]": &s.Webhooks.DelayMaxMS,
		"api[latency_min_ms]": &s.API.LatencyMinMS, "api[latency_max_ms]": &s.API.LatencyMaxMS,
	}
}
