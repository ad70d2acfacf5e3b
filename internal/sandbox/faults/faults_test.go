package faults

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

var everything = Settings{
	Seed:     7,
	Webhooks: Webhooks{DuplicateRate: 0.3, DropRate: 0.2, ReorderWindow: 5, DelayMinMS: 10, DelayMaxMS: 50},
	API:      API{ErrorRates: map[string]float64{"429": 0.1, "500": 0.2}, LostAnswerRate: 0.25, HangRate: 0.1, LatencyMaxMS: 9},
}

// decisions are the first n about deliveries to two endpoints, and about requests, asked for in some order.
func decisions(s Settings, n int, backwards bool) []string {
	out := make([]string, n)
	for i := range n {
		if backwards {
			i = n - 1 - i
		}
		k := int64(i + 1)
		out[i] = fmt.Sprint(s.Delivery(0, k), s.Delivery(1, k), s.Request(k))
	}
	return out
}

func TestDecisionsAreAFunctionOfSeedAndNumber(t *testing.T) {
	t.Parallel()
	want := decisions(everything, 500, false)
	if got := decisions(everything, 500, true); !slices.Equal(got, want) {
		t.Error("the order of asking changes the decisions")
	}
	other := everything
	other.Seed++
	if slices.Equal(decisions(other, 500, false), want) {
		t.Error("another seed makes the same decisions")
	}
	if reflect.DeepEqual(everything.Delivery(0, 3), everything.Delivery(1, 3)) && reflect.DeepEqual(everything.Delivery(0, 4), everything.Delivery(1, 4)) {
		t.Error("two endpoints share their faults")
	}
}

func TestRatesAreKeptInTheLongRun(t *testing.T) {
	t.Parallel()
	const n = 20_000
	count := map[string]float64{}
	for i := range int64(n) {
		d, q := everything.Delivery(0, i+1), everything.Request(i+1)
		for name, is := range map[string]bool{
			"dropped": d.Dropped, "repeated": len(d.Sends) > 1, "thrice": len(d.Sends) > 2,
			"429": q.Status == http.StatusTooManyRequests, "500": q.Status == http.StatusInternalServerError, "hang": q.Hang, "lost": q.Lost,
		} {
			if is {
				count[name]++
			}
		}
		if d.Sends[0].Delay < 10*time.Millisecond || d.Sends[0].Delay > 50*time.Millisecond || q.Latency > 9*time.Millisecond {
			t.Fatalf("out of bounds: %+v %+v", d, q)
		}
	}
	for name, want := range map[string]float64{
		"dropped": 0.2, "repeated": 0.3, "thrice": 0.075, "429": 0.1, "500": 0.2, "hang": 0.7 * 0.1, "lost": 0.7 * 0.9 * 0.25,
	} {
		if got := count[name] / n; math.Abs(got-want) > 0.015 {
			t.Errorf("%s: %.3f, want %.3f", name, got, want)
		}
	}
}

func TestEveryWindowIsShuffledInItself(t *testing.T) {
	t.Parallel()
	s := Settings{Seed: 3, Webhooks: Webhooks{ReorderWindow: 5}}
	moved := 0
	for block := range int64(40) {
		var places []int64
		for n := block*5 + 1; n <= block*5+5; n++ {
			d := s.Delivery(0, n)
			places = append(places, d.Sends[0].Place)
			if d.Until != block*5+5 {
				t.Fatalf("delivery %d waits until %d", n, d.Until)
			}
			if d.Sends[0].Place != n {
				moved++
			}
		}
		slices.Sort(places)
		if places[0] != block*5+1 || len(slices.Compact(places)) != 5 || places[4] != block*5+5 {
			t.Fatalf("window %d has the places %v", block, places)
		}
	}
	if moved < 100 {
		t.Errorf("only %d of 200 moved", moved)
	}
}

func TestNothingGoesWrongByDefault(t *testing.T) {
	t.Parallel()
	var s Settings
	if s.On() || s.Delivery(0, 1).Dropped || len(s.Delivery(0, 1).Sends) != 1 || s.Request(1) != (Request{}) {
		t.Errorf("got %+v %+v", s.Delivery(0, 1), s.Request(1))
	}
}

func TestSettingsAreReadFromFormAndJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"seed": 7, "webhooks": {"duplicate_rate": 0.3, "drop_rate": 0.2, "reorder_window": 5, "delay_ms": {"min": 10, "max": 50}},
		  "api": {"error_rates": {"429": 0.1, "500": 0.2}, "lost_answer_rate": 0.25, "hang_rate": 0.1, "latency_min_ms": null, "latency_max_ms": 9}}`,
		"seed=7&webhooks[duplicate_rate]=.3&webhooks[drop_rate]=0.2&webhooks[reorder_window]=5&webhooks[delay_min_ms]=10&webhooks[delay_max_ms]=50" +
			"&api[error_rates][429]=0.1&api[error_rates][500]=0.2&api[lost_answer_rate]=0.25&api[hang_rate]=0.1&api[latency_min_ms]=&api[latency_max_ms]=9",
	} {
		values, err := form.Values([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Parse(values); err != nil || !reflect.DeepEqual(got, everything) {
			t.Errorf("%s: %+v %v", body, got, err)
		}
	}
}

func TestSettingsThatMakeNoSenseAreRefusedByName(t *testing.T) {
	t.Parallel()
	for name, allowed := range map[string]string{
		"webhooks[duplicate_rate]=1.1":     "from 0 to 1",
		"webhooks[drop_rate]=-0.1":         "from 0 to 1",
		"api[hang_rate]=NaN":               "from 0 to 1",
		"api[lost_answer_rate]=often":      "from 0 to 1",
		"api[error_rates][429]=2":          "from 0 to 1",
		"api[error_rates][418]=0.1":        "429",
		"seed=abc":                         "whole number",
		"webhooks[reorder_window]=-1":      "from 0 to 1000",
		"webhooks[reorder_window]=1001":    "from 0 to 1000",
		"webhooks[delay_min_ms]=5":         "webhooks[delay_max_ms]",
		"webhooks[delay_max_ms]=60001":     "60000",
		"api[latency_min_ms]=5":            "api[latency_max_ms]",
		"webhooks[duplicates]=0.5":         "webhooks[duplicate_rate]",
		"duplicate_rate=0.5":               "webhooks[duplicate_rate]",
		"webhooks[duplicates]=":            "webhooks[duplicate_rate]",
		"webhooks=0.5":                     "webhooks[duplicate_rate]",
		"api[error_rates][429][often]=0.5": "429",
	} {
		values, _ := url.ParseQuery(name)
		_, err := Parse(values)
		e, ok := err.(*shape.Error)
		param, _, _ := strings.Cut(name, "=")
		if !ok || e.Status != http.StatusBadRequest || e.Param != param || !strings.Contains(e.Message, param) || !strings.Contains(e.Message, allowed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sum := Settings{API: API{ErrorRates: map[string]float64{"429": 0.6, "500": 0.6}}}
	if err := sum.Check(); err == nil || !strings.Contains(err.Error(), "api[error_rates]") {
		t.Errorf("a sum above 1: %v", err)
	}
}

func TestWhatIsEmptyIsOff(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", `{"webhooks": {}, "api": {"error_rates": {}}, "seed": null}`, "seed=&api[error_rates][429]=&webhooks[drop_rate]="} {
		values, err := form.Values([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if s, err := Parse(values); err != nil || s.On() || s.Seed != 0 {
			t.Errorf("%q: %+v %v", body, s, err)
		}
	}
	for _, body := range []string{`{"typo": {}}`, `{"webhooks": {"typo": null}}`, `[]`, `7`, `{"webhooks": true}`, `{"seed": [1]}`} {
		values, err := form.Values([]byte(body))
		if err == nil {
			_, err = Parse(values)
		}
		if err == nil {
			t.Errorf("%s went through", body)
		}
	}
}

func TestSettingsAreTheSameAfterTheirForm(t *testing.T) {
	t.Parallel()
	if got, err := Parse(everything.Values()); err != nil || !reflect.DeepEqual(got, everything) {
		t.Errorf("got %+v %v", got, err)
	}
}

func TestEveryStatusHasAnError(t *testing.T) {
	t.Parallel()
	for _, name := range Statuses() {
		s := Settings{API: API{ErrorRates: map[string]float64{name: 1}}}
		got := s.Request(1)
		if e := ErrorOf(got.Status); e == nil || e.name() != name || e.Type == "" || e.Message == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
