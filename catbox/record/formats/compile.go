package formats

import (
	"cmp"
	"encoding/json"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/catbox/record"
)

// Command is an entry of a compilation database
// (clang.llvm.org/docs/JSONCompilationDatabase.html).
type Command struct {
	Arguments []string `json:"arguments"`
	Directory string   `json:"directory"`
	File      string   `json:"file"`
	Output    string   `json:"output,omitempty"`
}

// CompileCommands returns an entry for each source file that a compiler of C or C++ was
// called with, in order of time, the first of equal ones. The arguments are those of
// the call without what is for the linker and without the writing of dependencies, for
// this one source. Sources that are not there in the end, such as those of configure,
// are left out.
func CompileCommands(b *record.Build) []Command {
	var execs []*record.Exec
	for _, p := range b.Processes {
		for i := range p.Execs {
			execs = append(execs, &p.Execs[i])
		}
	}
	slices.SortStableFunc(execs, func(x, y *record.Exec) int { return cmp.Compare(x.Time, y.Time) })
	names := compilerNames()
	type key struct{ file, output string }
	seen := map[key]bool{}
	list := []Command{}
	for _, e := range execs {
		program := e.Name
		if program == "" {
			program = e.Path
		}
		if len(e.Argv) < 2 || isScript(e) || !names.MatchString(filepath.Base(program)) {
			continue
		}
		for _, c := range parseCompile(program, e.Argv[1:], e.Dir) {
			k := key{c.File, c.Output}
			if seen[k] || isGone(b, c.File) {
				continue
			}
			seen[k] = true
			list = append(list, c)
		}
	}
	return list
}

// WriteCompileCommands writes the entries as compile_commands.json.
func WriteCompileCommands(w io.Writer, b *record.Build) error {
	return writeJSON(w, CompileCommands(b))
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// isScript reports whether the arguments are those of an interpreter: what a script
// executes has an entry of its own.
func isScript(e *record.Exec) bool {
	return slices.ContainsFunc(e.Interpreters, func(i record.Interpreter) bool { return i.Kind == record.Script })
}

func isGone(b *record.Build, path string) bool {
	p := b.Path(path)
	return p != nil && p.Class&(record.ClassOutput) == 0 &&
		p.Class&(record.ClassMissing|record.ClassTemporary|record.ClassRemoved) != 0
}

// compilerNames matches names of drivers: with a target before, a version behind.
func compilerNames() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z0-9_.]+-)*(cc|CC|cxx|c\+\+|icc|icpc|icx|icpx|([mg]cc|[mg]\+\+|clang|clang\+\+)(\d+(\.\d+)*)?)(-\d+(\.\d+)*)?$`)
}

// call is a call of a compiler while its arguments are read.
type call struct {
	flags   []string
	sources []string
	output  string
	only    bool // -c or -S is there
	none    bool // nothing is compiled
}

// parseCompile returns the entries of one call.
func parseCompile(program string, args []string, dir string) []Command {
	c := &call{}
	for len(args) > 0 {
		args = args[c.take(args):]
	}
	if c.none {
		return nil
	}
	var list []Command
	for _, source := range c.sources {
		arguments := []string{program}
		if !c.only {
			arguments = append(arguments, "-c")
		}
		arguments = append(arguments, c.flags...)
		entry := Command{Directory: dir, File: absolute(dir, source)}
		if c.output != "" {
			arguments = append(arguments, "-o", c.output)
			entry.Output = absolute(dir, c.output)
		}
		entry.Arguments = append(arguments, source)
		list = append(list, entry)
	}
	return list
}

func absolute(dir, name string) string {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	return filepath.Clean(name)
}

// take reads an argument, and those that belong to it, and returns how many.
func (c *call) take(args []string) int {
	arg, n := args[0], 1
	if len(args) > 1 && hasValue(arg) {
		n = 2
	}
	switch {
	case arg == "-o" && n == 2:
		c.output = args[1]
	case arg == "-E", arg == "-M", arg == "-MM", arg == "-cc1", arg == "-cc1as", arg == "--help", arg == "--version",
		strings.HasPrefix(arg, "-print-"), strings.HasPrefix(arg, "-dumpmachine"), strings.HasPrefix(arg, "-dumpversion"):
		c.none = true
	case isForLinker(arg), strings.HasPrefix(arg, "-M"):
	case !strings.HasPrefix(arg, "-") && isSource(arg):
		c.sources = append(c.sources, arg)
	default:
		c.only = c.only || arg == "-c" || arg == "-S"
		c.flags = append(c.flags, args[:n]...)
	}
	return n
}

// hasValue reports whether the next argument belongs to this one (GCC manual, "Option
// Summary"; clang --help).
func hasValue(arg string) bool {
	switch arg {
	case "-o", "-x", "-D", "-U", "-I", "-L", "-l", "-T", "-u", "-z", "-e", "-A", "-B", "-F", "-G",
		"-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-iprefix", "-iwithprefix",
		"-iwithprefixbefore", "-isysroot", "-imultilib", "-cxx-isystem", "-include-pch", "-ivfsoverlay", "-iframework",
		"-MF", "-MT", "-MQ", "-MJ", "-Xpreprocessor", "-Xassembler", "-Xlinker", "-Xclang", "-Xanalyzer", "-mllvm",
		"--param", "--sysroot", "--target", "-target", "-arch", "-aux-info", "-wrapper", "-specs", "-rpath",
		"-dumpbase", "-dumpbase-ext", "-dumpdir", "-framework", "-gcc-toolchain", "-serialize-diagnostics":
		return true
	}
	return false
}

// isForLinker reports whether an option, which may have a value, is the linker's alone.
func isForLinker(arg string) bool {
	switch arg {
	case "-shared", "-static", "-s", "-r", "-rdynamic", "-pie", "-no-pie", "-static-pie", "-symbolic",
		"-nostdlib", "-nodefaultlibs", "-nostartfiles", "-nolibc", "-static-libgcc", "-shared-libgcc", "-static-libstdc++",
		"-T", "-u", "-z", "-e", "-Xlinker":
		return true
	}
	return strings.HasPrefix(arg, "-l") || strings.HasPrefix(arg, "-L")
}

// isSource reports whether a name has the suffix of a source file that is compiled
// (GCC manual, "Options Controlling the Kind of Output").
func isSource(name string) bool {
	switch strings.TrimPrefix(filepath.Ext(name), ".") {
	case "c", "i", "ii", "m", "mi", "mm", "M", "mii", "h", "H", "hp", "hh", "hxx", "hpp", "HPP", "h++", "tcc",
		"cc", "cp", "cxx", "cpp", "CPP", "c++", "C", "CC", "CXX", "s", "S", "sx":
		return true
	}
	return false
}
