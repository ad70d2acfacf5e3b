package main

import (
	"math"
	"testing"
	"time"
)

func TestPercentileIsTheNearestRank(t *testing.T) {
	t.Parallel()
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, tt := range []struct {
		values []int
		p      float64
		want   int
	}{
		{nil, 0.5, 0}, {[]int{7}, 0, 7}, {[]int{7}, 0.99, 7}, {[]int{1, 2}, 0.5, 1}, {[]int{1, 2}, 0.51, 2}, {[]int{1, 2, 3}, 0.5, 2},
		{hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 0.991, 100}, {hundred, 1, 100},
	} {
		if got := percentile(tt.values, tt.p); got != tt.want {
			t.Errorf("percentile %v of %d values: got %d, want %d", tt.p, len(tt.values), got, tt.want)
		}
	}
	if got := median([]int{9, 1, 5}); got != 5 {
		t.Errorf("the median of 9, 1, 5: got %d", got)
	}
}

func TestSlopeIsTheGrowthThatFitsBest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		x, y []float64
		want float64
	}{
		{nil, nil, 0}, {[]float64{1}, []float64{5}, 0}, {[]float64{1, 1}, []float64{5, 6}, 0},
		{[]float64{0, 1, 2}, []float64{5, 5, 5}, 0}, {[]float64{0, 1, 2}, []float64{1, 3, 5}, 2}, {[]float64{0, 1, 2, 3}, []float64{0, 2, 1, 3}, 0.8},
	} {
		if got := slope(tt.x, tt.y); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%v over %v: got %v, want %v", tt.y, tt.x, got, tt.want)
		}
	}
}

func TestARateHoldsOnlyWhenNothingPilesUp(t *testing.T) {
	t.Parallel()
	const rate, long = 100, 10 * time.Second
	all := outcome{took: make([]time.Duration, rate*10), measured: long}
	counts := func(n ...float64) *samples {
		s := &samples{count: n}
		for i := range n {
			s.at = append(s.at, float64(i))
		}
		return s
	}
	for name, tt := range map[string]struct {
		seen *samples
		o    outcome
		want bool
	}{
		"an even queue":           {counts(10, 12, 9, 11), all, true},
		"a queue that shrinks":    {counts(50, 20, 10, 5), all, true},
		"a queue that grows":      {counts(10, 20, 30, 40), all, false},
		"a queue of many seconds": {counts(500, 500, 500, 500), all, false},
		"nobody looked":           {counts(), all, false},
		"fewer sent than offered": {counts(1, 1, 1), outcome{took: make([]time.Duration, rate*9), measured: long}, false},
		"one refused":             {counts(1, 1, 1), outcome{took: all.took, measured: long, refused: map[int64]int{7: 503}}, false},
	} {
		if got := tt.seen.judge(rate, tt.o); got.steady != tt.want {
			t.Errorf("%s: holds %v, want %v", name, got.steady, tt.want)
		}
	}
}
