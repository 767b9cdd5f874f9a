// Command gendocs writes the manual pages and docs/cli.md from the commands of
// catbox. Its output depends on nothing else: the same commands give the same
// bytes, and no page has a date.
//
//	go run ./cmd/catbox/gendocs docs
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/cmd/catbox/internal/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gendocs DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	for name, text := range pages() {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pages returns the text of each page by its path below the directory of the
// documentation.
func pages() map[string]string {
	commands := flatten(cli.Root())
	all := map[string]string{"cli.md": markdown(commands)}
	for _, cmd := range commands {
		all[filepath.Join("man", pageName(cmd)+".1")] = manual(cmd, commands)
	}
	return all
}

// flatten lists a command and those below it that are its own; the ones that
// cobra adds by itself are not there before it runs.
func flatten(cmd *cobra.Command) []*cobra.Command {
	cmd.InitDefaultHelpFlag()
	list := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		list = append(list, flatten(sub)...)
	}
	return list
}

func pageName(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "-")
}

// block is a paragraph of a long description.
type block struct {
	text     string
	verbatim bool // a table or a list, whose lines stay
	heading  bool // one line that ends with a colon, before something verbatim
}

// blocks reads a long description: paragraphs between empty lines, verbatim ones
// indented by two blanks.
func blocks(long string) []block {
	var list []block
	for _, text := range strings.Split(strings.Trim(long, "\n"), "\n\n") {
		text = strings.Trim(text, "\n")
		if text == "" {
			continue
		}
		b := block{text: text, verbatim: strings.HasPrefix(text, "  ")}
		if b.verbatim && len(list) > 0 {
			previous := &list[len(list)-1]
			previous.heading = strings.HasSuffix(previous.text, ":") && !strings.Contains(previous.text, "\n")
		}
		list = append(list, b)
	}
	return list
}

// dedent removes two blanks from the beginning of each line.
func dedent(text string) string {
	return strings.ReplaceAll(strings.TrimPrefix(text, "  "), "\n  ", "\n")
}
