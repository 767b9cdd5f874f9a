// Package resolve turns a path, as a system call of a tracee names it, into the
// canonical path of the object that the kernel would reach: by the root, working
// directory and descriptors of that thread, with the kernel's own errors
// (path_resolution(7)).
//
// It changes nothing and opens nothing but O_PATH descriptors, and directories
// deeper than PATH_MAX, which have no name that could be read otherwise. It knows
// no rule and no tracer.
//
// # Three roads, one answer
//
// The plain road reads the working directory and proves with one openat2(2) that
// no component is a symbolic link, so that the text is the name. The linked road
// lets the kernel follow ordinary links and asks for the name of what it reached.
// Both need a caller who shares the root with the tracee, and both give way to
// the exact road whenever something is not ordinary. The exact road walks
// component by component from the descriptors of the thread and is complete
// alone: it serves where openat2(2) is missing or refused.
//
// # Current limitations
//
// The answer holds for the moment of the walk; whoever can rename a directory or
// replace a link can make it stale before the kernel acts on it. Search
// permission is the caller's own: a privileged caller sees through directories
// that the tracee may not search, and the kernel refuses the tracee later. The
// protected_symlinks rule of proc_sys_fs(5) is left to the kernel likewise. A
// file that is no directory, lies deeper than PATH_MAX and is known only by a
// descriptor has no name that can be found.
package resolve
