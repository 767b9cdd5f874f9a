package refpage

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/tracer/sysent"
)

func TestAnswer(t *testing.T) {
	tests := []struct {
		call string
		want string
	}{
		{"read", "allowed"},
		{"mkdir", "checked"},
		{"chroot", "refused with EPERM"},
		{"open", "allowed if `a1 & 0x200000` is not 0; allowed if `a1 & 0x400243` is 0; else checked"},
		{"clone", "refused with EPERM if `a0 & 0x800000` is not 0; refused with EPERM if `a0 & 0x7e020000` is not 0; else allowed"},
		{"fcntl", "checked if `a1` is 8, 15; else allowed"},
		{"setrlimit", "answered with success and no effect if `a0` is 4; else allowed"},
		{"prctl", "answered with success and no effect if `a0` is 4 and `a1` is 0; refused with EPERM if `a0` is 35; else allowed"},
		{"sendto", "allowed if `a4` is 0; else checked"},
	}
	for _, tt := range tests {
		t.Run(tt.call, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Answer(sysent.ByName(tt.call))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCondition(t *testing.T) {
	tests := []struct {
		name string
		cond sysent.Cond
		want string
	}{
		{"equal", sysent.Cond{Arg: 1, Mask: low32, Value: 300}, "`a1` is 0x12c"},
		{"not equal", sysent.Cond{Arg: 1, Mask: low32, Value: 3, Not: true}, "`a1` is not 3"},
		{"two values", sysent.Cond{Arg: 0, Mask: low32 &^ 8, Value: 2}, "`a0` is 2 or 10"},
		{"neither of two values", sysent.Cond{Arg: 0, Mask: low32 &^ 8, Value: 2, Not: true}, "`a0 & 0xfffffff7` is not 2"},
		{"flags", sysent.Cond{Arg: 1, Mask: 0xf, Value: 2}, "`a1 & 0xf` is 2"},
		{"some flag", sysent.Cond{Arg: 1, Mask: 0xf, Not: true}, "`a1 & 0xf` is not 0"},
		{"pointer", sysent.Cond{Arg: 4, Mask: ^uint64(0)}, "`a4` is 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, condition(tt.cond)); diff != "" {
				t.Errorf("condition (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRenderHasEveryCallOnce(t *testing.T) {
	page := string(Render())
	for e := range sysent.Entries() {
		if n := strings.Count(page, "\n| `"+e.Name+"` |"); n != 1 {
			t.Errorf("%s is on the page %d times, want 1", e.Name, n)
		}
	}
}

func TestRenderMakesWholeTables(t *testing.T) {
	for line := range strings.Lines(string(Render())) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Count(line, "|") - strings.Count(line, `\|`) - 1
		if cells != 7 {
			t.Errorf("%d cells, want 7: %s", cells, line)
		}
	}
}

func TestEveryClassHasAHeading(t *testing.T) {
	for _, c := range sysent.Classes() {
		if int(c) >= len(headings) || headings[c] == "" {
			t.Errorf("class %v has no heading", c)
		}
	}
}
