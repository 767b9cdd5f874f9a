// Command catbox runs a command that may write only where you allow it.
//
// See catbox --help, or docs/cli.md.
//
//go:generate go run ./gendocs ../../docs
package main

import (
	"os"

	"github.com/catbox-go/catbox/cmd/catbox/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
