package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/formats"
	"github.com/catbox-go/catbox/catbox/record/owners"
)

// depsFlags is the command line of catbox deps.
type depsFlags struct {
	list     list
	looked   bool
	null     bool
	json     bool
	packages bool
	manager  string
	declared string
	depfile  string
	targets  []string
	why      string
	verify   bool
}

// list is one of the lists of files.
type list uint8

const (
	listAll list = iota
	listInputs
	listOutputs
	listTemporaries
	listMissing
	listRemoved
)

func listWords() []string {
	return []string{"all", "inputs", "outputs", "temporaries", "missing", "removed"}
}

const depsLong = `deps lists the files that a build needed, made and looked for, from the record that
catbox run --record wrote. FILE is that record, and - is standard input.

Lists:

  inputs       there before, and read or executed; symbolic links on the way as well
  outputs      there in the end because of the build: made, changed or renamed to
  temporaries  made and removed
  missing      looked for, and neither found nor made
  removed      there before, and not any more

What only got another name counts by its last one. Files below /proc, /sys and /dev are
in no list. One list is printed without a heading, one path a line; a name that is not
one line of text is printed as a quoted Go string, and -0 prints every name as it is.

With --packages the inputs are shown by the package of the distribution that they
belong to: what was used, what was only looked at, and which programs were looked for
(by execve, or in several directories of PATH) and are not there. --declared compares it with a debian/control file (Build-Depends), or a
list with a name in each line.

With --verify the command of the record runs again, or each of them if there were
several, in its directory and with its rules, and nothing exists for it but what the
record names and what it makes. What the build made must be gone before.
docs/record-verify.md says what that proves.

With --why PATH is canonical, or begins in the directory of the build, or leads there by
a link on this machine.

Exit status:

  0     it is written; with --verify, the command succeeds
  1     the record cannot be read, the package manager fails, PATH is not in the record;
        with --verify, the command ends otherwise or cannot be run again
  125   wrong flags`

const depsExample = `  catbox deps build.jsonl
  catbox deps --list outputs -0 build.jsonl | xargs -0 ls -ld
  catbox deps --packages --declared debian/control build.jsonl
  catbox deps --depfile build.d --target build build.jsonl
  catbox deps --why /usr/include/zlib.h build.jsonl`

