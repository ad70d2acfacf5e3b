// Package reconcile finds out where the mirror differs from Stripe, and brings
// it in line: what webhooks do as things happen, this does afterwards, for all
// that got lost on the way.
package reconcile
