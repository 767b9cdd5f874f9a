package packages

// recipe says how one package is built by hand. Its scripts are for sh -e, run
// in the build directory; $TARGET is the prefix to install to.
type recipe struct {
	name    string
	build   string
	install string
	program string // a file that install writes, below $TARGET
}

// recipeFor returns the recipe of a package. One that is not known better has a
// configure script and a program of its own name.
func recipeFor(name string) recipe {
	r := recipe{name: name, build: `./configure --prefix="$TARGET" && make -j2`, install: `make install`, program: "bin/" + name}
	switch name {
	case "zlib":
		r.program = "lib/libz.a"
	case "lua5.4":
		r.build, r.install, r.program = `make -j2 linux`, `make install INSTALL_TOP="$TARGET"`, "bin/lua"
	}
	return r
}

// unrepeatable names the files that no two builds share, and why.
func unrepeatable() map[string]string {
	return map[string]string{
		"config.log":    "records dates, process ids and the environment of each probe",
		"configure.log": "zlib's config.log: dates, and names of temporary files",
	}
}
