package pathrules_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/pathrules"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		path string
		want string
	}{
		{"file of a build", "/build/out/x.o", "/build/out"},
		{"first directory", "/build/x.o", "/build"},
		{"first directory itself", "/build", "/build"},
		{"root", "/", `~^/\z`},
		{"etc", "/etc/passwd", "/etc/passwd"},
		{"below etc", "/etc/ld.so.conf.d/x.conf", "/etc/ld.so.conf.d/x.conf"},
		{"etc itself", "/etc", `~^/etc\z`},
		{"program", "/usr/bin/x", "/usr/bin/x"},
		{"programs", "/usr/bin", `~^/usr/bin\z`},
		{"library, deep", "/usr/lib/python3/x.pyc", "/usr/lib/python3/x.pyc"},
		{"local", "/usr/local/lib", `~^/usr/local/lib\z`},
		{"local program", "/usr/local/bin/x", "/usr/local/bin/x"},
		{"sources", "/usr/src/linux/Makefile", "/usr/src/linux"},
		{"source", "/usr/src/x", "/usr/src/x"},
		{"device", "/dev/null", "/dev/null"},
		{"shared memory", "/dev/shm/d/x", "/dev/shm/d/x"},
		{"process", "/proc/1/oom_score_adj", "/proc/1/oom_score_adj"},
		{"temporary file", "/tmp/x", "/tmp/x"},
		{"temporary directory", "/tmp/d/x", "/tmp/d"},
		{"temporary files", "/tmp", `~^/tmp\z`},
		{"var", "/var/lib/x", "/var/lib/x"},
		{"state", "/var/lib/app/x", "/var/lib/app"},
		{"large temporary directory", "/var/tmp/d/x", "/var/tmp/d"},
		{"home", "/home/me", `~^/home/me\z`},
		{"odd home", "/home/m.\xff", `~^/home/m\.\udcff\z`},
		{"home with a character of three digits", "/home/\u07b6", "~^/home/\u07b6\\z"},
		{"homes", "/home", `~^/home\z`},
		{"file in a home", "/home/me/.bashrc", "/home/me/.bashrc"},
		{"project", "/home/me/src/x", "/home/me/src"},
		{"keys", "/home/me/.ssh/config", "/home/me/.ssh/config"},
		{"cache", "/home/me/.cache/go/x", "/home/me/.cache/go"},
		{"root's file", "/root/x", "/root/x"},
		{"root's keys", "/root/.ssh/config", "/root/.ssh/config"},
		{"root's project", "/root/src/x", "/root/src"},
		{"odd bytes", "/b/\xff/\n", "/b/\xff"},
		{"relative", "b/x", ""},
		{"not canonical", "/b/../x", ""},
		{"empty", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := pathrules.Suggest(test.path)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Fatalf("Suggest (-want +got):\n%s", diff)
			}
			if got == "" {
				return
			}
			set := compile(t, []string{got}, nil)
			if !set.Match(test.path).Allowed {
				t.Error("the rule does not allow the path")
			}
			for _, other := range []string{"/etc/shadow", "/usr/bin/sh", "/home/me/.ssh/id", "/"} {
				if other != test.path && set.Match(other).Allowed {
					t.Errorf("the rule allows %s", other)
				}
			}
		})
	}
}
