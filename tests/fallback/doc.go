// Package fallback runs catbox where something is missing: system calls that a
// container refuses or that a kernel has not, no /proc, no /dev, no place for
// temporary files, a tracer that was there before. Each time it works, or says
// exactly what is missing.
//
// What is missing is taken away by tests/without, which refuses system calls, and
// by mounts.
package fallback
