package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/catbox-go/catbox/catbox"
)

// exitTask is the exit status of a command other than run whose task failed.
const exitTask = 1

// taskError is the error of such a task.
type taskError struct {
	err  error
	hint string
}

// Error shows paths as they can be printed.
func (e *taskError) Error() string {
	var path *fs.PathError
	if !errors.As(e.err, &path) {
		return e.err.Error()
	}
	return fmt.Sprintf("%s %s: %v", path.Op, catbox.Printable(path.Path), path.Err)
}

func (e *taskError) Unwrap() error { return e.err }

// isTask reports whether err is about the task of a command.
func isTask(err error) (*taskError, bool) {
	var t *taskError
	return t, errors.As(err, &t)
}
