package formats

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/catbox-go/catbox/catbox/record"
)

// traceEvent is a complete event ("ph": "X") of the Trace Event Format, or one of
// metadata; times are microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Time     float64        `json:"ts"`
	Duration *float64       `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

// WriteChrome writes the processes as a trace, for Perfetto (ui.perfetto.dev) and
// chrome://tracing. The rows of the picture are not processes but places for them, see
// [record.Build.Lanes].
func WriteChrome(w io.Writer, b *record.Build) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n")
	events := []traceEvent{{Name: "process_name", Phase: "M", Process: 1, Args: map[string]any{"name": "catbox: " + commands(&b.Run)}}}
	lanes := b.Lanes()
	for i, p := range b.Processes {
		duration := micro(b.Stop(p) - p.Time)
		e := traceEvent{Name: Name(p), Category: "process", Phase: "X", Time: micro(p.Time), Duration: &duration,
			Process: 1, Thread: lanes[i].Lane + 1, Args: map[string]any{"argv": line(p.Argv()), "id": p.ID, "pid": p.PID}}
		if exec := p.Exec(); exec != nil {
			e.Args["dir"], e.Args["executable"] = exec.Dir, exec.Path
		}
		if p.Exit != nil {
			e.Args["status"] = Status(p.Exit.Status)
			e.Args["cpu_ms"] = float64(p.Exit.User+p.Exit.System) / float64(time.Millisecond)
		}
		events = append(events, e)
	}
	for i := range events {
		text, err := json.Marshal(&events[i])
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprint(out, ",\n")
		}
		out.Write(text) //nolint:errcheck // Flush returns it
	}
	fmt.Fprint(out, "\n]}\n")
	return out.Flush()
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// Name is a short name of what a process ran.
func Name(p *record.Process) string {
	exec := p.Exec()
	switch {
	case exec == nil:
		return fmt.Sprintf("process %d", p.ID)
	case exec.Name != "":
		return filepath.Base(exec.Name)
	}
	return filepath.Base(exec.Path)
}

// Status says how a process ended.
func Status(s record.Status) string {
	if s.Signal != 0 {
		return fmt.Sprintf("signal %d", s.Signal)
	}
	return fmt.Sprintf("exit %d", s.Code)
}

const maxLine = 400 // bytes of a command line

// commands shows what was run.
func commands(r *record.Run) string {
	var all []string
	for _, argv := range r.All() {
		all = append(all, strings.Join(argv, " "))
	}
	return line([]string{strings.Join(all, "; ")})
}

// line is a command line for people; it is cut if it is long.
func line(argv []string) string {
	text := strings.ToValidUTF8(strings.Join(argv, " "), "\uFFFD")
	if len(text) <= maxLine {
		return text
	}
	cut := maxLine
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}
