package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/catbox-go/catbox/tests/packages"
)

// The rows that have targets.
const (
	rowRead      = "read-only open"
	rowWrite     = "write open"
	rowStat      = "stat"
	rowChmod     = "chmod"
	rowExec      = "fork+exec"
	rowConfigure = "configure"
	rowMake      = "make -j2"
)

// row is one thing to be measured in every column.
type row struct {
	name    string
	unit    string // of value
	reps    int
	job     job
	prepare func(context.Context) error // before each measurement, not measured
	value   func(sample) (float64, error)
}

// rows prepares the guest and the sources in work, and returns what to measure.
func rows(ctx context.Context, work string, full bool, reps int) ([]row, error) {
	calls, builds, name := 11, 3, "hello"
	if full {
		calls, builds, name = 21, 5, "grep"
	}
	if reps > 0 {
		calls, builds = reps, reps
	}
	guest, err := compile(ctx, work)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(work, "calls")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	var all []row
	for _, c := range []struct {
		name, operation string
		count           int
	}{
		{rowRead, "read", 100000},
		{rowWrite, "write", 20000},
		{rowStat, "stat", 100000},
		{rowChmod, "chmod", 20000},
		{rowExec, "exec", 300},
	} {
		all = append(all, row{name: c.name, unit: "ns", reps: calls,
			job: job{argv: []string{guest, c.operation, strconv.Itoa(c.count), dir},
				dir: dir, pinned: true, limit: 2 * time.Minute},
			prepare: func(context.Context) error { return nil },
			value: func(s sample) (float64, error) {
				return strconv.ParseFloat(strings.TrimSpace(s.stdout), 64)
			}})
	}
	more, err := buildRows(ctx, work, name, builds)
	return append(all, more...), err
}

// compile builds the guest program from its source beside this one.
func compile(ctx context.Context, work string) (string, error) {
	// Where this file was when it was compiled; go run does not trim it.
	_, here, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(here), "..", "guests", "bench_calls.c")
	guest := filepath.Join(work, "bench_calls")
	return guest, quiet(exec.CommandContext(ctx, "gcc", "-std=gnu11", "-O2", "-o", guest, source))
}

// buildRows returns the rows of a real package: its configure script, and make
// in a tree that is configured already.
func buildRows(ctx context.Context, work, name string, reps int) ([]row, error) {
	src, err := packages.Fetch(ctx, name)
	if err != nil {
		return nil, err
	}
	pristine, configured := filepath.Join(work, "pristine"), filepath.Join(work, "configured")
	if err := src.Extract(ctx, pristine); err != nil {
		return nil, err
	}
	// Every build happens in the same place: paths are a part of the work.
	dir := filepath.Join(work, "build")
	from := func(tree string) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return quiet(exec.CommandContext(ctx, "cp", "-a", tree, dir))
		}
	}
	if err := from(pristine)(ctx); err != nil {
		return nil, err
	}
	configure := exec.CommandContext(ctx, "./configure", "-q")
	configure.Dir = dir
	if err := quiet(configure); err != nil {
		return nil, err
	}
	if err := os.Rename(dir, configured); err != nil {
		return nil, err
	}
	cpu := func(s sample) (float64, error) { return s.CPU.Seconds(), nil }
	return []row{
		{name: rowConfigure, unit: "s", reps: reps, prepare: from(pristine), value: cpu,
			job: job{argv: []string{"./configure", "-q"}, dir: dir, limit: 10 * time.Minute}},
		{name: rowMake, unit: "s", reps: reps, prepare: from(configured), value: cpu,
			job: job{argv: []string{"make", "-s", "-j2"}, dir: dir, limit: 10 * time.Minute}},
	}, nil
}

// quiet runs a command that only matters when it fails.
func quiet(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, lastLines(string(out)))
	}
	return nil
}
