// Package attr is a model of what chown(2), chmod(2) and POSIX access control lists
// do to the owner and the mode of a file, and who may do it: inode(7), acl(5).
//
// It makes no system call and knows no tracee.
package attr
