package devdb

// Alive is for tests that live outside of the package.
var Alive = alive
