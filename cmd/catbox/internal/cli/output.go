package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/catbox-go/catbox/catbox"
)

// output is where an export goes: into a file only when it is complete.
type output struct {
	io.Writer
	file *os.File // none for standard output
	name string   // of the file in the end, or "" if it has it already
}

func (a *app) openOutput(f *exportFlags, dir string) (*output, error) {
	if f.output != "-" {
		if name := target(f.output); isInside(filepath.Dir(name), dir) {
			return nil, usagef("give a FILE outside of it", "-o %s: in %s, it would be part of itself", catbox.Printable(name), catbox.Printable(dir))
		}
		return createOutput("-o", f.output)
	}
	if file, ok := a.out.(*os.File); ok && f.format == formatTar && term.IsTerminal(int(file.Fd())) {
		return nil, usagef("give -o FILE, or a pipe: catbox export ... | tar -tv", "an archive is nothing for a terminal")
	}
	return &output{Writer: a.out}, nil
}

// target returns what a name means if it is a link, so that the link stays.
func target(name string) string {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		return target
	}
	return name
}

// createOutput creates the file that a flag names.
func createOutput(flag, name string) (*output, error) {
	name = target(name)
	open, temporary, flags := name, "", os.O_WRONLY
	if info, err := os.Stat(name); err != nil || info.Mode().IsRegular() {
		// Beside it, so that it can be renamed.
		temporary = name
		open = filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%d", filepath.Base(name), os.Getpid()))
		flags |= os.O_CREATE | os.O_EXCL
	}
	file, err := os.OpenFile(open, flags, 0o666)
	if err != nil {
		return nil, &taskError{err: fmt.Errorf("%s %s: %w", flag, catbox.Printable(name), unwrapPath(err))}
	}
	return &output{Writer: file, file: file, name: temporary}, nil
}

// isInside reports whether a directory is another one or below it.
func isInside(name, dir string) bool {
	for _, p := range []*string{&name, &dir} {
		if target, err := filepath.EvalSymlinks(*p); err == nil {
			*p = target
		}
		if whole, err := filepath.Abs(*p); err == nil {
			*p = whole
		}
	}
	rest, err := filepath.Rel(dir, name)
	return err == nil && rest != ".." && !strings.HasPrefix(rest, "../")
}

// commit gives the file its name.
func (o *output) commit() error {
	if o.file == nil {
		return nil
	}
	if err := o.file.Close(); err != nil || o.name == "" {
		return err
	}
	if err := os.Rename(o.file.Name(), o.name); err != nil {
		return errors.Unwrap(err)
	}
	o.name = ""
	return nil
}

// discard removes what was not committed.
func (o *output) discard() {
	if o.file == nil || o.name == "" {
		return
	}
	o.file.Close()
	_ = os.Remove(o.file.Name()) // nothing is left to be done about it
}
