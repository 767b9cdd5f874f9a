// Command page writes docs/syscalls.md. It runs in the directory of package
// sysent, which is where go generate starts it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/catbox-go/catbox/tracer/sysent/internal/refpage"
)

func main() {
	name := filepath.Join("..", "..", "docs", "syscalls.md")
	if err := os.WriteFile(name, refpage.Render(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}
