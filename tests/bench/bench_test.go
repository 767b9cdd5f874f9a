package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The program measures by running itself; so does its test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == measureArg {
		os.Exit(measureMain(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"one", []float64{3}, 3},
		{"odd", []float64{9, 1, 3}, 3},
		{"even", []float64{4, 1, 2, 100}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, median(tt.values)); diff != "" {
				t.Errorf("median (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRun(t *testing.T) {
	const burn = `i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done`
	for _, tt := range []struct {
		name    string
		job     job
		stdout  string
		least   time.Duration // of cpu time
		wantErr string
	}{
		{"output", job{argv: []string{"echo", "12.5"}}, "12.5\n", 0, ""},
		{"pinned", job{argv: []string{"nproc"}, pinned: true}, "1\n", 0, ""},
		{"cpu of a child", job{argv: []string{"sh", "-c", "sh -c '" + burn + "'; :"}}, "", 10 * time.Millisecond, ""},
		{"cpu of an orphan", job{argv: []string{"sh", "-c", "(sh -c '" + burn + "' &) ; :"}}, "", 10 * time.Millisecond, ""},
		{"status", job{argv: []string{"sh", "-c", "echo why >&2; exit 3"}}, "", 0, "status 3\nwhy"},
		{"signal", job{argv: []string{"sh", "-c", "kill -9 $$"}}, "", 0, "status 137"},
		{"no such program", job{argv: []string{"/nonexistent/program"}}, "", 0, "no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.job.limit = time.Minute
			s, err := tt.job.run(t.Context())
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("run: %v, want an error with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.stdout, s.stdout); diff != "" {
				t.Errorf("stdout (-want +got):\n%s", diff)
			}
			if s.CPU < tt.least || s.MaxRSS <= 0 {
				t.Errorf("cpu %v, max rss %d KiB, want at least %v and some", s.CPU, s.MaxRSS, tt.least)
			}
		})
	}
}

func TestRunIsBounded(t *testing.T) {
	// The shell starts another process: both must go.
	j := job{argv: []string{"sh", "-c", "sleep 600; :"}, limit: 100 * time.Millisecond}
	if _, err := j.run(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("run: %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestTable(t *testing.T) {
	m := &meter{
		columns: []column{{name: native}, {name: ours}, {name: strace}},
		results: []result{
			{row{name: rowWrite, unit: "ns"}, map[string]float64{native: 800, ours: 4000, strace: 8000}},
			{row{name: rowMake, unit: "s"}, map[string]float64{native: 2, ours: 2.04}},
		},
		notes: []string{"make -j2, strace bpf: it died"},
	}
	var out bytes.Buffer
	m.print(&out)
	want := `              native  catbox  strace bpf
  write open  800 ns    5.00       10.00
    make -j2  2.00 s    1.02           -
no value for make -j2, strace bpf: it died
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestTargets(t *testing.T) {
	results := func(write float64) []result {
		return []result{{row{name: rowWrite}, map[string]float64{native: 1, ours: write, strace: 10}},
			{row{name: rowInstall}, map[string]float64{native: 1, faked: write / 5, fakeroot: 1}}}
	}
	for _, tt := range []struct {
		name   string
		write  float64
		start  time.Duration
		memory float64
		want   bool
	}{
		{"met", 6.5, 10 * time.Millisecond, 40, false},
		{"ratio missed", 6.6, time.Millisecond, 1, true},
		{"ratio to fakeroot(1) missed", 7.6, time.Millisecond, 1, true},
		{"start-up missed", 1, 11 * time.Millisecond, 1, true},
		{"memory missed", 1, time.Millisecond, 41, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			got := printTargets(&out, results(tt.write), tt.start, tt.memory)
			if got != tt.want || strings.Contains(out.String(), "FAIL") != tt.want {
				t.Errorf("missed %v, want %v:\n%s", got, tt.want, out.String())
			}
		})
	}
}
