// Command bench measures what catbox costs, beside its peers, in one run on one
// machine, and prints one table of ratios to native speed.
//
//	go run ./tests/bench [-reps N] [-full] [-rows REGEX] [-columns REGEX]
//
// It needs gcc, make and, for the real builds, apt-get and dpkg-source; peers
// that are not installed have no column. CATBOX names the binary (bin/catbox).
// -full, or BENCH_FULL=1, builds grep instead of hello and measures more often.
//
// The micro rows are wall time inside the guest, pinned to one CPU. The build
// rows are user and system time of the whole tree of processes, tracer included:
// on a busy or a virtual machine that is repeatable and wall time is not.
//
// The exit status is 0 if every target is met, 1 if one is missed or something
// could not be measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
)

// errMissed is what main ends with when all was measured, but not good enough.
var errMissed = errors.New("a target is missed")

func main() {
	if len(os.Args) > 1 && os.Args[1] == measureArg {
		os.Exit(measureMain(os.Args[2:]))
	}
	full := flag.Bool("full", os.Getenv("BENCH_FULL") == "1", "build grep, and measure more often")
	reps := flag.Int("reps", 0, "measurements of each cell (0: 11 for one call, 3 for a build; with -full 21 and 5)")
	only := regexp.MustCompile("")
	flag.TextVar(only, "rows", only, "measure the rows whose names match this regular expression")
	ways := regexp.MustCompile("")
	flag.TextVar(ways, "columns", ways, "measure the ways whose names match this regular expression, beside native")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench(ctx, *full, *reps, only, ways)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench sets everything up, measures, prints, and removes what it made.
func bench(ctx context.Context, full bool, reps int, only, ways *regexp.Regexp) error {
	// Not below /tmp: catbox and bwrap give the builds a private one.
	work, err := os.MkdirTemp("/var/tmp", "catbox-bench.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	catbox, err := binary()
	if err != nil {
		return err
	}
	columns := columns(catbox, ways)
	rows, err := rows(ctx, work, full, reps, only)
	if err != nil {
		return err
	}
	if err := printMachine(os.Stdout); err != nil {
		return err
	}
	m := &meter{columns: columns, progress: os.Stderr}
	for _, r := range rows {
		if !only.MatchString(r.name) {
			continue
		}
		if err := m.measure(ctx, r); err != nil {
			return err
		}
	}
	start, err := startUp(ctx, catbox)
	if err != nil {
		return err
	}
	memory, err := m.memory(ctx, rows)
	if err != nil {
		return err
	}
	m.print(os.Stdout)
	if missed := printTargets(os.Stdout, m.results, start, memory); missed {
		return errMissed
	}
	return nil
}

// binary returns the absolute path of the catbox to measure.
func binary() (string, error) {
	path := os.Getenv("CATBOX")
	if path == "" {
		path = filepath.Join("bin", "catbox")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := exec.LookPath(path); err != nil {
		return "", fmt.Errorf("find catbox (make build): %w", err)
	}
	return path, nil
}
