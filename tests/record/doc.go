// Package record compares build records with strace(1): real builds run twice in the
// same place, once with a record and once traced by strace, and what they did with
// which path has to be the same. Differences that are right stand in explained.txt.
//
// The builds of this repository run always. CATBOX_TEST_PACKAGES adds real source
// packages, which are fetched from the archives of the machine:
//
//	CATBOX_TEST_PACKAGES="hello zlib lua5.4" go test -v ./tests/record
package record
