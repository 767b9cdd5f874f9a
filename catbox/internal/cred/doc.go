// Package cred is a model of credentials(7): the ids and capabilities of a process
// that believes to be root, and what the calls that change them do to them.
//
// It makes no system call and knows no tracee. Values are immutable: a change
// returns another one, so that a child shares its parent's until one of them
// changes.
package cred
