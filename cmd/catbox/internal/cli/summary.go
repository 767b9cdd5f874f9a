package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/formats"
)

const (
	maxSteps = 10 // of the slowest that are shown
	maxShown = 40 // of other things
)

// summary is the text of catbox report.
type summary struct {
	w     io.Writer
	b     *record.Build
	style style
	out   *bufio.Writer
}

func (s *summary) write() error {
	s.out = bufio.NewWriter(s.w)
	s.head()
	s.counts()
	s.slowest()
	s.outputs()
	s.violations()
	s.network()
	return s.out.Flush()
}

// row writes a name and a value.
func (s *summary) row(name, text string, args ...any) {
	fmt.Fprintf(s.out, "%-12s "+text+"\n", append([]any{name}, args...)...)
}

func (s *summary) heading(text string) {
	fmt.Fprintf(s.out, "\n%s\n", s.style.note(text))
}

func (s *summary) head() {
	b := s.b
	for i, argv := range b.Run.All() {
		s.row([]string{"command", "then"}[min(i, 1)], "%s", quoteAll(argv))
	}
	s.row("directory", "%s", catbox.Printable(b.Run.Dir))
	s.row("result", "%s", s.result())
	s.row("started", "%s, took %s", b.Run.Started.Format(time.RFC3339), seconds(b.Duration()))
	if b.End.Complete {
		s.row("record", "complete, level %s", b.Run.Level)
	} else {
		s.row("record", "%s, level %s", s.style.bad("not complete"), b.Run.Level)
	}
	s.row("kernel", "%s, catbox %s", b.Run.Kernel, b.Run.Catbox)
}

func (s *summary) result() string {
	end := s.b.End
	switch {
	case end.Cut:
		return s.style.bad("unknown")
	case end.Signal != 0:
		return s.style.bad("ended by " + signalName(end.Signal))
	case end.Code != 0:
		return s.style.bad(fmt.Sprintf("exit status %d", end.Code))
	}
	return s.style.good("exit status 0")
}

func (s *summary) counts() {
	b := s.b
	programs := 0
	for _, p := range b.Processes {
		if len(p.Execs) > 0 {
			programs++
		}
	}
	s.row("processes", "%d, of which %d executed a program", len(b.Processes), programs)
	needed := 0
	inputs := b.With(record.ClassInput)
	for _, p := range inputs {
		if p.Needed() {
			needed++
		}
	}
	s.row("inputs", "%d used, %d only looked at or listed", needed, len(inputs)-needed)
	s.row("outputs", "%d", len(b.With(record.ClassOutput)))
	s.row("temporaries", "%d", len(b.With(record.ClassTemporary)))
	s.row("missing", "%d", len(b.With(record.ClassMissing)))
	if n := len(b.With(record.ClassRemoved)); n > 0 {
		s.row("removed", "%d that were there before", n)
	}
}

func (s *summary) slowest() {
	s.heading("slowest steps, without those that they started")
	for _, p := range s.b.Slowest(maxSteps) {
		fmt.Fprintf(s.out, "  %10s  %s%s\n", seconds(p.Self), processLine(p), ending(p))
	}
}

// processLine is the command line of a process in little room.
func processLine(p *record.Process) string {
	return commandLine(catbox.ProcessInfo{PID: p.PID, Argv: p.Argv()})
}

// ending says how a process ended if that is worth a word.
func ending(p *record.Process) string {
	switch {
	case p.Exit == nil:
		return ", end unknown"
	case p.Exit.Signal != 0:
		return ", " + signalName(p.Exit.Signal)
	case p.Exit.Code != 0:
		return ", " + formats.Status(p.Exit.Status)
	}
	return ""
}

func (s *summary) outputs() {
	outputs := s.b.With(record.ClassOutput)
	if len(outputs) == 0 {
		return
	}
	s.heading("outputs")
	for i, p := range outputs {
		if i == maxShown {
			fmt.Fprintf(s.out, "  and %d more; catbox deps has all\n", len(outputs)-i)
			break
		}
		fmt.Fprintf(s.out, "  %s\n", oneLine(p.Name))
	}
}

func (s *summary) violations() {
	list := s.b.Violations
	if len(list) == 0 {
		return
	}
	s.heading("refused")
	for i := range list {
		if i == maxShown {
			fmt.Fprintf(s.out, "  and %d more\n", len(list)-i)
			break
		}
		v := &list[i]
		line := v.Call
		if target := v.Target(); target != "" {
			line += " " + catbox.Printable(target)
		}
		if v.Reason != "" {
			line += ": " + oneLine(v.Reason)
		}
		if v.Allowed {
			line += " (allowed all the same)"
		}
		if len(v.Processes) > 0 {
			line += ", by " + commandLine(catbox.ProcessInfo{PID: v.Processes[0].PID, Argv: v.Processes[0].Argv})
		}
		fmt.Fprintf(s.out, "  %s\n", line)
	}
}

func (s *summary) network() {
	type attempt struct{ call, address, errno string }
	counts := map[attempt]int{}
	var order []attempt
	for _, n := range s.b.Network {
		a := attempt{n.Call, n.Address, n.Errno}
		if counts[a]++; counts[a] == 1 {
			order = append(order, a)
		}
	}
	if len(order) == 0 {
		return
	}
	s.heading("network")
	for i, a := range order {
		if i == maxShown {
			fmt.Fprintf(s.out, "  and %d more\n", len(order)-i)
			break
		}
		errno := ""
		if a.errno != "" {
			errno = ": " + a.errno
		}
		fmt.Fprintf(s.out, "  %dx %s %s%s\n", counts[a], a.call, catbox.Printable(a.address), errno)
	}
}

// writeTree writes the processes, each below the one that started it.
func writeTree(w io.Writer, b *record.Build) error {
	out := bufio.NewWriter(w)
	type item struct {
		p     *record.Process
		depth int
	}
	var stack []item
	push := func(list []*record.Process, depth int) {
		for i := len(list) - 1; i >= 0; i-- {
			stack = append(stack, item{list[i], depth})
		}
	}
	push(b.Roots(), 0)
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		p := top.p
		fmt.Fprintf(out, "%s%s, %s%s\n", strings.Repeat("  ", min(top.depth, maxIndent)), treeLine(p), seconds(b.Stop(p)-p.Time), ending(p))
		push(p.Children, top.depth+1)
	}
	return out.Flush()
}

// maxIndent bounds the indentation, which a chain of processes could make as long as
// it likes.
const maxIndent = 100

// treeLine is the whole command line of each program of a process.
func treeLine(p *record.Process) string {
	if len(p.Execs) == 0 {
		return fmt.Sprintf("(fork, pid %d)", p.PID)
	}
	var lines []string
	for i := range p.Execs {
		lines = append(lines, quoteAll(p.Execs[i].Argv))
	}
	return fmt.Sprintf("%s (pid %d)", strings.Join(lines, " -> "), p.PID)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// signalName is the name of a signal, such as SIGKILL.
func signalName(n int) string {
	if name := unix.SignalName(unix.Signal(n)); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", n)
}
