package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// result is a row with the median of each column that could run it.
type result struct {
	row     row
	medians map[string]float64
}

// ratio returns the median of one column over that of another, and whether both
// are known.
func (r result) ratio(column, to string) (float64, bool) {
	a, ok := r.medians[column]
	b, known := r.medians[to]
	return a / b, ok && known
}

// meter measures rows, one after the other.
type meter struct {
	columns  []column
	progress io.Writer
	results  []result
	notes    []string // why a cell is empty
}

// measure fills one row. The columns take turns (A B C A B C), so that a slow
// minute of the machine hits all of them. A peer that cannot run the job leaves
// an empty cell; native and catbox, in all its ways, must run it.
func (m *meter) measure(ctx context.Context, r row) error {
	values := make(map[string][]float64)
	failed := make(map[string]bool)
	for rep := range r.reps {
		fmt.Fprintf(m.progress, "%s: %d of %d\n", r.name, rep+1, r.reps)
		for _, c := range m.columns {
			if failed[c.name] {
				continue
			}
			value, err := once(ctx, r, c)
			switch {
			case err == nil:
				values[c.name] = append(values[c.name], value)
			case ctx.Err() != nil || c.name == native || strings.HasPrefix(c.name, ours):
				return fmt.Errorf("measure %s, %s: %w", r.name, c.name, err)
			default:
				failed[c.name] = true
				m.notes = append(m.notes, fmt.Sprintf("%s, %s: %v", r.name, c.name, err))
			}
		}
	}
	medians := make(map[string]float64)
	for name, v := range values {
		if !failed[name] {
			medians[name] = median(v)
		}
	}
	m.results = append(m.results, result{row: r, medians: medians})
	return nil
}

// once measures one cell once.
func once(ctx context.Context, r row, c column) (float64, error) {
	if err := r.prepare(ctx); err != nil {
		return 0, err
	}
	j := r.job
	j.argv = append(c.wrap(j.dir), j.argv...)
	s, err := j.run(ctx)
	if err != nil {
		return 0, err
	}
	return r.value(s)
}

// memory returns the peak resident set, in MiB, of the largest process of 10,000
// forks and execs of a tiny program under catbox: that is catbox itself.
func (m *meter) memory(ctx context.Context, rows []row) (float64, error) {
	if !slices.ContainsFunc(m.columns, func(c column) bool { return c.name == ours }) {
		return 0, nil
	}
	fmt.Fprintln(m.progress, "memory: 10,000 processes")
	for _, c := range m.columns {
		for _, r := range rows {
			if c.name != ours || r.name != rowExec {
				continue
			}
			j := r.job
			j.argv = append(c.wrap(j.dir), j.argv[0], "exec", "10000", j.dir)
			s, err := j.run(ctx)
			return float64(s.MaxRSS) / 1024, err
		}
	}
	return 0, fmt.Errorf("measure memory: no row %s", rowExec)
}

// print writes the table: absolute values for native, ratios for the others.
func (m *meter) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\t")
	for _, c := range m.columns {
		fmt.Fprintf(w, "%s\t", c.name)
	}
	fmt.Fprintln(w)
	for _, r := range m.results {
		fmt.Fprintf(w, "%s\t", r.row.name)
		for _, c := range m.columns {
			fmt.Fprintf(w, "%s\t", r.cell(c.name))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	for _, note := range m.notes {
		fmt.Fprintf(out, "no value for %s\n", note)
	}
}

// cell formats one cell of the table.
func (r result) cell(column string) string {
	if column == native {
		digits := 0
		if r.row.unit == "s" {
			digits = 2
		}
		return strconv.FormatFloat(r.medians[native], 'f', digits, 64) + " " + r.row.unit
	}
	if ratio, ok := r.ratio(column, native); ok {
		return strconv.FormatFloat(ratio, 'f', 2, 64)
	}
	return "-"
}

// median returns the middle of values, which must not be empty, or the mean of
// the two in the middle.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// startUp returns how much longer "catbox run true" takes than "true": wall
// time, the median of each of 20 runs, in turns.
func startUp(ctx context.Context, catbox string) (time.Duration, error) {
	var with, without []float64
	for range 20 {
		for _, v := range []struct {
			argv []string
			into *[]float64
		}{
			{[]string{"/bin/true"}, &without},
			{[]string{catbox, "run", "--", "/bin/true"}, &with},
		} {
			took, err := wall(ctx, v.argv)
			if err != nil {
				return 0, err
			}
			*v.into = append(*v.into, float64(took))
		}
	}
	return time.Duration(median(with) - median(without)), nil
}
