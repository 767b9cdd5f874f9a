package sysent

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFamiliesAgree compares calls that do the same: without directory
// descriptors and flags, their arguments, class and operation are equal.
func TestFamiliesAgree(t *testing.T) {
	tests := []struct {
		name  string
		calls []string
	}{
		{"open", []string{"open", "openat"}},
		{"truncate", []string{"truncate", "truncate64"}},
		{"rename", []string{"rename", "renameat", "renameat2"}},
		{"mkdir", []string{"mkdir", "mkdirat"}},
		{"unlink", []string{"unlink", "unlinkat"}},
		{"link", []string{"link", "linkat"}},
		{"symlink", []string{"symlink", "symlinkat"}},
		{"mknod", []string{"mknod", "mknodat"}},
		{"times", []string{"utime", "utimes", "futimesat", "utimensat", "utimensat_time64"}},
		{"chmod", []string{"chmod", "fchmodat", "fchmodat2"}},
		{"chown", []string{"chown", "chown32", "lchown", "lchown32", "fchownat"}},
		{"fchown", []string{"fchown", "fchown32"}},
		{"setxattr", []string{"setxattr", "lsetxattr"}}, // setxattrat has the value in a structure
		{"removexattr", []string{"removexattr", "lremovexattr", "removexattrat"}},
		{"getxattr", []string{"getxattr", "lgetxattr"}}, // getxattrat has the value in a structure
		{"listxattr", []string{"listxattr", "llistxattr", "listxattrat"}},
		{"stat", []string{"stat", "lstat", "oldstat", "oldlstat", "stat64", "lstat64", "newfstatat", "fstatat64", "statx"}},
		{"fstat", []string{"fstat", "oldfstat", "fstat64"}},
		{"access", []string{"access", "faccessat", "faccessat2"}},
		{"readlink", []string{"readlink", "readlinkat"}},
		{"statfs", []string{"statfs", "statfs64"}},
		{"exec", []string{"execve", "execveat"}},
		{"fcntl", []string{"fcntl", "fcntl64"}},
		{"umount", []string{"umount", "umount2"}},
		{"open_tree", []string{"open_tree", "open_tree_attr"}},
	}
	type shape struct {
		Class Class
		Op    Op
		Args  []Role
	}
	shapeOf := func(t *testing.T, name string) shape {
		t.Helper()
		e := ByName(name)
		if e == nil {
			t.Fatalf("ByName(%q) = nil", name)
		}
		s := shape{Class: e.Class, Op: e.Op}
		for _, r := range e.Args {
			if !slices.Contains([]Role{Unused, DirFD, NewDirFD, AtFlags, RenameFlags, LengthHigh}, r) {
				s.Args = append(s.Args, r)
			}
		}
		return s
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := shapeOf(t, tt.calls[0])
			for _, name := range tt.calls[1:] {
				if diff := cmp.Diff(want, shapeOf(t, name)); diff != "" {
					t.Errorf("%s and %s (-want +got):\n%s", tt.calls[0], name, diff)
				}
			}
		})
	}
}

// TestLastComponent states, from the manual pages, which calls of each pair of
// names follow a link.
func TestLastComponent(t *testing.T) {
	tests := []struct {
		name string
		last Last
		want []string
	}{
		{"never followed", NoFollow, []string{
			"rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "link",
			"symlink", "symlinkat", "mknod", "mknodat", "lchown", "lchown32", "lsetxattr", "lremovexattr",
			"lstat", "lstat64", "oldlstat", "lgetxattr", "llistxattr", "readlink", "readlinkat", "move_mount",
		}},
		{"followed only with a flag", ByAtFollow, []string{"linkat", "name_to_handle_at"}},
		{"by open flags", ByOpenFlags, []string{"open", "openat", "openat2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for e := range Entries() {
				if e.Last == tt.last {
					got = append(got, e.Name)
				}
			}
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSymlinkChecksTheLink guards against the oldest mistake in such tables:
// taking the text of a symbolic link for the path that is written.
func TestSymlinkChecksTheLink(t *testing.T) {
	want := [6]Role{LinkText, DirFD, Path}
	if diff := cmp.Diff(want, ByName("symlinkat").Args); diff != "" {
		t.Errorf("arguments of symlinkat (-want +got):\n%s", diff)
	}
}
