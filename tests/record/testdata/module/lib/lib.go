// Package lib has an answer.
package lib

// Answer returns it.
func Answer() int { return 42 }
