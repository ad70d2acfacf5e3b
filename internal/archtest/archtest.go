// Package archtest holds the house rules that are tests: who may import whom,
// where third-party packages live, and that every package says what it is for.
package archtest
