package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
)

// state is what GET /_sandbox/state answers.
func (b *bundle) state() []byte {
	b.Helper()
	res := must(http.Get(b.srv.URL + "/_sandbox/state"))
	defer res.Body.Close()
	return must(io.ReadAll(res.Body))
}

func keptIn(file string) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.StateFile = file }
}

// stateOf is the state that a file tells.
func stateOf(t *testing.T, file string) []byte {
	t.Helper()
	sb := must(sandbox.New(sandbox.Options{StateFile: file}))
	defer sb.Close()
	rec := httptest.NewRecorder()
	sb.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/_sandbox/state", nil))
	return rec.Body.Bytes()
}

// copied is a state file as a killed process would leave it.
func copied(t *testing.T, file string) string {
	t.Helper()
	left := filepath.Join(t.TempDir(), "left.json")
	if err := os.WriteFile(left, must(os.ReadFile(file)), 0o600); err != nil {
		t.Fatal(err)
	}
	return left
}

// wantSameState compares a sandbox with one that begins with a copy of its file.
func (b *bundle) wantSameState(file string) {
	b.Helper()
	want, left := b.state(), copied(b.T, file)
	if got := stateOf(b.T, left); !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		around := func(s []byte) string { return string(s[max(0, at-200):min(len(s), at+200)]) }
		b.Errorf("the file tells another state:\n got …%s…\nwant …%s…", around(got), around(want))
	}
}

// Whatever Stripe's scenarios do to the state, its file says the same after every step.
func TestTheStateFileTellsTheStateToTheByte(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "state.json")
			b := s.setup(t, keptIn(file))
			s.live(b)
			c := b.customer()
			must(b.stripe.Customers.Del(c.ID, nil))
			b.flush()
			b.wantSameState(file)
		})
	}
}

func TestHalfALineAtTheEndIsNotThere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, keptIn(file))
	b.customer()
	b.flush() // what comes of its delivery is in the state too
	whole := b.state()
	before := len(must(os.ReadFile(file)))
	b.subscribed(b.price("Basic", 500, "month"), visa)
	b.flush()
	data := must(os.ReadFile(file))
	end := before + bytes.IndexByte(data[before:], '\n')
	for _, cut := range []int{before, before + 1, end - 1, end} {
		left := filepath.Join(t.TempDir(), fmt.Sprint(cut))
		if err := os.WriteFile(left, data[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if got := stateOf(t, left); !bytes.Equal(got, whole) {
			t.Errorf("cut at %d of a line from %d to %d: the state differs from that before", cut, before, end)
		}
		again := setup(t, keptIn(left)) // goes on where the whole lines end
		again.flush()
		again.wantSameState(left)
	}
}

func TestABrokenLineIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, keptIn(file))
	b.customer()
	data := must(os.ReadFile(file))
	broken := copied(t, file)
	lines := strings.SplitAfter(string(data), "\n")
	lines[1] = "{\"rows\":[{\n"
	if err := os.WriteFile(broken, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.New(sandbox.Options{StateFile: broken}); err == nil || !strings.Contains(err.Error(), broken) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
}

func TestTwoSandboxesDoNotShareAStateFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, keptIn(file))
	if _, err := sandbox.New(sandbox.Options{StateFile: file}); err == nil || !strings.Contains(err.Error(), "another sandbox") {
		t.Errorf("got %v", err)
	}
	if err := b.sb.Close(); err != nil {
		t.Fatal(err)
	}
	second := must(sandbox.New(sandbox.Options{StateFile: file}))
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFileOfOneObjectIsReadToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.subscribed(b.price("Basic", 500, "month"), visa)
	b.flush()
	file := filepath.Join(t.TempDir(), "state.json")
	want := b.state()
	if err := os.WriteFile(file, want, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it is a journal from then on
		if got := stateOf(t, file); !bytes.Equal(got, want) {
			t.Error("the state differs")
		}
	}
}

func TestTheStateFileStaysLean(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, keptIn(file), func(o *sandbox.Options) { o.JournalSlack = 10_000 })
	c := b.customer()
	for i := range 200 {
		must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{Name: stripe.String(fmt.Sprint("Ada ", i))}))
	}
	b.flush()
	if file, state := len(must(os.ReadFile(file))), len(b.state()); file > 4*state+20_000 {
		t.Errorf("the file has %d bytes, its state %d", file, state)
	}
	b.wantSameState(file)
}

func TestAStateThatIsNoneIsNotPutBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer()
	b.flush()
	want := b.state()
	for _, body := range []string{"", "{}", "[]", "{\"state\":{}}", "{\"state\":null,\"events\":[]}", "nonsense", "{\"state\":{\"customers\":[{\"id\":1}]}}"} {
		req := must(http.NewRequest(http.MethodPut, b.srv.URL+"/_sandbox/state", strings.NewReader(body)))
		res := must(http.DefaultClient.Do(req))
		_ = res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %s", body, res.Status)
		}
	}
	if !bytes.Equal(b.state(), want) {
		t.Error("the state changed")
	}
}
