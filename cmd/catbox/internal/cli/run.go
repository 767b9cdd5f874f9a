package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/catbox-go/catbox/catbox"
)

// runFlags is the command line of catbox run.
type runFlags struct {
	paths       []string
	denyPaths   []string
	reads       []string
	denyReads   []string
	hide        []string
	network     catbox.Network
	action      catbox.Action
	collectOnly bool
	noDevices   bool
	privateTmp  bool
	tmpGiven    bool // --private-tmp was given, not defaulted
	dir         string
	shell       []string
	stats       bool
	violations  string
	killOnExit  bool
	keepFDs     []int
	require     string
	fakeroot    fakerootFlags
	record      recordFlags
	quiet       bool
}

const runLong = `run runs a command, and everything it starts, with writes confined to the paths
of -p. Reading is not confined. What is refused fails with EACCES and is
explained on standard error: when it happens first, and in a summary at the end
with the options that would allow it.

Rules:

  -p DIR        DIR and everything below it. A relative path starts at the
                directory of the caller, and need not exist yet.
  -p ~REGEX     every path in which the Perl regular expression matches. It is
                searched in the canonical path: anchor it with ^ and \z. Quote
                it, or the shell takes the ~ for your home directory.
  --deny-path   the same two forms; wins over every -p.

  --read        the same two forms; nothing else may be read or executed.
  --deny-read   the same two forms; wins over every --read.
  --hide        the same two forms, for what looks missing, also in what directories
                list: to prove that a build does not need it.

Without -p nothing can be written but /dev/null, terminals and the like, the files
that standard output and standard error are, and a private directory for temporary
files: TMPDIR, TMP, TEMP and TEMPDIR name it, and it is removed at the end.
--private-tmp=false leaves it out. So does a TMPDIR of yours that -p allows, unless
--private-tmp is given.

With -c a command line is given to /bin/sh. Several are run one after the other
until one fails, then COMMAND if there is one. They share the summary. A COMMAND
with a slash is looked up from the directory of -C.

The tracer checks each call, and the kernel itself guards the rules behind it, as
far as it can: see the level in catbox doctor. Rules that it knows only roughly,
such as regular expressions, are named when the run begins. --require LEVEL starts
nothing below that level, for programs that may be hostile.

With --fakeroot the command and all it starts believe to be root: owners, modes,
device nodes, set-id bits and capabilities of files are recorded, and every program
sees what is recorded. What is not recorded and belongs to you shows as root's. The
records are gone at the end, unless --fakeroot-save keeps them in a file; what is in
the file already is kept and counts. --fakeroot-load begins with what another file
has, which fakeroot(1) may have saved. --fakeroot=lie only says so: changes of owners
and of the identity succeed and do nothing, at no cost.

With --record FILE what the commands and all they start execute, read, write, look for
and miss is written to FILE: see catbox report and catbox deps. The level exec knows
programs only, files (the default) what was opened and changed as well, and all what was
only looked at or looked for. If standard error is a terminal its last row shows how
far it is; the command has the rows above it.

The command gets standard input, output and error, and no other descriptor
unless --keep-fd names it.

Ctrl-C, Ctrl-\ and Ctrl-Z reach the command from the terminal. SIGTERM, SIGHUP
and, without a terminal, SIGINT and SIGQUIT are passed on to everything that
runs; what is left after 5 seconds is killed.

The file of --violations is JSON Lines. Each different refusal is one object with
the members call, path, canonical, address, reason, errno, allowed, rule,
processes (innermost first) and count, written when it happens first; a name that
is no UTF-8 has its bytes in path_bytes, canonical_bytes or address_bytes
(base64). The last line is {"summary": ...} with status, refused, distinct,
dropped and counts, the final count of each object in their order.

`

const runExample = `  catbox run -p ./build -- make -C build -j2
  catbox run -p . -c ./configure -c make -c 'make check'
  catbox run -n -p ~/.cache/go-build -p . -- go build ./...
  catbox run --fakeroot --fakeroot-save own.jsonl -p pkg -- make install DESTDIR=$PWD/pkg
  catbox run --fakeroot --fakeroot-load own.jsonl -p . -- tar -cf pkg.tar -C pkg .
  catbox run --collect-only --violations - -- make install
  catbox run -p . --deny-path ./.git -p '~^/var/tmp/build-[0-9]+/' -- ./package`

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:                   "run [flags] [-c 'SHELL COMMAND']... [--] [COMMAND ARG...]",
		Short:                 "run a command that may write only where you allow it",
		Long:                  runLong + exitText,
		Example:               runExample,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.collectOnly && cmd.Flags().Changed("on-violation") && f.action != catbox.Report {
				return usagef("--collect-only is --on-violation=log", "--collect-only and --on-violation=%v at the same time", f.action)
			}
			if f.collectOnly {
				f.action = catbox.Report
			}
			if err := f.record.check(cmd.Flags()); err != nil {
				return err
			}
			f.tmpGiven = cmd.Flags().Changed("private-tmp")
			return a.run(cmd.Context(), &f, args)
		},
	}
	f.register(cmd.Flags())
	for _, name := range []string{"path", "deny-path", "chdir"} {
		cobra.CheckErr(cmd.MarkFlagDirname(name))
	}
	complete := func(name string, words ...string) {
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)))
	}
	complete("network", networkWords()...)
	complete("on-violation", actionWords()...)
	complete("fakeroot", fakerootWords()...)
	complete("fakeroot-unknown", unknownWords()...)
	complete("record-level", recordLevels()...)
	complete("progress", progressWords()...)
	return cmd
}

