package engine

// flags are the ids that something is true of.
type flags struct{ table[bool] }

func (f *flags) set(id string) {
	yes := true
	f.add(id, &yes)
}
