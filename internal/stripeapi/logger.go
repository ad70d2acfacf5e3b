package stripeapi

import (
	"context"
	"fmt"
	"log/slog"
)

// leveledLogger passes on what stripe-go says. Bodies are dropped: they hold
// links that sign people in. Failures are only noted for debugging, because
// each comes back as an error, which is logged where it is handled.
type leveledLogger struct {
	logger *slog.Logger
	redact func(string) string
}

func (l leveledLogger) Debugf(string, ...any)            {}
func (l leveledLogger) Infof(format string, args ...any) { l.log(slog.LevelDebug, format, args) }
func (l leveledLogger) Warnf(format string, args ...any) { l.log(slog.LevelWarn, format, args) }
func (l leveledLogger) Errorf(format string, args ...any) {
	l.log(slog.LevelDebug, format, args)
}

func (l leveledLogger) log(level slog.Level, format string, args []any) {
	ctx := context.Background()
	if !l.logger.Enabled(ctx, level) {
		return
	}
	detail := l.redact(fmt.Sprintf(format, args...))
	l.logger.Log(ctx, level, "talking to Stripe", "detail", detail)
}
