package resolve

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		name, path, dir, last string
		kind                  Last
		slash                 bool
	}{
		{"bare", "a", "", "a", LastNormal, false},
		{"below the root", "/a", "/", "a", LastNormal, false},
		{"slashes", "a//b//", "a//", "b", LastNormal, true},
		{"dot", "a/./", "a/./", ".", LastDot, true},
		{"dot dot", "..", "..", "..", LastDotDot, false},
		{"three dots", "a/...", "a/", "...", LastNormal, false},
		{"root", "//", "//", "", LastRoot, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := split([]byte(tt.path))
			got := []any{string(p.dir), string(p.name), p.last, p.slash}
			if diff := cmp.Diff([]any{tt.dir, tt.last, tt.kind, tt.slash}, got); diff != "" {
				t.Errorf("split(%q) (-want +got):\n%s", tt.path, diff)
			}
		})
	}
}

func TestAppendClean(t *testing.T) {
	tests := []struct{ name, base, path, want string }{
		{"join", "/a", "b/c", "/a/b/c"},
		{"dots", "/a", "./b//../c/.", "/a/c"},
		{"above the root", "/a", "../../../b", "/b"},
		{"root", "", "/..", ""},
		{"absolute", "", "//a///b/", "/a/b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(appendClean([]byte(tt.base), []byte(tt.path)))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("appendClean (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusNumbers(t *testing.T) {
	const status = "Name:\tNSpid:\\n\nTgid:\t12\nNSpid:\t12\t3\t1\nBad:\tx\n"
	tests := []struct {
		name, field string
		want        []int
	}{
		{"one", "Tgid", []int{12}},
		{"many", "NSpid", []int{12, 3, 1}},
		{"absent", "NStgid", nil},
		{"no number", "Bad", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, statusNumbers([]byte(status), tt.field)); diff != "" {
				t.Errorf("statusNumbers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFault(t *testing.T) {
	tests := []struct {
		name   string
		errno  unix.Errno
		answer bool
	}{
		{"missing", unix.ENOENT, true},
		{"no search permission", unix.EACCES, true},
		{"input and output", unix.EIO, true},
		{"no descriptors", unix.EMFILE, false},
		{"refused by a filter", unix.EPERM, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, got := fault("open", tt.errno).(answer) //nolint:errorlint // whether it is one is the question
			if got != tt.answer {
				t.Errorf("fault(%v) is an answer: %v, want %v", tt.errno, got, tt.answer)
			}
		})
	}
}
