package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// target is the most that a number may be.
type target struct {
	name  string
	limit float64
	value func() (float64, bool)
}

// printTargets writes each target with the measured number and a mark, and
// reports whether one is missed. A number that this run could not measure, for
// want of a peer, is no miss.
func printTargets(out io.Writer, results []result, start time.Duration, memory float64) (missed bool) {
	ratio := func(name, column, to string) func() (float64, bool) {
		return func() (float64, bool) {
			for _, r := range results {
				if r.row.name == name {
					return r.ratio(column, to)
				}
			}
			return 0, false
		}
	}
	targets := []target{
		{"read-only open, ratio to native", 1.10, ratio(rowRead, ours, native)},
		{"stat, ratio to native", 1.10, ratio(rowStat, ours, native)},
		{"write open, ratio to strace --seccomp-bpf", 0.65, ratio(rowWrite, ours, strace)},
		{"fork+exec, ratio to native", 1.08, ratio(rowExec, ours, native)},
		{"configure, cpu ratio to native", 1.15, ratio(rowConfigure, ours, native)},
		{"make -j2, cpu ratio to native", 1.05, ratio(rowMake, ours, native)},
		{"fakeroot: configure, cpu ratio to native", 1.50, ratio(rowConfigure, faked, native)},
		{"fakeroot: make -j2, cpu ratio to native", 1.25, ratio(rowMake, faked, native)},
		{"fakeroot: " + rowInstall + ", ratio to fakeroot(1)", 1.5, ratio(rowInstall, faked, fakeroot)},
		{"record: configure, cpu ratio to native", 1.60, ratio(rowConfigure, records, native)},
		{"record: make -j2, cpu ratio to native", 1.35, ratio(rowMake, records, native)},
		{"record of all: configure, cpu ratio to native", 2.0, ratio(rowConfigure, recorded, native)},
		{"record of all: make -j2, cpu ratio to native", 1.45, ratio(rowMake, recorded, native)},
		{"start-up over true, ms", 10, func() (float64, bool) { return start.Seconds() * 1000, true }},
		{"memory with 10,000 processes, MiB", 40, func() (float64, bool) { return memory, true }},
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\ntarget\tat most\tmeasured\t")
	for _, t := range targets {
		value, ok := t.value()
		switch {
		case !ok:
			fmt.Fprintf(w, "%s\t%.2f\t-\tnot measured\n", t.name, t.limit)
		case value <= t.limit:
			fmt.Fprintf(w, "%s\t%.2f\t%.2f\tpass\n", t.name, t.limit, value)
		default:
			missed = true
			fmt.Fprintf(w, "%s\t%.2f\t%.2f\tFAIL\n", t.name, t.limit, value)
		}
	}
	w.Flush()
	return missed
}

// printMachine writes what the numbers depend on.
func printMachine(out io.Writer) error {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return fmt.Errorf("uname: %w", err)
	}
	fmt.Fprintf(out, "Linux %s, %s, %d CPUs (%s), %s, uid %d\n\n", unix.ByteSliceToString(name.Release[:]),
		unix.ByteSliceToString(name.Machine[:]), runtime.NumCPU(), cpuModel(), runtime.Version(), os.Getuid())
	return nil
}

// cpuModel returns the name that the kernel has for the CPU; arm64 has none.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if field, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(field) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// wall runs a command and returns how long it took.
func wall(ctx context.Context, argv []string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	start := time.Now()
	err := quiet(cmd)
	return time.Since(start), err
}
