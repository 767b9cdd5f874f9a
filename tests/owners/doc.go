// Package owners proves catbox run --fakeroot with the tools that pack files with
// their owners: archivers, makers of images and packages, and what installs files.
//
// A recipe is a script of testdata. It is run twice in the same place, by root
// without catbox and by an ordinary user under catbox --fakeroot. What it prints and
// every archive that it leaves must be the same, to the bit. Beside the recipe lies
// what it prints, NAME.want, so that an ordinary user can run these tests, too; root
// writes these files anew with
//
//	go test ./tests/owners -update
package owners
