package fakeroot

import (
	"slices"
	"strings"
	"testing"
)

// shrink drops operations as long as the sides differ. Each round tries all ways of
// dropping a part in one run.
func shrink(t *testing.T, args []string, s sequence) sequence {
	t.Helper()
	for {
		shorter := parts(s)
		if len(shorter) == 0 {
			return s
		}
		want, got := both(t, args, shorter)
		best := -1
		for i := range shorter {
			if want[i] != got[i] && (best < 0 || len(shorter[i]) < len(shorter[best])) {
				best = i
			}
		}
		if best < 0 {
			return s
		}
		s = shorter[best]
	}
}

// parts returns a sequence without each half, each quarter and so on, and without
// each of its operations. What keeps permissions out of it stays.
func parts(s sequence) []sequence {
	var all []sequence
	for size := max(1, len(s)/2); size > 0; size /= 2 {
		for at := 0; at+size <= len(s); at += size {
			without := s[at : at+size]
			if !s.begins() || !slices.Contains(without, openly[0]) && !slices.Contains(without, openly[1]) {
				all = append(all, slices.Concat(s[:at], s[at+size:]))
			}
		}
	}
	return all
}

// changes shows the lines that only one of two texts has, and those around them. The
// longest common subsequence of lines is what both have.
func changes(want, got string) string {
	a, b := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out strings.Builder
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out.WriteString("  " + a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			out.WriteString("- " + a[i])
			i++
		default:
			out.WriteString("+ " + b[j])
			j++
		}
	}
	return out.String()
}
