package billing

// AdjustmentKey is the business key of what the operator corrects.
func AdjustmentKey(key string) string { return "adjustment:" + key }

// Adjust notes a correction by the operator. What is given never expires. More
// than is available is not taken: that is a Conflict.
func (c *Credits) Adjust(amount int64, reason, key string) error {
	e := CreditEntry{Amount: amount, Kind: Adjustment, Key: AdjustmentKey(key), Reason: reason}
	switch {
	case amount == 0:
		return Errorf(Invalid, "An adjustment of nothing changes nothing.")
	case amount > 0:
		c.note(e)
	case -amount > c.Available() && c.Held > 0:
		return Errorf(Conflict, "There are %d credits to take, because %d of %d are reserved. Take fewer, or wait for the reservations to end.", c.Available(), c.Held, c.Balance)
	case -amount > c.Available():
		return Errorf(Conflict, "There are %d credits to take. Take fewer.", c.Available())
	default:
		c.Take(e, -amount)
	}
	return nil
}
