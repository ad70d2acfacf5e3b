package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// rolledSecret is one that was replaced, but that deliveries are still signed with for a while.
type rolledSecret struct {
	Secret    string `json:"secret"`
	ExpiresAt int64  `json:"expires_at"` // Unix seconds, sandbox time
}

// webhookState is what is remembered of the deliveries as a whole.
type webhookState struct {
	Rolled map[string][]rolledSecret `json:"rolled_secrets"` // by endpoint
}

// SecretRoll replaces an endpoint's secret.
type SecretRoll struct {
	ExpiresIn *int64 `form:"expires_in"` // seconds that the old secret stays good for; default and most: a day
}

// maxRoll is how long Stripe's dashboard lets an old secret live on at most, in seconds.
const maxRoll = int64(24 * 60 * 60)

// RollSecret gives an endpoint a new secret, and answers the endpoint with it. At once means that older ones which
// were still good end too: somebody else may know them.
func (tx *Tx) RollSecret(id string, in SecretRoll) (*shape.WebhookEndpoint, error) {
	end := tx.Endpoints.get(id)
	if end == nil {
		return nil, shape.NotFound("webhook_endpoint", "webhook endpoint", id)
	}
	lives := maxRoll
	set(&lives, in.ExpiresIn)
	if lives < 0 || lives > maxRoll {
		return nil, shape.Invalid("expires_in", "", "Invalid expires_in: must be between 0 and %d seconds.", maxRoll)
	}
	now := tx.e.clock()
	old := append([]rolledSecret{{end.Secret, now + lives}}, tx.Webhooks.Rolled[id]...)
	if tx.Webhooks.Rolled == nil {
		tx.Webhooks.Rolled = map[string][]rolledSecret{}
	}
	tx.Webhooks.Rolled[id] = slices.DeleteFunc(old, func(r rolledSecret) bool { return lives == 0 || r.ExpiresAt <= now })
	end.Secret = tx.newSecret()
	told := *end
	return &told, nil
}

// Secret is an endpoint's newest secret, and until when the older ones are good; zero when none is.
func (tx *Tx) Secret(id string) (secret string, oldUntil int64) {
	end := tx.Endpoints.get(id)
	if end == nil {
		return "", 0
	}
	for _, r := range tx.Webhooks.Rolled[id] {
		if r.ExpiresAt > tx.e.clock() {
			oldUntil = max(oldUntil, r.ExpiresAt)
		}
	}
	return end.Secret, oldUntil
}

// secrets are those that a delivery to an endpoint is signed with now, newest first.
func (e *Engine) secrets(end *shape.WebhookEndpoint) []string {
	out := []string{end.Secret}
	for _, r := range e.state.Webhooks.Rolled[end.ID] {
		if r.ExpiresAt > e.clock() {
			out = append(out, r.Secret)
		}
	}
	return out
}

func (s *state) newSecret() string { return "whsec_" + s.random(32) }
