// Command numbers writes znumbers.go into the working directory, which go
// generate sets to the directory of package sysent. It needs the source of
// golang.org/x/sys in the module cache and no network.
package main

import (
	"fmt"
	"os"

	"github.com/catbox-go/catbox/tracer/sysent/internal/numbers"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "numbers:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := numbers.ModuleDir()
	if err != nil {
		return err
	}
	src, err := numbers.Generate(dir)
	if err != nil {
		return err
	}
	return os.WriteFile("znumbers.go", src, 0o644)
}
