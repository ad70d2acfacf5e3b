package doctor

import (
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/config"
)

// Settings are the environment, and what is wrong with it. What is wrong with
// one part does not keep the others from being looked at.
type Settings struct {
	config.Config
	Given            config.Config // without an address derived from LISTEN_ADDR, as commands read it that write to Stripe
	DatabaseProblems []string
	StripeProblems   []string
	OtherProblems    []string
}

// ReadSettings reads the environment, variables as NAME=value.
func ReadSettings(environ []string) Settings {
	c, _ := config.Load(environ, config.Database|config.Stripe|config.Web)
	given, _ := config.Load(environ, config.Stripe)
	form := problems(environ, 0) // values of the wrong form, which every part would name
	without := func(list []string) []string {
		return slices.DeleteFunc(list, func(s string) bool { return slices.Contains(form, s) })
	}
	return Settings{
		Config:           c,
		Given:            given,
		DatabaseProblems: without(problems(environ, config.Database)),
		StripeProblems:   without(problems(environ, config.Stripe)),
		OtherProblems:    problems(environ, config.Web),
	}
}

func problems(environ []string, need config.Need) []string {
	_, err := config.Load(environ, need)
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

const checkConfiguration = "configuration"

func (d *Doctor) configuration() {
	s := d.Settings
	for _, p := range s.OtherProblems {
		d.found(checkConfiguration, Problem, "%s.", p)
	}
	if d.CatalogErr != nil {
		d.found(checkConfiguration, Problem, "%s.", reason(d.CatalogErr))
	}
	if len(s.OtherProblems) > 0 || d.CatalogErr != nil {
		return
	}
	if n := len(s.StripeWebhookSecrets); n > 1 {
		d.found(checkConfiguration, OK, "Complete. The app is called %s. STRIPE_WEBHOOK_SECRET holds %d secrets, as it should while they are rotated.", s.BaseURL, n)
		return
	}
	d.found(checkConfiguration, OK, "Complete. The app is called %s.", s.BaseURL)
}
