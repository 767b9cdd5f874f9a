package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
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
	rowChown     = "chown"
	rowExec      = "fork+exec"
	rowConfigure = "configure"
	rowMake      = "make -j2"
	rowInstall   = "install, chown, tar"
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

// rows prepares the guest and the sources in work, and returns what to measure. The
// sources take their time, which only may spare.
func rows(ctx context.Context, work string, full bool, reps int, only *regexp.Regexp) ([]row, error) {
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
		{rowChown, "chown", 20000},
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
	if slices.ContainsFunc([]string{rowConfigure, rowMake, rowInstall}, only.MatchString) {
		more, err := buildRows(ctx, work, name, builds)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	files, err := fileRows(work, builds)
	return append(all, files...), err
}

// compile builds the guest program from its source beside this one.
func compile(ctx context.Context, work string) (string, error) {
	// Where this file was when it was compiled; go run does not trim it.
	_, here, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(here), "..", "guests", "bench_calls.c")
	guest := filepath.Join(work, "bench_calls")
	return guest, quiet(exec.CommandContext(ctx, "gcc", "-std=gnu11", "-O2", "-o", guest, source))
}

// buildRows returns the rows of a real package: its configure script, make in a tree
// that is configured already, and what needs root, in a tree that is built already.
func buildRows(ctx context.Context, work, name string, reps int) ([]row, error) {
	src, err := packages.Fetch(ctx, name)
	if err != nil {
		return nil, err
	}
	pristine, configured, built := filepath.Join(work, "pristine"), filepath.Join(work, "configured"), filepath.Join(work, "built")
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
	configure, build := []string{"./configure", "-q"}, []string{"make", "-s", "-j2"}
	for _, step := range []struct {
		from, to string
		argv     []string
	}{{pristine, configured, configure}, {configured, built, build}} {
		if err := from(step.from)(ctx); err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, step.argv[0], step.argv[1:]...)
		cmd.Dir = dir
		if err := quiet(cmd); err != nil {
			return nil, err
		}
		if err := os.Rename(dir, step.to); err != nil {
			return nil, err
		}
	}
	// An ordinary user can give a file to himself, without any help.
	install := fmt.Sprintf("make -s install DESTDIR=$PWD/pkg >/dev/null && chown -R %d:%d pkg && tar -cf pkg.tar pkg", os.Getuid(), os.Getgid())
	return []row{
		{name: rowConfigure, unit: "s", reps: reps, prepare: from(pristine), value: cpu,
			job: job{argv: configure, dir: dir, limit: 10 * time.Minute}},
		{name: rowMake, unit: "s", reps: reps, prepare: from(configured), value: cpu,
			job: job{argv: build, dir: dir, limit: 10 * time.Minute}},
		{name: rowInstall, unit: "s", reps: reps, prepare: from(built), value: cpu,
			job: job{argv: []string{"sh", "-c", install}, dir: dir, limit: 10 * time.Minute}},
	}, nil
}

// fileRows returns the rows of tools that ask for the owners of many files.
func fileRows(work string, reps int) ([]row, error) {
	const folders, files = 200, 100
	dir := filepath.Join(work, "files")
	for i := range folders {
		folder := filepath.Join(dir, "tree", strconv.Itoa(i))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
		for j := range files {
			if err := os.WriteFile(filepath.Join(folder, strconv.Itoa(j)), []byte(folder), 0o644); err != nil {
				return nil, err
			}
		}
	}
	var all []row
	for _, tool := range []struct {
		name string
		argv []string
	}{
		{"tar, 20,000 files", []string{"tar", "-cf", "tree.tar", "tree"}},
		{"find, 20,000 files", []string{"find", "tree", "-user", "4711"}},
		{"du, 20,000 files", []string{"du", "-s", "tree"}},
	} {
		all = append(all, row{name: tool.name, unit: "s", reps: reps, value: cpu,
			prepare: func(context.Context) error { return nil },
			job:     job{argv: tool.argv, dir: dir, limit: 10 * time.Minute}})
	}
	return all, nil
}

// cpu is the user and system time of all processes of a job.
func cpu(s sample) (float64, error) { return s.CPU.Seconds(), nil }

// quiet runs a command that only matters when it fails.
func quiet(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, lastLines(string(out)))
	}
	return nil
}