func (f *runFlags) register(flags *pflag.FlagSet) {
	// What stands behind the command belongs to it.
	flags.SetInterspersed(false)
	flags.SortFlags = false
	flags.StringArrayVarP(&f.paths, "path", "p", nil, "allow writing to `PATH` and below, or to what ~REGEX matches")
	flags.StringArrayVar(&f.denyPaths, "deny-path", nil, "deny writing to `PATH` or ~REGEX, whatever -p says")
	flags.StringArrayVar(&f.reads, "read", nil, "allow reading and executing only below `PATH` or what ~REGEX matches")
	flags.StringArrayVar(&f.denyReads, "deny-read", nil, "deny reading and executing `PATH` or ~REGEX")
	flags.StringArrayVar(&f.hide, "hide", nil, "let `PATH` or ~REGEX look missing")
	flags.VarP(newWord(&f.network, networkWords()), "network", "n", "allow the network: host, loopback or none (-n alone is host)")
	flags.Lookup("network").NoOptDefVal = catbox.NetworkHost.String()
	flags.StringArrayVarP(&f.shell, "command", "c", nil, "run `COMMAND` with /bin/sh -c; may be given several times")
	flags.StringVarP(&f.dir, "chdir", "C", "", "run in directory `DIR`")
	flags.BoolVar(&f.privateTmp, "private-tmp", true, "allow a fresh directory, exported as TMPDIR and removed at the end")
	flags.BoolVar(&f.collectOnly, "collect-only", false, "refuse nothing, report only: --on-violation=log")
	flags.Var(newWord(&f.action, actionWords()), "on-violation", "what to do: deny, log or stop (kill everything)")
	flags.BoolVar(&f.noDevices, "no-default-devices", false, "deny /dev/null, terminals and the files of the standard streams too")
	flags.BoolVar(&f.killOnExit, "kill-on-exit", false, "kill what the command leaves running when it ends")
	f.fakeroot.register(flags)
	f.record.register(flags)
	flags.StringVar(&f.require, "require", "", "refuse to start unless the kernel guards the rules at `LEVEL`; see catbox doctor")
	flags.IntSliceVar(&f.keepFDs, "keep-fd", nil, "hand descriptor `N` over; may be given several times")
	flags.StringVar(&f.violations, "violations", "", "write refusals as JSON Lines to `FILE` (- is standard output)")
	flags.BoolVar(&f.stats, "stats", false, "print what the run used")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "do not print refusals, only errors")
}

func networkWords() []string {
	return []string{catbox.NetworkNone.String(), catbox.NetworkLoopback.String(), catbox.NetworkHost.String()}
}

func actionWords() []string {
	return []string{catbox.Deny.String(), catbox.Report.String(), catbox.Stop.String()}
}

// word is a flag whose value is one of a few words, in the order of the values
// they stand for.
type word[T ~uint8] struct {
	value *T
	words []string
}

func newWord[T ~uint8](value *T, words []string) *word[T] { return &word[T]{value, words} }

// Set implements pflag.Value.
func (w *word[T]) Set(text string) error {
	for i, word := range w.words {
		if word == text {
			*w.value = T(i)
			return nil
		}
	}
	return fmt.Errorf("it is one of %v", w.words)
}

// String implements pflag.Value.
func (w *word[T]) String() string {
	if w.value == nil {
		return ""
	}
	return w.words[*w.value]
}

// Type implements pflag.Value.
func (w *word[T]) Type() string { return "WORD" }

// commands lists what is to be run, in order.
func (f *runFlags) commands(args []string) ([][]string, error) {
	var list [][]string
	for _, line := range f.shell {
		list = append(list, []string{"/bin/sh", "-c", line})
	}
	if len(args) > 0 {
		list = append(list, args)
	}
	if len(list) == 0 {
		return nil, usagef("catbox run [flags] -- COMMAND ARG..., or catbox run -c 'SHELL COMMAND'", "no command given")
	}
	return list, nil
}

// sandbox makes the policy that the flags describe.
func (f *runFlags) sandbox() (*catbox.Sandbox, error) {
	paths, err := absoluteRules(f.paths, "-p")
	if err != nil {
		return nil, err
	}
	deny, err := absoluteRules(f.denyPaths, "--deny-path")
	if err != nil {
		return nil, err
	}
	var looks [3][]string
	for i, rules := range [][]string{f.reads, f.denyReads, f.hide} {
		if looks[i], err = absoluteRules(rules, []string{"--read", "--deny-read", "--hide"}[i]); err != nil {
			return nil, err
		}
	}
	var require catbox.Level
	if f.require != "" {
		if require, err = catbox.ParseLevel(f.require); err != nil {
			return nil, usagef("catbox doctor says which level this machine gives", "--require: %w", err)
		}
	}
	return &catbox.Sandbox{Fakeroot: f.fakeroot.kind, UnknownOwner: f.fakeroot.unknown, FakeStatus: f.fakeroot.status, Require: require, ReadPaths: looks[0], DenyReadPaths: looks[1], HidePaths: looks[2], Paths: paths, DenyPaths: deny, DefaultDevices: !f.noDevices, Network: f.network,
		OnViolation: f.action, KillOnExit: f.killOnExit, MeasureUsage: f.stats, Grace: grace}, nil
}

// directory checks the directory of -C, so that its errors are not taken for
// those of the command, and returns it as an absolute path.
func (f *runFlags) directory() (string, error) {
	if f.dir == "" {
		return "", nil
	}
	info, err := os.Stat(f.dir)
	if err != nil {
		return "", usagef("the directory of -C must exist", "-C %s: %w", catbox.Printable(f.dir), unwrapPath(err))
	}
	if !info.IsDir() {
		return "", usagef("the directory of -C must exist", "-C %s: not a directory", catbox.Printable(f.dir))
	}
	return absolute(f.dir)
}
