package pathrules

import "time"

// SetTimeout changes the time that the regular expressions of a Rule may take.
func SetTimeout(r Rule, d time.Duration) { r.regex.MatchTimeout = d }

// AppendRunes is what a regular expression sees of a path.
func AppendRunes(to []rune, path []byte) []rune { return appendRunes(to, path) }

// AppendBytes is the inverse of AppendRunes.
func AppendBytes(to []byte, text []rune) ([]byte, bool) { return appendBytes(to, text) }
