package main

import (
	"os/exec"
	"regexp"
)

// The columns that have targets. The first three must be there.
const (
	native   = "native"
	ours     = "catbox"
	faked    = "catbox fakeroot"
	records  = "catbox record"
	recorded = "catbox record all"
	strace   = "strace bpf"
	fakeroot = "fakeroot"
)

// pseudo starts a server, which is told to go in the end: it would stay for half a
// minute, and is measured with the command. It keeps what it knows in $0.
const pseudo = `rm -rf "$0" && mkdir "$0" && export PSEUDO_PREFIX=/usr PSEUDO_LOCALSTATEDIR="$0"
	pseudo "$@"
	status=$?
	pseudo -S
	exit $status`

// column is one way to run a command.
type column struct {
	name string
	// wrap returns the words that go before a command which may write to dir.
	wrap func(dir string) []string
}

// columns returns the ways that this machine has and that are wanted, native first,
// which always is.
func columns(catbox string, wanted *regexp.Regexp) []column {
	all := []struct {
		column
		tool string // what must be installed, "" for nothing
	}{
		{column{native, func(string) []string { return nil }}, ""},
		{column{ours, func(dir string) []string {
			return []string{catbox, "run", "--private-tmp", "-p", dir, "--"}
		}}, ""},
		{column{faked, func(dir string) []string {
			return []string{catbox, "run", "--fakeroot", "--private-tmp", "-p", dir, "--"}
		}}, ""},
		{column{records, func(dir string) []string {
			return []string{catbox, "run", "--record", dir + ".record", "--private-tmp", "-p", dir, "--"}
		}}, ""},
		{column{recorded, func(dir string) []string {
			return []string{catbox, "run", "--record", dir + ".record", "--record-level", "all", "--private-tmp", "-p", dir, "--"}
		}}, ""},
		{column{"strace", func(string) []string {
			return []string{"strace", "-f", "-o", "/dev/null"}
		}}, "strace"},
		{column{strace, func(string) []string {
			return []string{"strace", "-f", "--seccomp-bpf", "-e", "trace=%file", "-o", "/dev/null"}
		}}, "strace"},
		{column{fakeroot, func(string) []string { return []string{"fakeroot", "--"} }}, "fakeroot"},
		{column{"pseudo", func(dir string) []string { return []string{"sh", "-c", pseudo, dir + ".pseudo"} }}, "pseudo"},
		{column{"proot -0", func(string) []string { return []string{"proot", "-0"} }}, "proot"},
		{column{"bear", func(dir string) []string {
			return []string{"bear", "--output", dir + ".json", "--"}
		}}, "bear"},
		{column{"bwrap", func(dir string) []string {
			return []string{"bwrap", "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev",
				"--tmpfs", "/tmp", "--bind", dir, dir, "--chdir", dir, "--"}
		}}, "bwrap"},
	}
	var here []column
	for _, c := range all {
		if c.name != native && !wanted.MatchString(c.name) {
			continue
		}
		if c.tool != "" {
			if _, err := exec.LookPath(c.tool); err != nil {
				continue
			}
		}
		here = append(here, c.column)
	}
	return here
}
