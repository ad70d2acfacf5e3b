package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/billing"
)

var errCrash = errors.New("the process was killed")

// fakeRemote behaves as Stripe does, as far as the catalog goes: one active
// price a lookup key, default prices that cannot be retired, idempotency keys.
// It can be cut off at any call, before or after the call took effect.
type fakeRemote struct {
	products map[string]billing.RemoteProduct
	prices   map[string]billing.RemotePrice
	portal   *billing.RemotePortal
	replies  map[string]string // idempotency key → id

	calls       int // writes so far
	crashAt     int // 0: never
	afterEffect bool
	check       func() // after each write
}

func newFake() *fakeRemote {
	return &fakeRemote{
		products: map[string]billing.RemoteProduct{},
		prices:   map[string]billing.RemotePrice{},
		replies:  map[string]string{},
	}
}

func (f *fakeRemote) clone() *fakeRemote {
	out := newFake()
	for k, v := range f.products {
		out.products[k] = v
	}
	for k, v := range f.prices {
		out.prices[k] = v
	}
	for k, v := range f.replies {
		out.replies[k] = v
	}
	if f.portal != nil {
		portal := *f.portal
		out.portal = &portal
	}
	return out
}

func (f *fakeRemote) write(effect func() error) error {
	f.calls++
	if f.calls == f.crashAt && !f.afterEffect {
		return errCrash
	}
	err := effect()
	if f.check != nil {
		f.check()
	}
	if f.calls == f.crashAt {
		return errCrash
	}
	return err
}

func (f *fakeRemote) RemoteCatalog(_ context.Context, local billing.Catalog) (billing.RemoteCatalog, error) {
	keys, named := map[string]bool{}, map[string]bool{}
	for _, plan := range local.Plans {
		for _, p := range plan.Prices {
			if p.StripeID == "" {
				keys[p.LookupKey()] = true
			} else {
				named[p.StripeID] = true
			}
		}
	}
	var out billing.RemoteCatalog
	used := map[string]bool{}
	for _, p := range f.prices {
		if named[p.ID] || p.Active && (p.Plan != "" || keys[p.LookupKey]) {
			used[p.ProductID] = true
			out.Prices = append(out.Prices, p)
		}
	}
	for _, p := range f.products {
		if p.Plan != "" || used[p.ID] {
			out.Products = append(out.Products, p)
		}
	}
	for _, p := range f.prices {
		listed := slices.ContainsFunc(out.Products, func(q billing.RemoteProduct) bool { return q.ID == p.ProductID })
		if !p.Active && p.Plan != "" && listed && !named[p.ID] {
			out.Prices = append(out.Prices, p)
		}
	}
	if f.portal != nil {
		portal := *f.portal
		out.Portal = &portal
	}
	return out, nil
}

func (f *fakeRemote) CreateProduct(_ context.Context, p billing.RemoteProduct) error {
	return f.write(func() error { f.products[p.ID] = p; return nil })
}

func (f *fakeRemote) UpdateProduct(_ context.Context, p billing.RemoteProduct) error {
	return f.write(func() error {
		if _, ok := f.products[p.ID]; !ok {
			return fmt.Errorf("no such product: %s", p.ID)
		}
		f.products[p.ID] = p
		return nil
	})
}

func (f *fakeRemote) transfer(key string) {
	for id, p := range f.prices {
		if p.LookupKey == key {
			p.LookupKey = ""
			f.prices[id] = p
		}
	}
}

