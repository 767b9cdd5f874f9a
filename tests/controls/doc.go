// Package controls checks that an honest program cannot tell that it is
// confined, except by what is refused to it.
//
// A guest program in C has many controls: each does something that programs do
// and prints what came of it. Each runs natively and confined, in a directory
// that it may write; both must print the same, and nothing may be refused.
package controls
