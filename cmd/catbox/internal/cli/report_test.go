package cli

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/catbox"
)

// counter counts the bytes that are written to it.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

// TestReportIsBounded hears of many different violations, by several commands.
func TestReportIsBounded(t *testing.T) {
	const commands, each = 3, 100_000
	const mostHeld, mostShown = 32 << 20, 16 << 20
	filler := strings.Repeat("\xff", 3000) // printed as four characters each
	by := []catbox.ProcessInfo{{PID: 1, Argv: []string{filler}}}
	var out counter
	a := &app{out: &out, err: &out}
	r, err := a.newReport(&runFlags{violations: filepath.Join(t.TempDir(), "violations")}, &catbox.Sandbox{Paths: []string{"/allowed"}})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for command := range commands {
		res := &catbox.Result{Dropped: each}
		for i := range each {
			name := fmt.Sprintf("/%d/%d", command, i)
			v := catbox.Violation{Call: "open", Path: name + filler, Canonical: name + filler, Rule: name, Processes: by, Count: 1}
			if err := r.violation(v); err != nil {
				t.Fatal(err)
			}
			if i < maxLive {
				res.Violations = append(res.Violations, v)
				res.Dropped--
			}
		}
		r.add(res)
	}
	if err := r.finish(0); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > mostHeld || out.n > mostShown {
		t.Errorf("%d bytes are held, %d were shown", n, out.n)
	}
	if len(r.list) != maxLive || r.dropped != commands*each-maxLive || r.refused != commands*each {
		t.Errorf("%d violations are kept, %d dropped, %d refused", len(r.list), r.dropped, r.refused)
	}
	runtime.KeepAlive(r)
}

func TestSummaryNamesFewRules(t *testing.T) {
	var out strings.Builder
	a := &app{out: &out, err: &out}
	r, err := a.newReport(&runFlags{}, &catbox.Sandbox{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxSummary + 7 {
		v := catbox.Violation{Call: "open", Canonical: fmt.Sprintf("/d%d/x", i), Rule: fmt.Sprintf("/d%d", i)}
		if err := r.violation(v); err != nil {
			t.Fatal(err)
		}
	}
	out.Reset()
	r.refused = len(r.list)
	r.summary()
	if want := fmt.Sprintf("-p /d%d and 7 more\n", maxSummary-1); !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %s, want %q at the end", out.String(), want)
	}
}
