package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/stripeapi"
)

// loadConfig reads the environment, and reports all that is wrong with it as
// one readable list.
func loadConfig(need config.Need) (config.Config, error) {
	cfg, err := config.Load(os.Environ(), need)
	if err == nil {
		return cfg, nil
	}
	list := "  - " + strings.ReplaceAll(err.Error(), "\n", "\n  - ")
	return cfg, errors.New("the configuration is not complete:\n" + list + "\nSet these in the environment or in .env; .env.example describes them all.")
}

// loadCatalog reads the plans, with the prices that the operator named by ID.
func loadCatalog(cfg config.Config) (billing.Catalog, error) {
	cat := catalog.Default()
	if cfg.PlansFile != "" {
		var err error
		if cat, err = catalog.Load(cfg.PlansFile); err != nil {
			return cat, fmt.Errorf("PLANS_FILE: %w", err)
		}
	}
	return catalog.WithPriceIDs(cat, cfg.PriceIDsTier1, cfg.PriceIDsTier2)
}

func newLogger(cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

func newStripe(cfg config.Config, log *slog.Logger, settings ...func(*stripeapi.Options)) *stripeapi.Client {
	o := stripeapi.Options{
		Key:             string(cfg.StripeSecretKey),
		BaseURL:         cfg.StripeAPIBase,
		PortalReturnURL: cfg.PortalReturnURL,
		Logger:          log,
	}
	for _, set := range settings {
		set(&o)
	}
	return stripeapi.New(o)
}

// tryOnce is for those who have a queue to try again from.
func tryOnce(o *stripeapi.Options) { o.TryOnce = true }
