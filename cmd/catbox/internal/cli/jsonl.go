package cli

import (
	"encoding/json"
	"io"

	"github.com/catbox-go/catbox/catbox"
)

// jsonLines writes violations as JSON Lines, each when it happens, so that
// nothing is lost if catbox is killed.
type jsonLines struct {
	w      io.Writer
	failed bool // a line is missing, and was complained about
}

// listError is the error of a list of violations that cannot be written.
type listError struct {
	err   error
	ended bool // the commands, by it
}

func (e *listError) Error() string { return "--violations: " + e.err.Error() }
func (e *listError) Unwrap() error { return e.err }

func (e *listError) hint() string {
	if e.ended {
		return "the commands were ended, because the list would be incomplete; make room for it, or give another FILE"
	}
	return "the list is incomplete; make room for it, or give another FILE"
}

func (l *jsonLines) violation(v catbox.Violation) error {
	err := l.write(v)
	if err != nil {
		return &listError{err: err, ended: true}
	}
	return nil
}

// summary writes the last line. Its counts are those of the lines before it, in
// their order.
func (l *jsonLines) summary(status int, r *report) error {
	type summary struct {
		Status   int   `json:"status"`
		Refused  int   `json:"refused"`
		Distinct int   `json:"distinct"`
		Dropped  int   `json:"dropped"`
		Counts   []int `json:"counts"`
	}
	s := summary{Status: status, Refused: r.refused, Distinct: len(r.list), Dropped: r.dropped, Counts: []int{}}
	for i := range r.list {
		s.Counts = append(s.Counts, r.list[i].Count)
	}
	if l.failed {
		return nil
	}
	return l.write(map[string]summary{"summary": s})
}

// write writes one line with one call of write(2): lines do not mix with those
// of the command.
func (l *jsonLines) write(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = l.w.Write(append(line, '\n'))
	}
	l.failed = l.failed || err != nil
	return err
}
