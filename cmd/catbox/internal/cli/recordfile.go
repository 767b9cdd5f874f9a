package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/formats"
)

// loadRecord reads the record of a build; - is standard input. What it lacks is said on
// standard error.
func (a *app) loadRecord(name string) (*record.Build, error) {
	in := a.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, &taskError{err: err, hint: recordHint(err)}
		}
		defer file.Close()
		in = file
	}
	b, err := record.Load(in)
	if err != nil {
		return nil, &taskError{err: fmt.Errorf("%s: %w", catbox.Printable(name), unwrapPath(err)), hint: recordHint(err)}
	}
	if !b.End.Complete {
		a.message("%s the record is not complete:", a.style.note("note:"))
		for _, reason := range b.End.Reasons {
			a.message("  %s", oneLine(reason))
		}
	}
	return b, nil
}

func recordHint(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, record.ErrNoRecord), errors.Is(err, unix.EISDIR):
		return "catbox run --record FILE writes one"
	case errors.Is(err, record.ErrVersion):
		return "use the version of catbox that has written it"
	}
	return ""
}

// notEmpty refuses flags that were given with nothing, as an unset variable of a shell
// makes them: they would count as not given.
func notEmpty(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		if f := flags.Lookup(name); f.Changed && f.Value.String() == "" {
			return usagef("is a variable of your shell not set?", "--%s is empty", name)
		}
	}
	return nil
}

func oneRecord(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("see "+cmd.CommandPath()+" --help", "%s takes one record, got %d arguments", cmd.CommandPath(), len(args))
	}
	return nil
}

// writeTo writes something to the file that a flag names, which it becomes only when it
// is complete, or to standard output.
func (a *app) writeTo(flag, name string, write func(io.Writer) error) error {
	out := &output{Writer: a.out}
	if name != "-" {
		var err error
		if out, err = createOutput(flag, name); err != nil {
			return err
		}
	}
	defer out.discard()
	err := write(out)
	if err == nil {
		err = out.commit()
	}
	var errno unix.Errno
	switch {
	case errors.As(err, &errno):
		return &taskError{err: fmt.Errorf("write %s: %w", catbox.Printable(name), unwrapPath(err))}
	case errors.Is(err, formats.ErrNoHashes):
		return &taskError{err: err, hint: "catbox run --record-hash makes them"}
	case err != nil:
		return &taskError{err: err}
	}
	return nil
}
