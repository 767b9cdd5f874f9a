package harness

import "regexp"

// raceLevels say from which version of Linux on races of tests/attacks are closed,
// see docs/threat-model.md. The first pattern that matches a name counts.
var raceLevels = []struct {
	level string
	names *regexp.Regexp
}{
	{"6.12", regexp.MustCompile(`setown_ex|pidfd`)},
	{"5.10", regexp.MustCompile(`chmod|chown|utime|xattr|setflags|futimens`)},              // carried out
	{"5.10", regexp.MustCompile(`^(tcp|udp|msghdr|socketcall|bind)_|listen`)},              // stand-ins
	{"5.10", regexp.MustCompile(`openat2|userfault|fifo|fiosetown|child_mem|copy|^type_`)}, // the tracer has no window
	{"6.2", regexp.MustCompile(`trunc`)},
	{"5.13", regexp.MustCompile(``)},
}

// RaceLevel returns the version of Linux from which on a race of tests/attacks is
// closed, if it is closed at all.
func RaceLevel(name string) string {
	for _, l := range raceLevels {
		if l.names.MatchString(name) {
			return l.level
		}
	}
	return ""
}
