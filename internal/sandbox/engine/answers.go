package engine

// answerLife is how long an idempotency key is remembered at least, from Stripe's documentation: 24 hours.
const answerLife = int64(24 * 60 * 60)

// Keys live by the sandbox's own clock, whatever the request is about.

// Answer is what a request with this idempotency key was answered, nil when the key is new.
func (tx *Tx) Answer(key string) *SavedAnswer {
	a := tx.Answers.get(key)
	if a != nil && tx.e.clock()-a.At > answerLife {
		return nil
	}
	return a
}

// Remember keeps an answer for a repetition of its request.
func (tx *Tx) Remember(key string, a SavedAnswer) {
	a.At = tx.e.clock()
	tx.Answers.add(key, &a)
}
