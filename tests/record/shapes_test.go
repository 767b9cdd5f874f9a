package record

import "os"

// shape says where a call has its path and what it does with it.
type shape struct {
	path, at         int // arguments; at is the descriptor of the directory, -1 for none
	second, secondAt int
	flags            int
	op               string
	open, follow     bool
}

// shapes are the calls with paths that builds make.
func shapes() map[string]shape {
	return map[string]shape{
		"open":   {at: -1, flags: 1, open: true, follow: true},
		"creat":  {at: -1, open: true, follow: true},
		"openat": {path: 1, flags: 2, open: true, follow: true},

		"execve":   {at: -1, op: "executed", follow: true},
		"execveat": {path: 1, flags: 4, op: "executed", follow: true},

		"unlink":   {at: -1, op: "deleted"},
		"unlinkat": {path: 1, op: "deleted"},
		"rmdir":    {at: -1, op: "deleted"},
		"mkdir":    {at: -1, op: "created"},
		"mkdirat":  {path: 1, op: "created"},
		"mknod":    {at: -1, op: "created"},
		"mknodat":  {path: 1, op: "created"},

		"symlink":   {path: 1, at: -1, op: "created"},
		"symlinkat": {path: 2, at: 1, op: "created"},

		"rename":    {at: -1, second: 1, secondAt: -1},
		"renameat":  {path: 1, second: 3, secondAt: 2},
		"renameat2": {path: 1, second: 3, secondAt: 2},
		"link":      {at: -1, second: 1, secondAt: -1},
		"linkat":    {path: 1, second: 3, secondAt: 2},

		"chmod":     {at: -1, op: "written", follow: true},
		"fchmodat":  {path: 1, op: "written", follow: true},
		"chown":     {at: -1, op: "written", follow: true},
		"lchown":    {at: -1, op: "written"},
		"fchownat":  {path: 1, flags: 4, op: "written", follow: true},
		"truncate":  {at: -1, op: "written", follow: true},
		"utime":     {at: -1, op: "written", follow: true},
		"utimes":    {at: -1, op: "written", follow: true},
		"futimesat": {path: 1, op: "written", follow: true},
		"utimensat": {path: 1, flags: 3, op: "written", follow: true},
		"setxattr":  {at: -1, op: "written", follow: true},
		"lsetxattr": {at: -1, op: "written"},

		"stat":       {at: -1, op: "looked-at", follow: true},
		"lstat":      {at: -1, op: "looked-at"},
		"newfstatat": {path: 1, flags: 3, op: "looked-at", follow: true},
		"statx":      {path: 1, flags: 2, op: "looked-at", follow: true},
		"access":     {at: -1, op: "looked-at", follow: true},
		"faccessat":  {path: 1, op: "looked-at", follow: true},
		"faccessat2": {path: 1, flags: 3, op: "looked-at", follow: true},
		"readlink":   {at: -1, op: "looked-at"},
		"readlinkat": {path: 1, op: "looked-at"},
		"statfs":     {at: -1, op: "looked-at", follow: true},
		"getxattr":   {at: -1, op: "looked-at", follow: true},
		"lgetxattr":  {at: -1, op: "looked-at"},

		"chdir":  {at: -1, follow: true},
		"fchdir": {at: -1},
	}
}

func there(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
