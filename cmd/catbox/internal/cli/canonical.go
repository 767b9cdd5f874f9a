package cli

import (
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/catbox"
)

const canonicalLong = `canonical prints for each path the absolute path, without links, "." and "..",
that the rules of catbox run are compared with. The last component need not
exist. One path a line; a name with control characters or bytes that are no
UTF-8 is printed as a quoted Go string, and -0 prints every name as it is.

Exit status:

  0     each path has a canonical path
  1     a path has none; the kernel's reason is printed
  125   wrong flags`

func (a *app) canonicalCommand() *cobra.Command {
	var opts catbox.CanonicalOptions
	var null bool
	cmd := &cobra.Command{
		Use:   "canonical [flags] PATH...",
		Short: "print the path that rules are compared with",
		Long:  canonicalLong,
		Example: `  catbox canonical ./build
  catbox canonical --pid 4711 --follow cwd/link`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("see "+cmd.CommandPath()+" --help", "no path given")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, paths []string) error {
			if opts.PID < 0 {
				return usagef("", "--pid %d: not a process", opts.PID)
			}
			return a.canonical(paths, opts, null)
		},
	}
	cmd.Flags().BoolVarP(&opts.Follow, "follow", "L", false, "follow a symbolic link in the last component")
	cmd.Flags().IntVar(&opts.PID, "pid", 0, "look with the root, directory and descriptors of process `N`")
	cmd.Flags().BoolVarP(&null, "null", "0", false, "end each path with a NUL byte, and quote nothing")
	return cmd
}

func (a *app) canonical(paths []string, opts catbox.CanonicalOptions, null bool) error {
	for _, path := range paths {
		canonical, err := catbox.Canonical(path, opts)
		if err != nil {
			a.message("%s %s: %v", a.style.bad("error:"), catbox.Printable(path), err)
			a.status = 1
			continue
		}
		line := oneLine(canonical) + "\n"
		if null {
			line = canonical + "\x00"
		}
		if _, err := fmt.Fprint(a.out, line); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}

// oneLine returns a path as it is, or quoted where it would not be one line of
// text.
func oneLine(path string) string {
	if !utf8.ValidString(path) {
		return strconv.Quote(path)
	}
	for _, r := range path {
		if !unicode.IsGraphic(r) {
			return strconv.Quote(path)
		}
	}
	return path
}
