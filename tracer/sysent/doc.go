// Package sysent is the one table of what catbox knows about the system calls
// of Linux: for each call its numbers, what each argument is, what it touches,
// and which register conditions decide it without a stop.
//
// Everything else is derived from this table: the seccomp filter, the decoder
// of arguments, the documentation page of calls and the list of calls that
// tests must cover. A special case is a new [Role], [Op] or [Class] here, never
// the name of a call in an if or a switch elsewhere.
//
// What does not belong here: BPF (package seccomp), registers and stops
// (package tracer), rules and decisions (package catbox).
package sysent
