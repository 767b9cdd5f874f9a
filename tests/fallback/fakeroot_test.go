package fallback

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFakeroot takes the notify lane away from faked ownership, which then answers at
// stops. Programs see the same.
func TestFakeroot(t *testing.T) {
	const script = `cd in; rm -rf *; id; umask 022
echo x >file; mkdir dir; ln -s file link; ln -s nowhere dangling; ln -s loop loop; mkfifo fifo; mknod null c 1 3
chown 1:2 file; chown -h 3:4 link; chown 5 dir; chmod 4711 file; chgrp 6 fifo
stat -c '%n %F %a %u:%g %t,%T' file link dir fifo null dangling .
stat -L -c '%n %a %u:%g' file link dir null
for f in loop dangling none file/below dir/../link/ ../out/none; do stat -L $f; done
ls -lnd file link dir null | cut -c1-24
test -u file && test -c null && test -r file && ! test -x dir/none && echo tests
tar --numeric-owner -cf - . | tar --numeric-owner -tvf - | cut -d' ' -f1,2 | sort
sh -c 'exec 3<file; rm file; stat -L -c "%a %u:%g" /dev/fd/3 /proc/self/fd/3'
stat -c '%u:%g' /proc/self/cwd/dir /dev/fd/../cwd; id -u; exit 0`
	forUsers(t, func(t *testing.T, p *place) {
		fake := func(rules ...string) string {
			p.rules = rules
			o := p.run(t, "run", "-p", "in", "--fakeroot", "--", "/bin/sh", "-c", "exec 2>&1; "+script)
			if o.status != 0 {
				t.Errorf("%v: exit status %d\n%s", rules, o.status, o.err)
			}
			return o.out
		}
		want := fake()
		if diff := cmp.Diff(want, fake()); diff != "" {
			t.Fatalf("twice the same (-want +got):\n%s", diff)
		}
		for _, rules := range [][]string{{"seccomp(1,&8)=EBUSY"}, {"pidfd_getfd=EPERM"}, {"openat2=ENOSYS"}, {"seccomp(1,&8)=EBUSY", "openat2=ENOSYS"}} {
			if diff := cmp.Diff(want, fake(rules...)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", rules, diff)
			}
		}
		if t.Failed() || testing.Verbose() {
			t.Log(want)
		}
	})
}
