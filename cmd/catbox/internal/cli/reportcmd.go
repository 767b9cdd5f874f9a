package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/formats"
	"github.com/catbox-go/catbox/catbox/record/owners"
)

// reportFormat is what catbox report writes.
type reportFormat uint8

const (
	reportText reportFormat = iota
	reportTree
	reportHTML
	reportChrome
	reportDot
	reportCompile
	reportInToto
	reportSPDX
)

func reportWords() []string {
	return []string{"text", "tree", "html", "chrome", "dot", "compile-commands", "in-toto", "spdx"}
}

// reportFlags is the command line of catbox report.
type reportFlags struct {
	format  reportFormat
	output  string
	html    string
	manager string
}

const reportLong = `report shows what the record of a build tells. FILE is what catbox run --record wrote,
and - is standard input. A record that is not complete is shown as far as it goes, and
says so.

Formats:

  text              a summary: result, slowest steps, counts, outputs, refusals, network
  tree              the processes, with times and how they ended
  html              a report for a browser, in one file that needs no network
  chrome            a trace of the processes, for ui.perfetto.dev or chrome://tracing
  dot               a graph of processes and files, for Graphviz
  compile-commands  compile_commands.json, for clangd and other tools
  in-toto           a statement of provenance (SLSA 1) about the outputs; needs hashes
  spdx              a bill of materials (SPDX 2.3): the packages and files that were used

Exit status:

  0     it is written
  1     the record cannot be read, or has not what the format needs
  125   wrong flags`

const reportExample = `  catbox run --record build.jsonl -p . -- make
  catbox report build.jsonl
  catbox report --html build.html build.jsonl
  catbox report --format compile-commands -o compile_commands.json build.jsonl`

func (a *app) reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:     "report [flags] FILE",
		Short:   "show what a build did: summary, timeline, provenance",
		Long:    reportLong,
		Example: reportExample,
		Args:    oneRecord,
		RunE:    func(cmd *cobra.Command, args []string) error { return a.report(cmd, &f, args[0]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(newWord(&f.format, reportWords()), "format", "what to write, see above")
	flags.StringVarP(&f.output, "output", "o", "-", "write to `FILE` (- is standard output)")
	flags.StringVar(&f.html, "html", "", "short for --format html -o `FILE`")
	flags.StringVar(&f.manager, "manager", "", "`NAME` of who knows the packages of files: dpkg, rpm, apk or pacman (default: the machine's own), or none")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(reportWords(), cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("manager", cobra.FixedCompletions(append(owners.Names(), "none"), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (a *app) report(cmd *cobra.Command, f *reportFlags, name string) error {
	if err := notEmpty(cmd.Flags(), "html", "output"); err != nil {
		return err
	}
	flag := "-o"
	if f.html != "" {
		if f.format != reportText || f.output != "-" {
			return usagef("give --html FILE alone", "--html cannot be given together with --format or -o")
		}
		f.format, f.output, flag = reportHTML, f.html, "--html"
	}
	b, err := a.loadRecord(name)
	if err != nil {
		return err
	}
	var usage *owners.Usage
	if f.format == reportHTML || f.format == reportSPDX {
		if usage, err = a.usage(cmd, f.manager, b); err != nil {
			return err
		}
	}
	return a.writeTo(flag, f.output, func(w io.Writer) error { return f.write(w, a, b, usage) })
}

func (f *reportFlags) write(w io.Writer, a *app, b *record.Build, usage *owners.Usage) error {
	switch f.format {
	case reportTree:
		return writeTree(w, b)
	case reportHTML:
		return formats.WriteHTML(w, b, usage)
	case reportChrome:
		return formats.WriteChrome(w, b)
	case reportDot:
		return formats.WriteDot(w, b)
	case reportCompile:
		return formats.WriteCompileCommands(w, b)
	case reportInToto:
		return formats.WriteInToto(w, b)
	case reportSPDX:
		return formats.WriteSPDX(w, b, usage)
	}
	return (&summary{w: w, b: b, style: a.outStyle}).write()
}

// usage asks the package manager of the machine about the inputs. Nobody has to have
// one, unless he has asked for it.
func (a *app) usage(cmd *cobra.Command, name string, b *record.Build) (*owners.Usage, error) {
	if name == "none" {
		return nil, nil
	}
	m, err := findManager(name)
	if errors.Is(err, owners.ErrNoManager) {
		a.message("%s %v", a.style.note("note:"), err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	u, err := owners.Find(cmd.Context(), m, b)
	if err != nil {
		return nil, &taskError{err: err, hint: "--manager none does without"}
	}
	return u, nil
}

func findManager(name string) (*owners.Manager, error) {
	if name == "" {
		return owners.Detect()
	}
	m, err := owners.New(name)
	if err != nil {
		return nil, usagef("", "--manager: %v", err)
	}
	return m, nil
}
