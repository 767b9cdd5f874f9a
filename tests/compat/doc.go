// Package compat runs the test suites of other people's programs in three ways,
// without catbox, inside it with everything allowed, and confined to a directory
// of their own, and compares what each single test says.
//
// Its test, TestCompat, takes many minutes and tools, so it runs only when
// CATBOX_TEST_COMPAT names the suites:
//
//	make test-compat COMPAT="go cpython tar"
//
// Differences that are right stand in explained.txt, with a reason that
// docs/compatibility.md spells out. Any other difference fails, and so does an
// explained one that no longer occurs. A suite runs twice without catbox: a test
// that disagrees with itself says nothing about catbox and is left out.
package compat
