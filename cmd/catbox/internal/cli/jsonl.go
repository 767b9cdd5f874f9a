package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/catbox-go/catbox/catbox"
)

// jsonLines writes violations as JSON Lines, each when it happens, so that
// nothing is lost if catbox is killed.
type jsonLines struct{ w io.Writer }

func (l *jsonLines) violation(v catbox.Violation) error { return l.write(v) }

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
	return l.write(map[string]summary{"summary": s})
}

// write writes one line with one call of write(2): lines do not mix with those
// of the command.
func (l *jsonLines) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("--violations: %w", err)
	}
	if _, err := l.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("--violations: %w", err)
	}
	return nil
}
