package pathrules

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// Suggest returns the text of the rule that a person would write to allow name,
// a canonical path, or "" if it is not one.
//
// That is the directory of name, since a build that writes one file there writes
// others too. Where the directory belongs to the system or to everybody, such as
// /usr/lib, /etc, /tmp or a home directory, it is name alone; and if name is
// itself such a directory, it is a regular expression that matches it without
// what lies below.
func Suggest(name string) string {
	if _, ok := (*Set)(nil).walk([]byte(name)); !ok || len(name) > MaxPath {
		return ""
	}
	dir := path.Dir(name)
	switch {
	case isCommon(name):
		return exactly(name)
	case isCommon(dir) || isSystem(dir) || isDotDir(dir):
		return name
	}
	return dir
}

// exactly returns a rule that matches name and nothing else.
func exactly(name string) string {
	var rule strings.Builder
	rule.WriteString("~^")
	for _, r := range appendRunes(nil, []byte(name)) {
		switch {
		case r < utf8.RuneSelf:
			rule.WriteString(regexp2.Escape(string(r)))
		case utf8.ValidRune(r):
			rule.WriteRune(r) // Escape writes U+07B6 as \u7b6, which does not parse
		default:
			fmt.Fprintf(&rule, `\u%04x`, r)
		}
	}
	rule.WriteString(`\z`)
	return rule.String()
}

// isCommon reports whether dir is a directory in which things of different
// owners or purposes lie (file-hierarchy(7)).
func isCommon(dir string) bool {
	names := strings.Split(dir[1:], "/")
	switch names[0] {
	case "", "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "lost+found", "media", "mnt", "opt",
		"proc", "root", "run", "sbin", "srv", "sys", "tmp":
		return len(names) == 1
	case "home", "var":
		return len(names) <= 2
	case "usr":
		return len(names) <= 2 || len(names) == 3 && names[1] == "local"
	}
	return false
}

// isSystem reports whether dir lies where every file belongs to the system,
// however deep.
func isSystem(dir string) bool {
	top, rest, _ := strings.Cut(dir[1:], "/")
	switch top {
	case "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "lost+found", "proc", "run", "sbin", "sys":
		return true
	case "usr":
		return !strings.HasPrefix(rest, "src/")
	}
	return false
}

// isDotDir reports whether dir is a hidden directory of a home, such as ~/.ssh
// or ~/.config.
func isDotDir(dir string) bool {
	home, name := path.Split(dir)
	return strings.HasPrefix(name, ".") && (home == "/root/" || path.Dir(path.Clean(home)) == "/home")
}
