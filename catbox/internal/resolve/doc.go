// Package resolve turns a path, as a system call of a tracee names it, into the
// canonical path of the object that the kernel would reach: by the root, working
// directory and descriptors of that thread, with the kernel's own errors.
//
// It changes nothing and opens nothing but O_PATH descriptors. It knows no rule
// and no tracer.
package resolve
