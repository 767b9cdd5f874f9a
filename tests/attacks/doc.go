// Package attacks tries to break out of a confinement.
//
// A guest program in C makes one attack, by raw calls. Without confinement it
// must succeed, so that the test can fail; confined it must leave what is
// outside as it was: a tree of files, a process, and everybody who listens.
// Some of them are races against the tracer: they are tried again and again, for a time
// that a flag of the test says.
package attacks
