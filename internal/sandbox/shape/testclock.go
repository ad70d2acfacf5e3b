package shape

// TestClock is a clock of its own for a few customers: their time stands still until it is advanced.
type TestClock struct {
	ID            string             `json:"id"`
	Object        string             `json:"object"`
	Created       int64              `json:"created"`
	DeletesAfter  int64              `json:"deletes_after"`
	FrozenTime    int64              `json:"frozen_time"`
	Livemode      bool               `json:"livemode"`
	Name          Str                `json:"name"`
	Status        string             `json:"status"` // ready or advancing
	StatusDetails ClockStatusDetails `json:"status_details"`
}

// ClockStatusDetails says where an advancing clock is going.
type ClockStatusDetails struct {
	Advancing *ClockAdvancing `json:"advancing,omitempty"`
}

// ClockAdvancing is the time that a clock is advanced to.
type ClockAdvancing struct {
	TargetFrozenTime int64 `json:"target_frozen_time"`
}
