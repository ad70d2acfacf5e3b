package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/payloop/payloop/internal/devdb"
)

// world is what has been started so far.
type world struct {
	settings settings
	out      *lines
	end      context.CancelCauseFunc
	hurry    <-chan struct{} // closed when whoever waits has lost patience

	bin      string // folder of the built programs
	db       *devdb.DB
	children []*child // in the order they were started
}

// bringUp starts one thing after another, each when the one before answers. Programs are started from this goroutine
// alone: see main.
func (w *world) bringUp(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	w.bin = filepath.Dir(self)
	for _, step := range []func(context.Context) error{w.startDatabase, w.startSandbox, w.migrate, w.setUpWebhooks, w.syncCatalog, w.startApp} {
		if err := step(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

func (w *world) startDatabase(ctx context.Context) error {
	if w.settings.databaseURL != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, databaseWithin)
	defer cancel()
	db, err := devdb.Start(ctx, devdb.Options{Dir: w.settings.databaseDir(), Durable: true, Log: w.out.prefixed("database")})
	if err != nil {
		return err
	}
	w.db = db
	w.settings.databaseURL = db.URL(devdb.Database)
	go func() {
		<-db.Done()
		w.end(errors.New("The database ended by itself. Stopping the rest."))
	}()
	return nil
}

func (w *world) startSandbox(ctx context.Context) error {
	s := w.settings
	if s.stripe != sandbox {
		return nil
	}
	err := w.start(program{
		name: "sandbox", file: "sandbox",
		args: []string{
			"--addr", s.sandboxAddr,
			"--webhook", s.baseURL + "/webhooks/stripe", "--webhook-secret", firstOf(s.webhookSecret),
			"--state", filepath.Join(s.dataDir, "sandbox.json"), "--merchant", s.merchant(),
		},
		logOnly: true, // it greets as if it were alone
	})
	if err != nil {
		return err
	}
	return answers(ctx, "The sandbox", s.sandboxURL()+"/_sandbox/clock")
}

func (w *world) migrate(ctx context.Context) error {
	return w.runOnce(ctx, program{name: "migrate", file: "payloop", args: []string{"migrate"}})
}

func (w *world) syncCatalog(ctx context.Context) error {
	return w.runOnce(ctx, program{name: "catalog", file: "payloop", args: []string{"catalog", "sync"}})
}

// setUpWebhooks has the sandbox send what the app takes, and no more. At the real Stripe that is the founder's to do.
func (w *world) setUpWebhooks(ctx context.Context) error {
	if w.settings.stripe != sandbox {
		return nil
	}
	return w.runOnce(ctx, program{
		name: "webhooks", file: "payloop", args: []string{"webhooks", "setup"},
		logOnly: true, // it speaks of a secret that is known here
	})
}

func (w *world) startApp(ctx context.Context) error {
	if err := w.start(program{name: "app", file: "payloop", args: []string{"serve"}}); err != nil {
		return err
	}
	return answers(ctx, "The app", localURL(w.settings.listenAddr)+"/readyz")
}

// start starts a program that is to last, and ends everything when it does not.
func (w *world) start(p program) error {
	c, err := w.newChild(p)
	if err != nil {
		return err
	}
	w.children = append(w.children, c)
	go func() {
		<-c.done
		w.end(fmt.Errorf("The %s ended by itself (%s). Stopping the rest.", p.name, c.status()))
	}()
	return nil
}

// runOnce runs a program that is to end, and well.
func (w *world) runOnce(ctx context.Context, p program) error {
	c, err := w.newChild(p)
	if err != nil {
		return err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		c.stop(w.hurry)
		return context.Cause(ctx)
	}
	if !c.succeeded() {
		return fmt.Errorf("`%s` failed (%s).", p, c.status())
	}
	return nil
}

func (w *world) newChild(p program) (*child, error) {
	out := w.out.prefixed(p.name)
	return startChild(p, w.bin, w.settings.childEnvironment(), out)
}

// stop ends everything, the last started first, so that each finds what it needs until its end.
func (w *world) stop() error {
	for _, c := range slices.Backward(w.children) {
		c.stop(w.hurry)
	}
	if w.db == nil {
		return nil
	}
	return w.db.Stop()
}
