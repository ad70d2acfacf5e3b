//go:build race

package main

// raceRounds is how many rounds of histories a test run with the race detector
// has, which makes each cost a multiple. `make test` runs all of them without.
const raceRounds = "5"