func (f *fakeRemote) CreatePrice(_ context.Context, p billing.RemotePrice) (id string, err error) {
	err = f.write(func() error {
		if product, ok := f.products[p.ProductID]; !ok || !product.Active {
			return fmt.Errorf("the product %q cannot have prices", p.ProductID)
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%+v", p))
		key := hex.EncodeToString(sum[:8])
		if known, ok := f.replies[key]; ok {
			id, p.ID = known, known
			return f.update(p)
		}
		id = "price_" + key
		f.replies[key] = id
		f.transfer(p.LookupKey)
		p.ID = id
		f.prices[id] = p
		return nil
	})
	return id, err
}

func (f *fakeRemote) UpdatePrice(_ context.Context, p billing.RemotePrice) error {
	return f.write(func() error { return f.update(p) })
}

func (f *fakeRemote) update(p billing.RemotePrice) error {
	have, ok := f.prices[p.ID]
	if !ok {
		return fmt.Errorf("no such price: %s", p.ID)
	}
	if have.Money != p.Money || have.Interval != p.Interval || have.ProductID != p.ProductID {
		return fmt.Errorf("a price does not change: %+v to %+v", have, p)
	}
	if p.LookupKey == "" {
		p.LookupKey = have.LookupKey
	} else {
		f.transfer(p.LookupKey)
	}
	p.Active, p.Default = true, have.Default
	f.prices[p.ID] = p
	return nil
}

func (f *fakeRemote) DeactivatePrice(_ context.Context, p billing.RemotePrice) error {
	return f.write(func() error {
		have := f.prices[p.ID]
		if have.Default && !p.Default {
			return fmt.Errorf("%s is the default price of its product", p.ID)
		}
		have.Active, have.Default = false, false
		f.prices[p.ID] = have
		return nil
	})
}

func (f *fakeRemote) SavePortal(_ context.Context, p billing.RemotePortal) (id string, err error) {
	err = f.write(func() error {
		for _, product := range p.Products {
			for _, id := range product.PriceIDs {
				price, ok := f.prices[id]
				if !ok || !price.Active || price.ProductID != product.ProductID || !price.Interval.Recurring() {
					return fmt.Errorf("the portal cannot offer %q of %q", id, product.ProductID)
				}
			}
		}
		if p.ID == "" {
			p.ID = "bpc_1"
		}
		// Stripe keeps the order of nothing.
		for i := range p.Products {
			p.Products[i].PriceIDs = slices.Sorted(slices.Values(p.Products[i].PriceIDs))
		}
		p.Current = true
		f.portal, id = &p, p.ID
		return nil
	})
	return id, err
}

// holder returns the active price with the lookup key.
func (f *fakeRemote) holder(key string) (found billing.RemotePrice, n int) {
	for _, p := range f.prices {
		if p.Active && p.LookupKey == key {
			found = p
			n++
		}
	}
	return found, n
}

// lister is what a failing test reports with.
type lister interface {
	Helper()
	Errorf(format string, args ...any)
}

// wantInSync checks everything that has to be so after a sync.
func (f *fakeRemote) wantInSync(t lister, local billing.Catalog) {
	t.Helper()
	state, _ := f.RemoteCatalog(context.Background(), local)
	for _, c := range Diff(local, state) {
		t.Errorf("still to do: %s", c)
	}
	kept := map[string]bool{}
	var offered []string
	for _, plan := range local.Plans {
		for _, p := range plan.Prices {
			have, n := f.holder(p.LookupKey())
			if p.StripeID != "" {
				have, n = f.prices[p.StripeID], 1
			} else if have.Money != p.Money || have.Interval != p.Interval || have.Plan != plan.Name || !f.products[have.ProductID].Active {
				t.Errorf("%s is sold by %+v, product %+v", p.LookupKey(), have, f.products[have.ProductID])
			}
			if n != 1 {
				t.Errorf("%s: %d active prices", p.LookupKey(), n)
			}
			kept[have.ID] = true
			if p.Interval.Recurring() {
				offered = append(offered, have.ID)
			}
		}
	}
	for _, p := range f.prices {
		if p.Active && p.Plan != "" && !kept[p.ID] {
			t.Errorf("still on sale: %+v", p)
		}
	}
	var inPortal []string
	if f.portal != nil {
		for _, p := range f.portal.Products {
			inPortal = append(inPortal, p.PriceIDs...)
		}
	}
	slices.Sort(offered)
	slices.Sort(inPortal)
	if !slices.Equal(offered, inPortal) {
		t.Errorf("the portal offers %q, want %q", inPortal, offered)
	}
}

func mustSync(t *testing.T, f *fakeRemote, local billing.Catalog) []string {
	t.Helper()
	changes, err := Sync(t.Context(), f, local)
	if err != nil {
		t.Fatal(err)
	}
	f.wantInSync(t, local)
	var out []string
	for _, c := range changes {
		out = append(out, c.String())
	}
	return out
}

func mustParse(t *testing.T, s string) billing.Catalog {
	t.Helper()
	c, err := Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}
