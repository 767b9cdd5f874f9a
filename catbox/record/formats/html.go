package formats

import (
	"cmp"
	_ "embed" // of the page
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/owners"
)

//go:embed report.html
var page string

const (
	maxBars   = 4000 // processes of the timeline: those that took longest
	maxRows   = 30   // lines of the table of slow steps
	maxNames  = 2000 // files of a list
	barWidth  = 1000 // of the timeline
	barHeight = 16   // of one process
)

// WriteHTML writes a report for a browser, in one file that needs nothing else: the
// timeline of the processes, the slowest steps, the inputs by package, the outputs,
// what was refused, and the network. Usage may be nil: the inputs are one list then.
func WriteHTML(w io.Writer, b *record.Build, usage *owners.Usage) error {
	t, err := template.New("report").Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, newReport(b, usage))
}

// report is what the page shows.
type report struct {
	Title    string
	Result   string
	Facts    [][2]string
	Complete bool
	Reasons  []string
	Good     bool

	Width, Axis int
	Bars        []bar
	Hidden      int // processes that are not in the timeline
	Ticks       []tick

	Steps      []step
	Inputs     []group
	Outputs    group
	Missing    group
	Absent     []string
	Violations []violation
	Network    []connection
}

type bar struct {
	X, Y, W float64
	Height  int
	Name    string
	Tip     string
	Class   string
}

// tick is a line of the timeline, one of eleven.
type tick struct {
	X    float64
	Text string
}

type step struct {
	Self, Wall, CPU, Status, Line string
	PID                           int
	Share                         float64 // of the longest, in percent
}

type group struct {
	Name  string
	Files []string
	More  int
}

// Count returns how many files there are.
func (g group) Count() int { return len(g.Files) + g.More }

type violation struct {
	Call, Target, Reason, By string
	Allowed                  bool
}

type connection struct {
	Call, Address, Result string
	Count                 int
}

func newReport(b *record.Build, usage *owners.Usage) *report {
	r := &report{Title: commands(&b.Run), Complete: b.End.Complete, Reasons: b.End.Reasons,
		Good: !b.End.Cut && b.End.Status == record.Status{}, Width: barWidth}
	result := Status(b.End.Status)
	if b.End.Cut {
		result = "unknown"
	}
	r.Result = result
	inputs := neededFiles(b)
	r.Facts = [][2]string{
		{"directory", b.Run.Dir}, {"result", result},
		{"started", b.Run.Started.Format(time.RFC3339)}, {"took", seconds(b.Duration())},
		{"processes", fmt.Sprint(len(b.Processes))}, {"inputs", fmt.Sprint(len(inputs))},
		{"outputs", fmt.Sprint(len(b.With(record.ClassOutput)))},
		{"temporaries", fmt.Sprint(len(b.With(record.ClassTemporary)))},
		{"missing", fmt.Sprint(len(b.With(record.ClassMissing)))},
		{"kernel", b.Run.Kernel}, {"catbox", b.Run.Catbox},
	}
	r.timeline(b)
	r.steps(b)
	r.Outputs = newGroup("outputs", names(b.With(record.ClassOutput)))
	r.Missing = newGroup("missing", names(b.With(record.ClassMissing)))
	if usage == nil {
		r.Inputs = []group{newGroup("all inputs", inputs)}
	} else {
		for _, p := range usage.Used {
			r.Inputs = append(r.Inputs, newGroup(p.Name+" "+p.Version, p.Files))
		}
		r.Inputs = append(r.Inputs, newGroup("of no package", usage.Unowned))
		r.Absent = usage.Absent
	}
	r.refusals(b)
	return r
}

func names(paths []*record.Path) []string {
	var list []string
	for _, p := range paths {
		list = append(list, p.Name)
	}
	return list
}

func newGroup(name string, files []string) group {
	shown := files[:min(len(files), maxNames)]
	return group{Name: name, Files: shown, More: len(files) - len(shown)}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// timeline places the processes that took longest. Each lane is as high as it needs.
func (r *report) timeline(b *record.Build) {
	total := max(b.Duration(), 1)
	scale := float64(barWidth) / float64(total)
	lanes := b.Lanes()
	order := make([]int, len(lanes))
	for i := range order {
		order[i] = i
	}
	length := func(i int) time.Duration { return b.Stop(b.Processes[i]) - b.Processes[i].Time }
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(length(y), length(x)) })
	r.Hidden = max(len(order)-maxBars, 0)
	order = order[:len(order)-r.Hidden]
	heights := map[int]int{}
	count := 0
	for _, i := range order {
		heights[lanes[i].Lane] = max(heights[lanes[i].Lane], lanes[i].Depth+1)
		count = max(count, lanes[i].Lane+1)
	}
	tops := make([]int, count+1)
	for lane := range count {
		tops[lane+1] = tops[lane] + heights[lane]
	}
	for _, i := range order {
		p := b.Processes[i]
		x := bar{X: float64(p.Time) * scale, Y: float64((tops[lanes[i].Lane] + lanes[i].Depth) * barHeight),
			W: max(float64(length(i))*scale, 0.5), Height: barHeight - 2, Name: clean(Name(p)),
			Tip: fmt.Sprintf("%s, pid %d\n%s", seconds(length(i)), p.PID, line(p.Argv()))}
		switch {
		case p.Exit == nil:
			x.Class = "unknown"
		case p.Exit.Status != record.Status{}:
			x.Class = "bad"
			x.Tip += "\n" + Status(p.Exit.Status)
		}
		r.Bars = append(r.Bars, x)
	}
	r.Axis = max(tops[count], 1) * barHeight
	for i := range 11 {
		r.Ticks = append(r.Ticks, tick{float64(i) * barWidth / 10, seconds(total * time.Duration(i) / 10)})
	}
}

func (r *report) steps(b *record.Build) {
	longest := time.Duration(1)
	for _, p := range b.Slowest(maxRows) {
		longest = max(longest, p.Self)
		s := step{Self: seconds(p.Self), Wall: seconds(b.Stop(p) - p.Time), Line: line(p.Argv()), PID: p.PID,
			Status: "unknown", Share: 100 * float64(p.Self) / float64(longest)}
		if p.Exit != nil {
			s.Status, s.CPU = Status(p.Exit.Status), seconds(p.Exit.User+p.Exit.System)
		}
		r.Steps = append(r.Steps, s)
	}
}

func (r *report) refusals(b *record.Build) {
	for i := range b.Violations[:min(len(b.Violations), maxNames)] {
		v := &b.Violations[i]
		row := violation{Call: v.Call, Target: clean(v.Target()), Reason: v.Reason, Allowed: v.Allowed}
		if len(v.Processes) > 0 {
			row.By = fmt.Sprintf("%s (pid %d)", line(v.Processes[0].Argv), v.Processes[0].PID)
		}
		r.Violations = append(r.Violations, row)
	}
	at := map[connection]int{}
	for _, n := range b.Network {
		c := connection{Call: n.Call, Address: clean(n.Address), Result: n.Errno}
		if c.Result == "" {
			c.Result = "done"
		}
		i, ok := at[c]
		if !ok && len(r.Network) == maxNames {
			continue
		}
		if !ok {
			i = len(r.Network)
			at[c] = i
			r.Network = append(r.Network, c)
		}
		r.Network[i].Count++
	}
}

// clean makes text of a name.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
