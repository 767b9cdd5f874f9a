// Package fakeroot keeps what an ordinary user pretends about inodes: owners,
// modes with set-id bits, device nodes, extended attributes that only root may set.
//
// A [DB] is the data structure: records by device and inode number. A [Store] is a
// DB that a file follows, line by line, so that nothing is lost when the process is
// killed. Files are JSON Lines, or in the format that fakeroot(1) saves.
//
// With the records a tree is seen as root would have made it: [DB.Walk] and [DB.Find]
// look at it, [DB.WriteTar], [DB.WriteMtree] and [DB.WriteEntries] describe it, and
// [DB.Apply] makes it so, for those who are root.
//
// The package traces nothing and decides about no call: records are made elsewhere.
//
// # Limitations
//
// Records are found by numbers that the kernel gives again once an inode is gone. Who
// removes an inode removes its record. Where the file system tells the time of birth,
// a record of an inode that was replaced behind the back of the database is noticed;
// where it tells none, and in files of fakeroot(1), only a change of type is.
package fakeroot
