package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	accounts "os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/fakeroot"
)

// format is what catbox export writes.
type format uint8

const (
	formatTar format = iota
	formatMtree
	formatFakeroot
	formatJSON
)

func formatWords() []string { return []string{"tar", "mtree", "fakeroot", "json"} }

func unknownWords() []string {
	return []string{fakeroot.UnknownOwn.String(), fakeroot.UnknownRoot.String(), fakeroot.UnknownReal.String()}
}

// exportFlags is the command line of catbox export.
type exportFlags struct {
	format  format
	state   string
	output  string
	unknown fakeroot.Unknown
	names   bool
}

const exportLong = `export writes what is in DIR with the owners, modes, devices and attributes that a
run with faked ownership has recorded, as if root had made it. Nothing is changed.

Formats:

  tar        an archive (POSIX, with attributes and ACLs)
  mtree      a specification, see mtree(5), with SHA-256 sums
  fakeroot   the records, as fakeroot -i reads them; attributes are lost
  json       JSON Lines, an object for each file

Entries are sorted by name, and times later than SOURCE_DATE_EPOCH are set to it if
the environment has it, so that the same tree gives the same bytes.

A record is found by the inode, so DIR must be the tree that was built, not a copy.

Exit status:

  0     it is written
  1     it could not be written; FILE is as it was
  125   wrong flags`

const exportExample = `  catbox export --state own.jsonl -o pkg.tar pkg
  catbox export --state own.jsonl pkg | xz >pkg.tar.xz
  SOURCE_DATE_EPOCH=1700000000 catbox export --state own.jsonl --format mtree pkg`

func (a *app) exportCommand() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:               "export [flags] DIR",
		Short:             "write a tree with its faked owners: an archive, for example",
		Long:              exportLong,
		Example:           exportExample,
		Args:              oneDirectory,
		ValidArgsFunction: directories,
		RunE:              func(_ *cobra.Command, args []string) error { return a.export(&f, args[0]) },
	}
	f.register(cmd.Flags())
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatWords(), cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("unknown", cobra.FixedCompletions(unknownWords(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (f *exportFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.Var(newWord(&f.format, formatWords()), "format", "what to write: tar, mtree, fakeroot or json")
	flags.StringVar(&f.state, "state", "", "take what is faked from `FILE`; without it there are only owners of --unknown")
	flags.StringVarP(&f.output, "output", "o", "-", "write to `FILE` (- is standard output)")
	flags.Var(newWord(&f.unknown, unknownWords()), "unknown", "owner of files without a record: own (root, if they are yours), root or real")
	flags.BoolVar(&f.names, "names", false, "add the names that owners have on this machine")
}

func oneDirectory(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("see "+cmd.CommandPath()+" --help", "%s takes one directory, got %d arguments", cmd.CommandPath(), len(args))
	}
	return nil
}

func directories(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func (a *app) export(f *exportFlags, dir string) error {
	limit, err := sourceDate()
	if err != nil {
		return err
	}
	db, err := loadState(f.state)
	if err != nil {
		return err
	}
	out, err := a.openOutput(f, dir)
	if err != nil {
		return err
	}
	defer out.discard()
	found := 0
	opts := fakeroot.ExportOptions{
		MaxTime: limit,
		WalkOptions: fakeroot.WalkOptions{Unknown: f.unknown, Seen: func(e *fakeroot.Entry) {
			if e.Record != nil {
				found++
			}
		}},
		Skipped: func(name, why string) {
			a.message("%s %s: %s", a.style.note("note:"), catbox.Printable(filepath.Join(dir, name)), why)
		},
	}
	if f.names {
		opts.UserName, opts.GroupName = userName, groupName
	}
	if err := f.write(db, out, dir, opts); err != nil {
		return &taskError{err: err}
	}
	if err := out.commit(); err != nil {
		return &taskError{err: fmt.Errorf("write %s: %w", catbox.Printable(f.output), unwrapPath(err))}
	}
	a.noteStrangers(f.state, db, dir, found)
	return nil
}

func (f *exportFlags) write(db *fakeroot.DB, w io.Writer, dir string, opts fakeroot.ExportOptions) error {
	switch f.format {
	case formatMtree:
		return db.WriteMtree(w, dir, opts)
	case formatFakeroot:
		return db.WriteFakerootTree(w, dir, opts)
	case formatJSON:
		return db.WriteEntries(w, dir, opts)
	}
	return db.WriteTar(w, dir, opts)
}

// noteStrangers says that the records are about another tree, which nobody wants.
func (a *app) noteStrangers(state string, db *fakeroot.DB, dir string, found int) {
	if db.Len() > 0 && found == 0 {
		a.message("%s no record of %s is about anything in %s: a copy of the tree has other inodes",
			a.style.note("note:"), catbox.Printable(state), catbox.Printable(dir))
	}
}

// loadState reads the file of --state, if one was given.
func loadState(name string) (*fakeroot.DB, error) {
	if name == "" {
		return nil, nil
	}
	db, err := fakeroot.Load(name)
	if err != nil {
		return nil, &taskError{err: fmt.Errorf("--state: %w", err), hint: stateHint(err)}
	}
	return db, nil
}

// stateHint says what to do about a file of records that cannot be read.
func stateHint(err error) string {
	var line *fakeroot.LineError
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "catbox run --fakeroot-save FILE writes it, fakeroot -s too"
	case errors.Is(err, fakeroot.ErrVersion):
		return "use the version of catbox that has written it"
	case errors.As(err, &line):
		return "it is written by catbox run --fakeroot-save FILE, or by fakeroot -s, and by nothing else"
	}
	return ""
}

// sourceDate returns the time that SOURCE_DATE_EPOCH gives, or none
// (reproducible-builds.org/specs/source-date-epoch).
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, usagef("it is the number of seconds since 1970, as date +%s prints it", "SOURCE_DATE_EPOCH=%s: not a number", catbox.Printable(text))
	}
	return time.Unix(seconds, 0), nil
}

func userName(id uint32) string {
	u, err := accounts.LookupId(strconv.FormatUint(uint64(id), 10))
	if err != nil {
		return ""
	}
	return u.Username
}

func groupName(id uint32) string {
	g, err := accounts.LookupGroupId(strconv.FormatUint(uint64(id), 10))
	if err != nil {
		return ""
	}
	return g.Name
}
