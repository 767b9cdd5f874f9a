package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/record"
)

// recordFlags are the flags of catbox run about the build record.
type recordFlags struct {
	file   string
	level  string
	values bool
	hash   bool

	progress progressMode
}

func (f *recordFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.file, "record", "", "record what the command executes, reads, writes and looks for in `FILE`")
	flags.StringVar(&f.level, "record-level", string(record.LevelFiles), "what to record: exec, files, or all (what is only looked at as well)")
	flags.BoolVar(&f.values, "record-env", false, "record the values of the environment, and not only its names")
	flags.Var(newWord(&f.progress, progressWords()), "progress", "with --record: show a status line on a terminal: auto or never")
	flags.BoolVar(&f.hash, "record-hash", false, "record the SHA-256 of inputs and outputs")
}

// check refuses flags that mean nothing together.
func (f *recordFlags) check(flags *pflag.FlagSet) error {
	if err := notEmpty(flags, "record"); err != nil {
		return err
	}
	switch {
	case f.file == "-":
		return usagef("give a FILE, or ./- for one of that name", "--record -: standard output belongs to the command")
	case f.file != "":
		return nil
	}
	for _, name := range []string{"record-level", "record-env", "record-hash"} {
		if flags.Changed(name) {
			return usagef("give --record FILE too", "--%s is about a record", name)
		}
	}
	return nil
}

func recordLevels() []string {
	return []string{string(record.LevelExec), string(record.LevelFiles), string(record.LevelAll)}
}

// recording is a record that is being written.
type recording struct {
	file   *os.File
	writer *record.Writer
}

// open begins the record, if there is to be one.
func (f *recordFlags) open(run *runFlags, box *catbox.Sandbox, template *catbox.Command, commands [][]string) (*recording, error) {
	if !slices.Contains(recordLevels(), f.level) {
		return nil, usagef("see catbox run --help", "--record-level %s: it is one of %v", catbox.Printable(f.level), recordLevels())
	}
	if f.file == "" {
		return nil, nil
	}
	file, err := os.OpenFile(f.file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, usagef("", "--record %s: %w", catbox.Printable(f.file), unwrapPath(err))
	}
	header := record.Run{Argv: commands[0], Search: searchPath(template), Dir: template.Dir, Kernel: kernelRelease(), Catbox: moduleVersion(), Level: record.Level(f.level),
		Policy: record.Policy{Paths: box.Paths, Deny: box.DenyPaths, Network: box.Network.String(), Action: box.OnViolation.String()}}
	if header.Dir == "" {
		if header.Dir, err = os.Getwd(); err != nil {
			header.Dir = "."
		}
	}
	if len(commands) > 1 {
		header.Commands = commands
	}
	for _, line := range template.Env {
		name, value, _ := strings.Cut(line, "=")
		header.Env = append(header.Env, name)
		if f.values {
			if header.Values == nil {
				header.Values = map[string]string{}
			}
			header.Values[name] = value
		}
	}
	w := record.NewWriter(file, header, record.Options{Hash: f.hash})
	box.Record, box.RecordLevel = w, record.Level(f.level)
	return &recording{file: file, writer: w}, nil
}

// searchPath returns the directories in which programs of a command are looked for.
func searchPath(cmd *catbox.Command) []string {
	var dirs []string
	for _, line := range cmd.Env {
		value, ok := strings.CutPrefix(line, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(value) {
			if !filepath.IsAbs(dir) { // the directory of whoever looks; here that of the command
				dir = filepath.Join(cmp.Or(cmd.Dir, "."), dir)
			}
			if abs, err := filepath.Abs(dir); err == nil {
				dir = abs
			}
			if canonical, err := catbox.Canonical(dir, catbox.CanonicalOptions{Follow: true}); err == nil {
				dir = canonical
			}
			if !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// close ends the record. The error of the run makes it incomplete.
func (r *recording) close(status int, failed error) error {
	if r == nil {
		return nil
	}
	if failed != nil {
		r.writer.Incomplete("the run failed: " + failed.Error())
	}
	end := record.Status{Code: status}
	if status > exitSignal && status <= exitSignal+64 {
		end = record.Status{Code: -1, Signal: status - exitSignal}
	}
	err := errors.Join(r.writer.Close(end), r.file.Close())
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	return nil
}

// kernelRelease returns the version of the kernel, as uname -r prints it.
func kernelRelease() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	release, _, _ := bytes.Cut(name.Release[:], []byte{0})
	return string(release)
}
