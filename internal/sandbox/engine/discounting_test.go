package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSpreadIsExactAndFair(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 11))
	for range 2000 {
		weights := make([]int64, 1+rng.IntN(9))
		sum := int64(0)
		for i := range weights {
			weights[i] = rng.Int64N(1_000_000_000)
			sum += weights[i]
		}
		amount := rng.Int64N(sum + 1)
		shares, total := spread(amount, weights), int64(0)
		for i, s := range shares {
			total += s
			if exact := float64(amount) * float64(weights[i]) / float64(sum); s > weights[i] || float64(s)-exact >= 1.001 || exact-float64(s) >= 1.001 {
				t.Errorf("%d of %d over %v: share %d is %d", amount, sum, weights, i, s)
			}
		}
		if total != amount {
			t.Errorf("%d over %v gives %v, which is %d", amount, weights, shares, total)
		}
	}
	if got := spread(100, []int64{1, 1, 1}); !slices.Equal(got, []int64{34, 33, 33}) {
		t.Errorf("what is left over goes to the first of equals: %v", got)
	}
}

func TestShareRoundsHalfUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ amount, part, whole, want int64 }{
		{5, 1000, 10000, 1}, {4, 1000, 10000, 0}, {15, 1000, 10000, 2}, {-5, 1000, 10000, -1}, {1100, 1000, 11000, 100}, {0, 1, 3, 0},
		{9_000_000_000_000_000, 999_999, 1_000_000, 8_999_991_000_000_000},
	} {
		if got := share(tt.amount, tt.part, tt.whole); got != tt.want {
			t.Errorf("%d × %d / %d: %d, want %d", tt.amount, tt.part, tt.whole, got, tt.want)
		}
	}
}

func TestTaxRatesAreReadAsPercent(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"10": 1000, "8.25": 825, "7.7": 770, "0": 0, "100": 10000, "19%": 1900} {
		if got, err := ParseTaxRate(in); err != nil || *got != want {
			t.Errorf("%q: %v %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"ten", "-1", "101", "8.255", ".5", "8,25"} {
		if _, err := ParseTaxRate(in); err == nil {
			t.Errorf("%q went through", in)
		}
	}
}
