// Package attacks tries to break out of a confinement.
//
// A guest program in C makes one attack, by raw calls. Without confinement it
// must succeed, so that the test can fail; confined it must leave what is
// outside as it was: a tree of files, a process, and everybody who listens.
// Attacks that win by racing against the tracer are not among them.
package attacks
