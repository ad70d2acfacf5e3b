package endpoints

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

var want = Want{URL: "https://a.example/webhooks/stripe", APIVersion: "2024-06-20", Events: []string{"a", "b", "c", "d", "e"}}

// fake is a Stripe that keeps endpoints, and notes what is done to them.
type fake struct {
	all    []billing.WebhookEndpoint
	log    []string
	broken string // what fails
}

func (f *fake) did(format string, args ...any) error {
	f.log = append(f.log, fmt.Sprintf(format, args...))
	if f.broken != "" && strings.HasPrefix(f.log[len(f.log)-1], f.broken) {
		return errors.New("out of order")
	}
	return nil
}

func (f *fake) Endpoints(context.Context) ([]billing.WebhookEndpoint, error) {
	return slices.Clone(f.all), nil
}

func (f *fake) CreateEndpoint(_ context.Context, e billing.WebhookEndpoint) (id, secret string, err error) {
	e.ID = fmt.Sprintf("we_%d", len(f.all)+1)
	f.all = append([]billing.WebhookEndpoint{e}, f.all...)
	return e.ID, "whsec_" + e.ID, f.did("create %s", e.ID)
}

func (f *fake) UpdateEndpoint(_ context.Context, e billing.WebhookEndpoint) error {
	if err := f.did("update %s enabled=%t", e.ID, e.Enabled); err != nil {
		return err
	}
	f.all[f.index(e.ID)] = e
	return nil
}

func (f *fake) DeleteEndpoint(_ context.Context, id string) error {
	if err := f.did("delete %s", id); err != nil {
		return err
	}
	f.all = slices.Delete(f.all, f.index(id), f.index(id)+1)
	return nil
}

func (f *fake) index(id string) int {
	return slices.IndexFunc(f.all, func(e billing.WebhookEndpoint) bool { return e.ID == id })
}

func TestOfSeveralEndpointsTheEnabledAndNewestIsTheOne(t *testing.T) {
	t.Parallel()
	at := func(id string, enabled bool, second int64, replaces ...string) billing.WebhookEndpoint {
		return billing.WebhookEndpoint{ID: id, URL: want.URL, Enabled: enabled, CreatedAt: time.Unix(second, 0), Replaces: replaces}
	}
	var got []string
	for _, e := range want.At([]billing.WebhookEndpoint{
		at("we_old", true, 10), at("we_disabled", false, 30), {ID: "we_elsewhere", URL: "https://b.example"},
		at("we_a_replaced", true, 20), at("we_b_successor", true, 20, "we_a_replaced"),
	}) {
		got = append(got, e.ID)
	}
	if d := cmp.Diff([]string{"we_b_successor", "we_a_replaced", "we_old", "we_disabled"}, got); d != "" {
		t.Error(d)
	}
}

func TestCompareSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		e        billing.WebhookEndpoint
		mendable bool
		parts    string
	}{
		{"as wanted", billing.WebhookEndpoint{Enabled: true, APIVersion: "2024-06-20", Events: []string{"e", "d", "c", "b", "a"}}, false, ""},
		{"the account's version", billing.WebhookEndpoint{Enabled: true, Events: want.Events}, false, ""},
		{"another version", billing.WebhookEndpoint{Enabled: true, APIVersion: "2020-01-01", Events: want.Events}, false, "its API version is 2020-01-01"},
		{"every type", billing.WebhookEndpoint{Enabled: true, Events: []string{"*"}}, true, "it sends every type of event"},
		{"disabled, with others", billing.WebhookEndpoint{Events: []string{"a", "x"}}, true, "it is disabled; it lacks b, c, d, e; it also sends x"},
		{"many missing", billing.WebhookEndpoint{Enabled: true}, true, "it lacks a, b, c and 2 more"},
	} {
		d := want.Compare(tt.e)
		if got := strings.Join(d.Parts(), "; "); got != tt.parts || d.Mendable() != tt.mendable {
			t.Errorf("%s: got %q, mendable %t, want %q, %t", tt.name, got, d.Mendable(), tt.parts, tt.mendable)
		}
	}
}

func TestRetireEnablesTheOldEndpointAgainUnlessTheNewOneIsProven(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		proof  error
		broken string
		log    string
	}{
		"proven":                         {nil, "", "update we_1 enabled=false, delete we_1, update we_2 enabled=true"},
		"not proven":                     {errors.New("nothing came"), "", "update we_1 enabled=false, update we_1 enabled=true"},
		"it cannot be disabled":          {nil, "update we_1 enabled=false", "update we_1 enabled=false, update we_1 enabled=true"},
		"it cannot be deleted for now":   {nil, "delete", "update we_1 enabled=false, delete we_1"},
		"it cannot be enabled again now": {errors.New("nothing came"), "update we_1 enabled=true", "update we_1 enabled=false, update we_1 enabled=true"},
	} {
		f := &fake{}
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := Setup(ctx, f, want); err != nil {
			t.Fatal(err)
		}
		if _, err := Rotate(ctx, f, want); err != nil {
			t.Fatal(err)
		}
		f.log, f.broken = nil, tt.broken
		_, ok, err := Retire(ctx, f, want, func(context.Context) error { cancel(); return tt.proof })
		if got := strings.Join(f.log, ", "); got != tt.log || !ok || (err == nil) != (name == "proven") {
			t.Errorf("%s: got %s, %t, %v\nwant %s", name, got, ok, err, tt.log)
		}
		cancel()
	}
}

func TestRetireLeavesNoAddressWithoutAnEnabledEndpoint(t *testing.T) {
	t.Parallel()
	f := &fake{}
	if _, err := Setup(t.Context(), f, want); err != nil {
		t.Fatal(err)
	}
	if _, err := Rotate(t.Context(), f, want); err != nil {
		t.Fatal(err)
	}
	f.all[f.index("we_2")].Enabled = false
	if _, ok, err := Retire(t.Context(), f, want, nil); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if len(f.all) != 1 || f.all[0].ID != "we_2" || !f.all[0].Enabled {
		t.Errorf("got %+v", f.all)
	}
	if _, ok, err := Retire(t.Context(), f, want, nil); ok || err != nil {
		t.Errorf("retired twice: %t, %v", ok, err)
	}
}
