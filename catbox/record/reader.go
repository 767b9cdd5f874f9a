package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Errors of reading.
var (
	// ErrNoRecord is the error of a file that does not begin with the line of a run.
	ErrNoRecord = errors.New("no build record")
	// ErrVersion is the error of a record of another version.
	ErrVersion = errors.New("unknown version of the build record")
)

// maxLine bounds a line; the writer's are far shorter.
const maxLine = 64 << 20

// CutReason is the reason that is given for a record without a last line.
const CutReason = "the record has no end: its writer was killed, or could not write"

// LineError is a line of a record that cannot be read.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// Read returns the events of a record in their order. The first one is a *Run and the
// last one an *End: for a record that was cut short the reader makes one itself, which
// has Cut set. Lines of unknown type are passed over.
//
// After an error, which is a [*LineError] or one of r, there is nothing more.
func Read(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		in := &lines{r: bufio.NewReaderSize(r, 64<<10)}
		first, err := in.first()
		if err != nil {
			yield(nil, err)
			return
		}
		if !yield(first, nil) {
			return
		}
		processes := 0
		for {
			e, err := in.next()
			switch {
			case errors.Is(err, io.EOF):
				yield(&End{Reasons: []string{CutReason}, Status: Status{Code: -1}, Processes: processes, Cut: true}, nil)
				return
			case err != nil:
				yield(nil, err)
				return
			case e == nil:
				continue
			}
			if _, ok := e.(*Start); ok {
				processes++
			}
			_, last := e.(*End)
			if !yield(e, nil) || last {
				return
			}
		}
	}
}

// lines reads whole lines.
type lines struct {
	r   *bufio.Reader
	n   int
	buf []byte

	quick quick
}

// first reads the line of the run.
func (l *lines) first() (Event, error) {
	e, err := l.next()
	var line *LineError
	switch {
	case errors.Is(err, io.EOF) && len(l.buf) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrNoRecord)
	case errors.Is(err, io.EOF) && kindOf(l.buf) == (*Run)(nil).kind():
		return nil, fmt.Errorf("%w: it ends within its first line", ErrNoRecord)
	case errors.Is(err, io.EOF), errors.As(err, &line) && !errors.Is(err, ErrVersion):
		return nil, ErrNoRecord
	case err != nil:
		return nil, err
	}
	if _, ok := e.(*Run); !ok {
		return nil, ErrNoRecord
	}
	return e, nil
}

// next returns the next event, nil for a line of unknown type, or io.EOF behind the
// last whole line.
func (l *lines) next() (Event, error) {
	line, err := l.line()
	if err != nil {
		return nil, err
	}
	if files := l.quick.files(line); files != nil {
		return files, nil
	}
	e, err := decode(line)
	if err == nil && l.n > 1 {
		if _, again := e.(*Run); again {
			err = errors.New("a second run")
		}
	}
	if err != nil {
		return nil, &LineError{l.n, err}
	}
	return e, nil
}

// line returns the next line, which is good until the next call.
func (l *lines) line() ([]byte, error) {
	l.n++
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		if err == nil && len(l.buf) == 0 {
			return bytes.TrimSuffix(part, []byte("\n")), nil
		}
		l.buf = append(l.buf, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(l.buf, []byte("\n")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err // io.EOF: what was begun is not whole
		case len(l.buf) > maxLine:
			return nil, &LineError{l.n, errors.New("the line is too long")}
		}
	}
}
