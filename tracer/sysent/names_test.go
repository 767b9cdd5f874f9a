package sysent

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestArch(t *testing.T) {
	tests := []struct {
		arch    Arch
		name    string
		audit   uint32
		pointer int
	}{
		{arch: AMD64, name: "amd64", audit: unix.AUDIT_ARCH_X86_64, pointer: 8},
		{arch: I386, name: "i386", audit: unix.AUDIT_ARCH_I386, pointer: 4},
		{arch: ARM64, name: "arm64", audit: unix.AUDIT_ARCH_AARCH64, pointer: 8},
	}
	if len(tests) != int(numArch) {
		t.Fatalf("%d ABIs are tested, want %d", len(tests), numArch)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.arch.String(); got != tt.name {
				t.Errorf("String = %q, want %q", got, tt.name)
			}
			if got := tt.arch.Audit(); got != tt.audit {
				t.Errorf("Audit = %#x, want %#x", got, tt.audit)
			}
			if got, ok := ArchOf(tt.audit); !ok || got != tt.arch {
				t.Errorf("ArchOf(%#x) = %v, %v, want %v", tt.audit, got, ok, tt.arch)
			}
			if got := tt.arch.PointerSize(); got != tt.pointer {
				t.Errorf("PointerSize = %d, want %d", got, tt.pointer)
			}
		})
	}
	if a, ok := ArchOf(unix.AUDIT_ARCH_ARM); ok {
		t.Errorf("ArchOf(AUDIT_ARCH_ARM) = %v", a)
	}
	if got := numArch.Audit(); got != 0 {
		t.Errorf("Audit of no ABI = %#x, want 0", got)
	}
}

func TestNames(t *testing.T) {
	distinct := func(t *testing.T, n int, name func(i int) string) {
		t.Helper()
		seen := make(map[string]int)
		for i := range n {
			s := name(i)
			if s == "" {
				t.Errorf("value %d has no name", i)
			}
			if other, dup := seen[s]; dup {
				t.Errorf("values %d and %d are both %q", other, i, s)
			}
			seen[s] = i
		}
		if s := name(n); s == "" {
			t.Errorf("value %d, behind the last, has no name", n)
		}
	}
	t.Run("Class", func(t *testing.T) {
		distinct(t, int(numClass), func(i int) string { return Class(i).String() })
	})
	t.Run("Role", func(t *testing.T) {
		distinct(t, int(numRole), func(i int) string { return Role(i).String() })
	})
	t.Run("Op", func(t *testing.T) {
		distinct(t, int(numOp), func(i int) string { return Op(i).String() })
	})
	t.Run("Arch", func(t *testing.T) {
		distinct(t, int(numArch), func(i int) string { return Arch(i).String() })
	})
}

func TestClassesAreAllUsed(t *testing.T) {
	used := make(map[Class]bool)
	for e := range Entries() {
		used[e.Class] = true
	}
	for _, c := range Classes() {
		if !used[c] {
			t.Errorf("no call has class %v", c)
		}
	}
}
