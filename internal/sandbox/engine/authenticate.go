package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// authenticate is the 3-D Secure step of an intent: a page of the sandbox, reached by redirect when the caller said
// where to come back to, else left to the caller's script.
func (tx *Tx) authenticate(id, returnURL string) *shape.NextAction {
	page := tx.e.baseURL + "/3ds/" + id
	if returnURL == "" {
		return &shape.NextAction{Type: "use_stripe_sdk", UseStripeSDK: &shape.UseStripeSDK{StripeJS: page, Type: "three_d_secure_redirect"}}
	}
	return &shape.NextAction{Type: "redirect_to_url", RedirectToURL: &shape.RedirectToURL{ReturnURL: shape.Str(returnURL), URL: page}}
}
