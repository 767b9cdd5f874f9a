package cli

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/tracer"
)

// stalled is the hook for a run that does not get on. It may be called while
// another hook is at work.
func (a *app) stalled(s catbox.Stall) {
	program := ""
	// Not the command line: to read it, the kernel may have to wait, too.
	if name, err := os.ReadFile("/proc/" + strconv.Itoa(s.Tid) + "/comm"); err == nil {
		program = " (" + catbox.Printable(strings.TrimSpace(string(name))) + ")"
	}
	a.message("%s no progress: %v%s", a.style.bad("warning:"), s, program)
	a.message("%s %s", a.style.note("hint:"), stallHint(s.Kind))
}

func stallHint(kind tracer.StallKind) string {
	switch kind {
	case tracer.Lost:
		return "this is a fault of catbox, please report it with the output of catbox doctor --json; SIGTERM ends the run"
	case tracer.Dying:
		return "it waits in the kernel, for a file system or a device, and ends when that answers"
	}
	return "a file system may not answer, or nobody reads the output of catbox; the commands wait for it, and SIGTERM ends the run"
}

// abandoned reports whether a run did not end when it was told to. The thread that
// traces is still at work then, so the report must be left alone; and nothing may
// be done that could block as that thread does.
func abandoned(err error) bool {
	var stall *catbox.StallError
	return errors.As(err, &stall)
}
