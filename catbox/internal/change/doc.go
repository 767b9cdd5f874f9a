// Package change carries out changes of metadata in the place of a tracee: of
// mode, owner, times, extended attributes and inode flags, and renames and links.
//
// A tracee names what it changes by a path or a descriptor, which another thread
// can make to mean something else between a check and the call. The tracer opens
// the object first (O_PATH), checks what it has opened, and changes that.
//
// The change is made with the rights of the tracee: see [Identity]. The package
// knows no rule and no tracer.
package change
