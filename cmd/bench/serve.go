package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// serve listens on LISTEN_ADDR until ctx ends. It is for the servers that are measured beside Payloop.
func serve(ctx context.Context, h http.Handler) error {
	server := &http.Server{Addr: os.Getenv("LISTEN_ADDR"), Handler: h, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() { stopped <- server.Shutdown(context.WithoutCancel(ctx)) })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// ceilingCommand serves the least that an HTTP server can do with a webhook: what the generator reaches against it is the
// most that it could measure.
func ceilingCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "ceiling",
		Short:  "Read webhooks at LISTEN_ADDR and answer 200",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
			}))
		},
	}
}