func (a *app) depsCommand() *cobra.Command {
	var f depsFlags
	cmd := &cobra.Command{
		Use:     "deps [flags] FILE",
		Short:   "list what a build needed and made, by file or by package",
		Long:    depsLong,
		Example: depsExample,
		Args:    oneRecord,
		RunE:    func(cmd *cobra.Command, args []string) error { return a.deps(cmd, &f, args[0]) },
	}
	f.register(cmd.Flags())
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("list", cobra.FixedCompletions(listWords(), cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("manager", cobra.FixedCompletions(owners.Names(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (f *depsFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.Var(newWord(&f.list, listWords()), "list", "which list: all, inputs, outputs, temporaries, missing or removed")
	flags.BoolVar(&f.looked, "looked-at", false, "inputs are also what was only looked at or listed")
	flags.BoolVarP(&f.null, "null", "0", false, "end each path with a NUL byte, and quote nothing; needs --list")
	flags.BoolVar(&f.packages, "packages", false, "show the packages that the inputs belong to")
	flags.StringVar(&f.declared, "declared", "", "with --packages: compare with the dependencies in `FILE`")
	flags.StringVar(&f.manager, "manager", "", "with --packages: `NAME` of whom to ask: dpkg, rpm, apk or pacman (default: the machine's own)")
	flags.BoolVar(&f.json, "json", false, "with --packages: write JSON, with the files of each package")
	flags.StringVar(&f.depfile, "depfile", "", "write the inputs as a rule of make to `FILE` (- is standard output)")
	flags.StringArrayVar(&f.targets, "target", nil, "with --depfile: `FILE` that depends on them (default: the outputs; repeatable)")
	flags.BoolVar(&f.verify, "verify", false, "run the command again, with everything hidden that the record does not name")
	flags.StringVar(&f.why, "why", "", "show which processes used `PATH`, and who started them")
}

func (a *app) deps(cmd *cobra.Command, f *depsFlags, name string) error {
	if err := f.check(cmd.Flags()); err != nil {
		return err
	}
	b, err := a.loadRecord(name)
	if err != nil {
		return err
	}
	if b.Run.Level == record.LevelExec && !f.verify {
		a.message("%s the record has the level exec: it knows programs, and no other files", a.style.note("note:"))
	}
	switch {
	case f.packages:
		return a.packages(cmd, f, b)
	case f.depfile != "":
		return a.depfile(f, b)
	case f.verify:
		return a.verify(cmd.Context(), b)
	case f.why != "":
		return a.why(f.why, b)
	}
	return f.lists(a.out, b)
}

// check refuses flags that mean nothing together.
func (f *depsFlags) check(flags *pflag.FlagSet) error {
	if err := notEmpty(flags, "declared", "depfile", "why"); err != nil {
		return err
	}
	var asked []string
	for _, name := range []string{"list", "packages", "depfile", "why", "verify"} {
		if flags.Changed(name) {
			asked = append(asked, "--"+name)
		}
	}
	switch {
	case len(asked) > 1:
		return usagef("ask one after the other", "%s cannot be given together", strings.Join(asked, " and "))
	case f.null && f.list == listAll:
		return usagef("give one, such as --list inputs", "-0 needs a --list")
	case f.looked && (f.list > listInputs || len(asked) > 0 && asked[0] != "--list"):
		return usagef("give --list inputs, or no list", "--looked-at is about inputs")
	case !f.packages && (f.declared != "" || f.manager != "" || f.json):
		return usagef("give --packages too", "--declared, --manager and --json are about packages")
	case f.depfile == "" && len(f.targets) > 0:
		return usagef("give --depfile FILE too", "--target is the target of a rule")
	}
	return nil
}

// of returns the paths of a list.
func (f *depsFlags) of(l list, b *record.Build) []string {
	class := map[list]record.Class{listInputs: record.ClassInput, listOutputs: record.ClassOutput,
		listTemporaries: record.ClassTemporary, listMissing: record.ClassMissing, listRemoved: record.ClassRemoved}[l]
	var paths []string
	for _, p := range b.With(class) {
		if l != listInputs || f.looked || p.Needed() {
			paths = append(paths, p.Name)
		}
	}
	return paths
}

func (f *depsFlags) lists(w io.Writer, b *record.Build) error {
	out := bufio.NewWriter(w)
	if f.list != listAll {
		for _, path := range f.of(f.list, b) {
			if f.null {
				fmt.Fprint(out, path, "\x00")
			} else {
				fmt.Fprintln(out, oneLine(path))
			}
		}
		return flush(out)
	}
	for l, word := range listWords() {
		if l == int(listAll) {
			continue
		}
		fmt.Fprintf(out, "%s:\n", word)
		for _, path := range f.of(list(l), b) {
			fmt.Fprintf(out, "  %s\n", oneLine(path))
		}
	}
	return flush(out)
}

func flush(out *bufio.Writer) error {
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func (a *app) depfile(f *depsFlags, b *record.Build) error {
	left := 0
	err := a.writeTo("--depfile", f.depfile, func(w io.Writer) (err error) {
		left, err = formats.WriteDepfile(w, b, f.targets...)
		return err
	})
	if err == nil && left > 0 {
		a.message("%s %s left out: make cannot have such names", a.style.note("note:"), plural(left, "file was", "files were"))
	}
	return err
}

func (a *app) packages(cmd *cobra.Command, f *depsFlags, b *record.Build) error {
	var declared []owners.Declared
	if f.declared != "" {
		file, err := os.Open(f.declared)
		if err != nil {
			return &taskError{err: err}
		}
		defer file.Close()
		if declared, err = owners.ReadDeclared(file); err != nil {
			return &taskError{err: fmt.Errorf("%s: %w", catbox.Printable(f.declared), err)}
		}
	}
	m, err := findManager(f.manager)
	if err != nil {
		if _, ok := isUsage(err); ok {
			return err
		}
		return &taskError{err: err}
	}
	u, err := owners.Find(cmd.Context(), m, b)
	if err != nil {
		hint := ""
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, owners.ErrNoDatabase) {
			hint = "--manager chooses another package manager"
		}
		return &taskError{err: err, hint: hint}
	}
	u.Compare(declared)
	if f.json {
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(u)
	}
	return writePackages(a.out, u, f.declared != "")
}

func writePackages(w io.Writer, u *owners.Usage, compared bool) error {
	out := bufio.NewWriter(w)
	parts := func(heading string, list []owners.Part) {
		fmt.Fprintf(out, "%s:\n", heading)
		for _, p := range list {
			fmt.Fprintf(out, "  %s %s (%s)\n", p.Name, p.Version, plural(len(p.Files), "file", "files"))
		}
	}
	names := func(heading string, list []string) {
		fmt.Fprintf(out, "%s:\n", heading)
		for _, name := range list {
			fmt.Fprintf(out, "  %s\n", oneLine(name))
		}
	}
	parts("used", u.Used)
	parts("only looked at", u.Probed)
	names("programs looked for and not there", u.Absent)
	if compared {
		names("declared and not used", u.Unused)
	}
	return flush(out)
}
