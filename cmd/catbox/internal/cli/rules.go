package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/pathrules"
)

// absoluteRules makes relative paths absolute, as the library wants them, and
// checks each rule, so that an error names the flag.
func absoluteRules(rules []string, flag string) ([]string, error) {
	list := make([]string, 0, len(rules))
	for _, text := range rules {
		rule, err := absolute(text)
		if err != nil {
			return nil, usagef(ruleHint(text, err), "%s %s: %w", flag, catbox.Printable(text), unwrapPath(err))
		}
		if _, err := pathrules.Parse(rule); err != nil {
			return nil, usagef("a rule is a path, or ~ and a Perl regular expression; see catbox run --help", "%s: %w", flag, err)
		}
		list = append(list, rule)
	}
	return list, nil
}

// ruleHint says what to do about a relative rule that leads nowhere, or that cannot
// be looked up on this machine.
func ruleHint(rule string, err error) string {
	switch {
	case errors.Is(err, catbox.ErrNoProc):
		return mountProc
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS):
		return askDoctor
	case strings.Contains(rule, ".."):
		return "write the path without .."
	}
	return "write the whole path, from /"
}

// absolute returns a path rule as an absolute path without "..". A slash at its
// end stays; what is empty, absolute or a regular expression stays as it is.
//
// Where ".." leads is decided by the kernel, not by the text: the directory
// before it may be a link.
func absolute(text string) (string, error) {
	if text == "" || text[0] == '~' {
		return text, nil
	}
	names := strings.Split(text, "/")
	last := len(names) - 1
	for last >= 0 && names[last] != ".." {
		last--
	}
	if text[0] == '/' && last < 0 {
		return text, nil
	}
	base := strings.Join(names[:last+1], "/")
	if base == "" {
		base = "."
	}
	dir, err := catbox.Canonical(base, catbox.CanonicalOptions{Follow: true})
	if err != nil {
		return "", err
	}
	path := filepath.Join(append([]string{dir}, names[last+1:]...)...)
	if strings.HasSuffix(text, "/") && path != "/" {
		path += "/"
	}
	return path, nil
}

// unwrapPath drops the operation and the path of an error that is about to be
// printed behind them.
func unwrapPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// isHomePath reports whether a regular expression looks like a path in a home
// directory that the shell did not expand.
func isHomePath(rule string) bool {
	return strings.HasPrefix(rule, "~/") && !strings.ContainsAny(rule, `\^$*+?()[]{}|`)
}

// ruleHints names rules that probably do not say what was meant: a "~" that was
// to be the home directory, and paths that do not exist beside which something
// was refused.
func ruleHints(rules []string, refused []catbox.Violation) []string {
	var hints []string
	for _, rule := range rules {
		if strings.HasPrefix(rule, "~") {
			if isHomePath(rule) {
				hints = append(hints, "the rule "+quote(rule)+" is a regular expression; for your home directory write \"$HOME\""+rule[1:])
			}
			continue
		}
		rule = filepath.Clean(rule)
		beside := func(v catbox.Violation) bool { return isBelow(v.Canonical, filepath.Dir(rule)) }
		if _, err := os.Lstat(rule); errors.Is(err, fs.ErrNotExist) && slices.ContainsFunc(refused, beside) {
			hints = append(hints, "the allowed path "+quote(rule)+" does not exist")
		}
	}
	return hints
}

// isBelow reports whether a path is in a directory other than the root, however
// deep.
func isBelow(path, dir string) bool {
	return dir != "/" && strings.HasPrefix(path, dir+"/")
}
