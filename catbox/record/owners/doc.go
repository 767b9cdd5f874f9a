// Package owners says which packages of the distribution the files of a build belong
// to, by asking the package manager's own program: dpkg-query, rpm or pacman. Of apk it
// reads the database.
//
// It also reads lists of packages that a source package declares, and compares.
package owners
