// Package binfmt finds out which programs the kernel opens by itself when one is
// executed: the interpreter of a script, and the loader of a dynamic program
// (execve(2), elf(5)). It executes nothing.
package binfmt

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Kind is why the kernel opens a file.
type Kind uint8

// The kinds.
const (
	Script Kind = iota // named behind "#!"
	Loader             // named by PT_INTERP
)

// String returns the word for a kind.
func (k Kind) String() string {
	if k == Loader {
		return "loader"
	}
	return "script"
}

// Interpreter is a file that the kernel opens for another one.
type Interpreter struct {
	Path string // as the file names it; if that is relative, from the directory on
	Kind Kind
}

// maxDepth is how many interpreters of interpreters the kernel follows
// (fs/exec.c, since Linux 2.6.28).
const maxDepth = 5

// lineSize is how much of a file the kernel looks at (BINPRM_BUF_SIZE).
const lineSize = 256

// ErrTooDeep is the error for a script whose interpreter is a script, and so on.
var ErrTooDeep = errors.New("too many interpreters")

// Chain returns what the kernel opens to execute the file called name in the directory
// dir, in order. A file of a format that it hands to another program (binfmt_misc) has
// none.
func Chain(name, dir string) ([]Interpreter, error) {
	var chain []Interpreter
	for range maxDepth {
		next, err := interpreter(name)
		if err != nil || next == nil {
			return chain, err
		}
		if !strings.HasPrefix(next.Path, "/") {
			next.Path = dir + "/" + next.Path
		}
		chain = append(chain, *next)
		if next.Kind == Loader {
			return chain, nil
		}
		name = next.Path
	}
	return chain, fmt.Errorf("%s: %w", name, ErrTooDeep)
}

// interpreter returns that of one file, or nil.
func interpreter(name string) (*Interpreter, error) {
	// What is no regular file must not block.
	file, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	var buf [lineSize]byte
	n, err := file.ReadAt(buf[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return Parse(buf[:n], file), nil
}

// Parse returns what the beginning of a file names, or nil. It reads the rest of an
// ELF file from r.
func Parse(head []byte, r io.ReaderAt) *Interpreter {
	switch {
	case bytes.HasPrefix(head, []byte("#!")):
		if path := script(head); path != "" {
			return &Interpreter{Path: path, Kind: Script}
		}
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		if path := loader(r); path != "" {
			return &Interpreter{Path: path, Kind: Loader}
		}
	}
	return nil
}

// script returns the interpreter of a script: the first word of its line, which has
// to end within what the kernel looks at (fs/binfmt_script.c).
func script(head []byte) string {
	line, _, whole := bytes.Cut(head[2:], []byte{'\n'})
	line = bytes.TrimLeft(line, " \t")
	end := bytes.IndexAny(line, " \t\x00")
	switch {
	case end >= 0:
		line = line[:end]
	case !whole && len(head) >= lineSize:
		return ""
	}
	return string(line)
}

// loader returns the loader that an ELF file names.
func loader(r io.ReaderAt) string {
	file, err := elf.NewFile(r)
	if err != nil {
		return ""
	}
	for _, p := range file.Progs {
		if p.Type != elf.PT_INTERP || p.Filesz < 2 || p.Filesz > unix.PathMax {
			continue
		}
		text := make([]byte, p.Filesz)
		if _, err := p.ReadAt(text, 0); err != nil {
			return ""
		}
		path, _, _ := bytes.Cut(text, []byte{0})
		return string(path)
	}
	return ""
}
