// Package record is the build record: what a command and everything it started
// really used, as one file of JSON Lines. docs/record.md has the schema.
//
// A [Writer] writes a record while the run goes on. [Read] reads it line by line,
// and [Load] makes a [Build] of it: the processes as a tree, and for each file
// whether it was an input, an output, a temporary or missing.
//
// A record says of itself whether it is complete. One that was cut short, because
// its writer was killed, is read up to its last whole line and counts as incomplete.
//
// The package traces nothing and imports nothing else of catbox: events are found
// elsewhere and given to the Writer. What is made of a Build for other programs is in
// package formats, and who owns its files in package owners.
package record
