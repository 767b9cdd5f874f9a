package cli

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/catbox-go/catbox/catbox"
)

// TestNoProgress lists where there is no status line.
func TestNoProgress(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer tty.Close()
	var buffer bytes.Buffer
	tests := []struct {
		name string
		err  io.Writer
		term string
		rows uint16
		set  func(f *runFlags)
		want bool
	}{
		{name: "terminal", err: tty, term: "xterm", rows: 5, want: true},
		{name: "small", err: tty, term: "xterm", rows: 4},
		{name: "dumb", err: tty, term: "dumb", rows: 24},
		{name: "no TERM", err: tty, rows: 24},
		{name: "buffer", err: &buffer, term: "xterm", rows: 24},
		{name: "quiet", err: tty, term: "xterm", rows: 24, set: func(f *runFlags) { f.quiet = true }},
		{name: "never", err: tty, term: "xterm", rows: 24, set: func(f *runFlags) { f.record.progress = progressNever }},
		{name: "no record", err: tty, term: "xterm", rows: 24, set: func(f *runFlags) { f.record.file = "" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("TERM", test.term)
			if err := pty.Setsize(tty, &pty.Winsize{Rows: test.rows, Cols: 80}); err != nil {
				t.Fatal(err)
			}
			f := &runFlags{record: recordFlags{file: "record"}}
			if test.set != nil {
				test.set(f)
			}
			box := &catbox.Sandbox{}
			line := (&app{err: test.err}).newProgress(f, box)
			if (line != nil) != test.want || (box.Progress != nil) != test.want {
				t.Errorf("a line: %v, counters: %v, want %v", line != nil, box.Progress != nil, test.want)
			}
			line.stop()
			line.stop()
		})
	}
}

func TestProgressLine(t *testing.T) {
	p := &progress{count: &catbox.Progress{}}
	p.count.Processes.Store(1)
	p.count.Files.Store(20)
	p.count.Violations.Store(3)
	for _, test := range []struct {
		t    time.Duration
		want string
	}{
		{0, "catbox: 0:00, 1 process, 20 files, 3 violations"},
		{75*time.Minute + 9*time.Second, "catbox: 1:15:09, 1 process, 20 files, 3 violations"},
	} {
		if got := p.line(test.t); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
