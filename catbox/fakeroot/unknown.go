package fakeroot

// Unknown says how the owner of a file shows of which nothing is recorded.
type Unknown uint8

// The ways. The files of others are real in all of them but UnknownRoot.
const (
	UnknownOwn  Unknown = iota // what belongs to the user shows as root's
	UnknownRoot                // everything shows as root's
	UnknownReal                // nothing does
)
