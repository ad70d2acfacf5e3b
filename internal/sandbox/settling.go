package sandbox

import "net/http"

// settling holds an answer back until what it answers for is safe.
type settling struct {
	http.ResponseWriter
	settle  func() error
	started bool
	failed  bool
}

// WriteHeader settles first; when that fails the answer says so instead.
func (w *settling) WriteHeader(status int) {
	if w.started {
		return
	}
	w.started = true
	if err := w.settle(); err != nil {
		w.failed = true
		http.Error(w.ResponseWriter, "The sandbox could not save its state: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// finish settles for a handler that answered nothing.
func (w *settling) finish() {
	if !w.started {
		w.started = true
		_ = w.settle()
	}
}

// Write answers 200 unless another status was given.
func (w *settling) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.failed {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *settling) Unwrap() http.ResponseWriter { return w.ResponseWriter }
