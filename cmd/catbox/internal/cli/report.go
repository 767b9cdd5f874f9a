package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/catbox-go/catbox/catbox"
)

const (
	maxLive    = 1000 // different violations that are reported as they happen
	maxSummary = 40   // and in the summary
)

// report tells of violations, as they happen and at the end, and sums up what
// several commands did. Its method violation is called on the thread that
// traces, never at the same time as the others.
type report struct {
	app   *app
	quiet bool
	stats bool
	rules []string // of -p
	lines *jsonLines

	seen    map[violationKey]int // index in list
	list    []catbox.Violation   // with the counts of the commands that have ended
	refused int
	dropped int

	usage     catbox.Usage
	processes int
	stops     uint64
	calls     uint64
	wall      time.Duration
}

// violationKey is what makes two violations equal.
type violationKey struct{ call, path, canonical, address, reason string }

func keyOf(v *catbox.Violation) violationKey {
	return violationKey{v.Call, v.Path, v.Canonical, v.Address, v.Reason}
}

func (a *app) newReport(f *runFlags, box *catbox.Sandbox) (*report, error) {
	r := &report{app: a, quiet: f.quiet, stats: f.stats, rules: box.Paths, seen: map[violationKey]int{}}
	if f.violations == "" {
		return r, nil
	}
	out := a.out
	if f.violations != "-" {
		file, err := os.OpenFile(f.violations, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
		if err != nil {
			return nil, fmt.Errorf("--violations: %w", err)
		}
		out = file
	}
	r.lines = &jsonLines{w: out}
	return r, nil
}

// guard says which rules the kernel does not hold a program to exactly.
func (r *report) guard(box *catbox.Sandbox) error {
	a, err := box.Assess()
	if err != nil || r.quiet || box.OnViolation == catbox.Report {
		return err
	}
	note := r.app.style.note("note:")
	if catbox.MachineLevel() == catbox.Level510 {
		r.app.message("%s the kernel does not guard the rules itself; see the level in catbox doctor", note)
	}
	for _, w := range a.Weak {
		r.app.message("%s %s", note, w.String())
	}
	return nil
}

// violation is the hook. It reports what it has not seen.
func (r *report) violation(v catbox.Violation) error {
	key := keyOf(&v)
	if _, ok := r.seen[key]; ok || len(r.seen) >= maxLive {
		return nil
	}
	r.seen[key] = len(r.list)
	first := v
	first.Count = 0
	r.list = append(r.list, first)
	if !r.quiet {
		r.app.message("%s", r.live(&v))
		if len(r.list) == maxLive {
			r.app.message("%s %s", r.app.style.note("hint:"), "what is refused from now on is only counted")
		}
	}
	if r.lines == nil {
		return nil
	}
	return r.lines.violation(v)
}

// live is the line for a violation that has just happened.
func (r *report) live(v *catbox.Violation) string {
	line := r.verdict(v) + " " + describe(v)
	if len(v.Processes) > 0 {
		line += ", by " + commandLine(v.Processes[0])
	}
	return line
}

func (r *report) verdict(v *catbox.Violation) string {
	if v.Allowed {
		return r.app.style.note("would refuse:")
	}
	return r.app.style.bad("refused:")
}

// describe says what was refused and why, without the process.
func describe(v *catbox.Violation) string {
	var b strings.Builder
	b.WriteString(v.Call)
	if target := v.Target(); target != "" {
		b.WriteString(" " + catbox.Printable(target))
	}
	if v.Canonical != "" && v.Address == "" && !strings.HasSuffix("/"+v.Canonical, "/"+strings.TrimPrefix(v.Path, "./")) {
		b.WriteString(" (passed as " + catbox.Printable(v.Path) + ")")
	}
	if v.Reason != "" {
		b.WriteString(": " + oneLine(v.Reason))
	}
	return b.String()
}

// add takes over the result of one command.
func (r *report) add(res *catbox.Result) {
	for i := range res.Violations {
		v := &res.Violations[i]
		if at, ok := r.seen[keyOf(v)]; ok {
			r.list[at].Count += v.Count
		} else {
			r.dropped += v.Count
		}
	}
	r.dropped += res.Dropped
	r.refused += res.Refused()
	r.usage.User += res.Usage.User
	r.usage.System += res.Usage.System
	r.usage.MaxRSS = max(r.usage.MaxRSS, res.Usage.MaxRSS)
	r.processes += res.Processes
	r.stops += res.Stops
	r.calls += res.Calls
}

// finish prints the summary and what was asked for besides.
func (r *report) finish(status int) error {
	if !r.quiet && r.refused > 0 {
		r.summary()
	}
	if r.stats {
		r.app.message("user %.2f s, system %.2f s, wall %.2f s, peak memory %s",
			r.usage.User.Seconds(), r.usage.System.Seconds(), r.wall.Seconds(), bytesText(r.usage.MaxRSS))
		r.app.message("processes %d, stops %d, calls checked %d", r.processes, r.stops, r.calls)
	}
	if r.lines == nil {
		return nil
	}
	err := r.lines.summary(status, r)
	if c, ok := r.lines.w.(io.Closer); ok && r.lines.w != r.app.out {
		if closeErr := c.Close(); err == nil && !r.lines.failed {
			err = closeErr
		}
	}
	if err != nil {
		return &listError{err: err}
	}
	return nil
}

func (r *report) summary() {
	a := r.app
	what := "refused"
	if r.allAllowed() {
		what = "outside the rules, and not refused"
	}
	if r.refused > len(r.list) {
		what += fmt.Sprintf(", %d different", len(r.list))
	}
	a.message("%s %s %s", a.style.note("summary:"), plural(r.refused, "call was", "calls were"), what)
	for i := range r.list {
		if i == maxSummary {
			a.message("  and %d more; --violations FILE has all", len(r.list)-i)
			break
		}
		v := &r.list[i]
		a.message("  %dx %s", v.Count, describe(v))
		for depth, line := range chain(v.Processes) {
			word := "by"
			if depth > 0 {
				word = "from"
			}
			a.message("       %s %s", word, line)
		}
	}
	if r.dropped > 0 {
		a.message("  %dx others, only counted", r.dropped)
	}
	if flags := suggest(r.list, r.rules); len(flags) > 0 {
		shown := strings.Join(flags[:min(len(flags), maxSummary)], " ")
		if len(flags) > maxSummary {
			shown += fmt.Sprintf(" and %d more", len(flags)-maxSummary)
		}
		a.message("%s to allow this: %s", a.style.note("hint:"), shown)
	}
	for _, hint := range ruleHints(r.rules, r.list) {
		a.message("%s %s", a.style.note("hint:"), hint)
	}
}

func (r *report) allAllowed() bool {
	return !slices.ContainsFunc(r.list, func(v catbox.Violation) bool { return !v.Allowed })
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
