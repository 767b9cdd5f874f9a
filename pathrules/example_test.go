package pathrules_test

import (
	"fmt"

	"github.com/catbox-go/catbox/pathrules"
)

func Example() {
	set, err := pathrules.Compile(
		[]string{"/build", `~^/tmp/cc[A-Za-z0-9]+\.o\z`},
		[]string{"/build/.git"},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/build/main.o", "/tmp/ccXY12ab.o", "/build/.git/config", "/etc/passwd"} {
		fmt.Println(path, set.Match(path).Allowed)
	}
	// Output:
	// /build/main.o true
	// /tmp/ccXY12ab.o true
	// /build/.git/config false
	// /etc/passwd false
}

func ExampleParse() {
	_, err := pathrules.Parse("build")
	fmt.Println(err)
	// Output:
	// rule "build": not absolute; write the whole path such as "/abs/build", or "~" and a regular expression
}

func ExampleSet_Match() {
	set, err := pathrules.Compile([]string{"/build"}, []string{`~\.git/`})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/build/x", "/build/.git/x", "/etc/x", "x"} {
		switch m := set.Match(path); {
		case m.Err != nil:
			fmt.Printf("%s: refused: %v\n", path, m.Err)
		case m.Rule == nil:
			fmt.Printf("%s: refused: no rule matches\n", path)
		case m.Allowed:
			fmt.Printf("%s: allowed by %s\n", path, m.Rule)
		default:
			fmt.Printf("%s: denied by %s\n", path, m.Rule)
		}
	}
	// Output:
	// /build/x: allowed by /build
	// /build/.git/x: denied by ~\.git/
	// /etc/x: refused: no rule matches
	// x: refused: path is not canonical
}

func ExampleSet_Directory() {
	set, err := pathrules.Compile([]string{"/build"}, []string{"/build/a/secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.Directory([]byte("/build/a")), set.Directory([]byte("/build/b")))
	// Output: false true
}

func ExampleRule_LiteralPrefix() {
	rule, err := pathrules.Parse(`~^/var/cache/[^/]+/index\z`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rule.LiteralPrefix())
	// Output: /var/cache
}

func ExampleSuggest() {
	fmt.Println(pathrules.Suggest("/home/me/project/out/x.o"))
	fmt.Println(pathrules.Suggest("/etc/passwd"))
	// Output:
	// /home/me/project/out
	// /etc/passwd
}
