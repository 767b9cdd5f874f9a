// Package cli is the catbox command: flags, signals, what a person reads, and
// exit statuses. What is refused and why is decided by package catbox.
//
// Nothing in it is kept between two calls of [Main].
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Main runs catbox with the arguments behind its name and returns the exit
// status. Streams that are an *os.File are handed to the command as they are.
//
// While catbox run is at work, Main handles signals of the whole process.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{in: stdin, out: shared(stdout), err: shared(stderr)}
	if stdout == stderr {
		a.err = a.out
	}
	a.style, a.outStyle = newStyle(stderr), newStyle(stdout)
	root := a.root()
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return a.status
	}
	return a.fail(err)
}

// Root returns the tree of commands, for whoever writes documentation from it.
func Root() *cobra.Command {
	return (&app{in: strings.NewReader(""), out: io.Discard, err: io.Discard}).root()
}

// app is one call of the command.
type app struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	status int // exit status if no error says otherwise

	style    style // of err
	outStyle style // of out
}

const rootLong = `catbox runs a command that may write only where you allow it, as any user and
without privileges, namespaces or a daemon. Everything the command starts is
confined with it; what is refused is explained.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "catbox",
		Short:         "run a command that may write only where you allow it",
		Long:          rootLong,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return usagef("catbox run -- "+quoteAll(args), "unknown command %q", args[0])
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{err: err, hint: "see " + cmd.CommandPath() + " --help"}
	})
	root.AddCommand(a.runCommand(), a.reportCommand(), a.depsCommand(), a.exportCommand(), a.applyCommand(), a.canonicalCommand(), a.doctorCommand(), a.versionCommand())
	return root
}

// message prints one line of catbox itself.
func (a *app) message(format string, args ...any) {
	fmt.Fprintf(a.err, "catbox: "+format+"\n", args...)
}

// fail prints an error with its hints and returns its exit status.
func (a *app) fail(err error) int {
	status, hints := explain(err)
	a.message("%s %v", a.style.bad("error:"), err)
	for _, hint := range hints {
		a.message("%s %s", a.style.note("hint:"), hint)
	}
	return status
}

// usageError is a command line that is wrong.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(hint, format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...), hint: hint}
}

// lockedWriter makes a writer safe for the two that write to it during a run:
// what copies the output of the command, and the messages of catbox.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func shared(w io.Writer) io.Writer {
	if _, ok := w.(*os.File); ok {
		return w
	}
	return &lockedWriter{w: w}
}

// Write implements io.Writer.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// style colours words; the zero value does not.
type style struct{ colour bool }

// newStyle colours what goes to a terminal, unless the user wants none
// (https://no-color.org).
func newStyle(w io.Writer) style {
	f, ok := w.(*os.File)
	return style{colour: ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (s style) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bad(text string) string  { return s.paint("1;31", text) }
func (s style) note(text string) string { return s.paint("1", text) }
func (s style) good(text string) string { return s.paint("32", text) }

// isUsage reports whether err is about the command line.
func isUsage(err error) (*usageError, bool) {
	var u *usageError
	return u, errors.As(err, &u)
}
