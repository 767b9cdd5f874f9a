package catbox

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func network(n Network) func(*world) *Sandbox {
	return func(w *world) *Sandbox {
		box := w.box()
		box.Network = n
		return box
	}
}

// addressed are the calls that name an address, with "A" for it; the socket is
// of a family "F".
var addressed = []struct{ call, sock, calls string }{
	{"connect", "SOCK_STREAM", "connect $1 A LEN"},
	{"connect", "SOCK_DGRAM", "connect $1 A LEN"},
	{"sendto", "SOCK_DGRAM", "sendto $1 s:x 1 0 A LEN"},
	{"sendmsg", "SOCK_DGRAM", "sendmsg $1 msg:A 0"},
	{"sendmmsg", "SOCK_DGRAM", "sendmmsg $1 mmsg:A 2 0"},
	{"bind", "SOCK_STREAM", "bind $1 A LEN"},
	{"bind", "SOCK_DGRAM", "bind $1 A LEN"},
}

// TestNetworkRefused goes through the calls with addresses of documentation
// (TEST-NET-1), which are refused before anything is sent.
func TestNetworkRefused(t *testing.T) {
	var scenes []scene
	add := func(addr, family, shown string) {
		for _, a := range addressed {
			errno := "ENETUNREACH"
			if a.call == "bind" {
				errno = "EACCES"
			}
			scenes = append(scenes, scene{a.call + " " + a.sock + " " + shown,
				"socket " + family + " " + a.sock + " 0 : " + strings.Replace(a.calls, "A", addr, 1),
				"socket=0 " + a.call + "=" + errno, []string{a.call + " to " + shown}})
		}
	}
	add("in4:192.0.2.1/80", "AF_INET", "192.0.2.1:80")
	add("in6:2001:db8::1/80", "AF_INET6", "[2001:db8::1]:80")
	play(t, network(NetworkLoopback), scenes)
	add("in4:127.0.0.1/9", "AF_INET", "127.0.0.1:9")
	add("in6:::1/9", "AF_INET6", "[::1]:9")
	play(t, network(NetworkNone), scenes)
}

func TestNetworkFamilies(t *testing.T) {
	refused := func(family string) []string { return []string{"socket to " + family} }
	for _, n := range []Network{NetworkNone, NetworkLoopback} {
		play(t, network(n), []scene{
			{"packet", "socket AF_PACKET SOCK_RAW 0", "socket=EAFNOSUPPORT", refused("AF_PACKET")},
			{"vsock", "socket AF_VSOCK SOCK_STREAM 0", "socket=EAFNOSUPPORT", refused("AF_VSOCK")},
			{"alg", "socket AF_ALG 5 0", "socket=EAFNOSUPPORT", refused("AF_ALG")},
			{"netlink other than routing", "socket AF_NETLINK SOCK_RAW 15", "socket=EAFNOSUPPORT", refused("AF_NETLINK")},
			{"audit", "socket AF_NETLINK SOCK_RAW 9", "socket=EPROTONOSUPPORT", nil},
			{"netlink routing", "socket AF_NETLINK SOCK_RAW 0 : bind $1 family:16 12", "socket=0 bind=0", nil},
			{"pair", "socketpair AF_UNIX SOCK_DGRAM 0 d:0,0 : write 4 x 1", "socketpair=0 write=0", nil},
			{"abstract", "socket AF_UNIX SOCK_STREAM 0 : connect $1 un:@nobody-listens LEN", "socket=0 connect=ECONNREFUSED",
				[]string{"connect to @nobody-listens"}},
			{"abstract bind", "socket AF_UNIX SOCK_STREAM 0 : bind $1 un:@catbox-test-" + n.String() + " LEN", "socket=0 bind=0", nil},
			{"unix outside", "socket AF_UNIX SOCK_DGRAM 0 : sendto $1 s:x 1 0 un:f/sock LEN : connect $1 un:f/none LEN : connect $1 un:f/file LEN",
				"socket=0 sendto=EACCES connect=ENOENT connect=ECONNREFUSED", []string{"sendto to f/sock ~/f/sock (f/sock)"}},
			{"unix bind outside", "socket AF_UNIX SOCK_STREAM 0 : bind $1 un:f/file LEN : bind $1 un:f/new LEN", "socket=0 bind=EADDRINUSE bind=EACCES",
				[]string{"bind to f/new ~/f/new (f/new)"}},
			{"bad addresses", "socket AF_INET SOCK_STREAM 0 : connect $1 BAD 16 : connect $1 BAD 1 : connect $1 BAD 9999 : connect 99 in4:192.0.2.1/1 LEN",
				"socket=0 connect=EFAULT connect=EINVAL connect=EINVAL connect=EBADF", nil},
		})
	}
}

// TestNetworkAddressLength passes addresses with the length of the buffer that
// they are in, which the kernel takes up to struct sockaddr_storage.
func TestNetworkAddressLength(t *testing.T) {
	calls := "socket AF_INET SOCK_DGRAM 0 : bind $1 in4:127.0.0.1/0 128 : connect $1 in4:127.0.0.1/9 128 : connect $1 in4:127.0.0.1/9 129 : " +
		"socket AF_UNIX SOCK_DGRAM 0 : connect $5 un:a/none 110 : connect $5 un:f/sock 111 : bind $5 un:f/new 111 : bind $5 un:@catbox-test-length 111"
	want := "socket=0 bind=0 connect=0 connect=EINVAL socket=0 connect=ENOENT connect=EINVAL bind=EINVAL bind=EINVAL"
	for _, n := range []Network{NetworkLoopback, NetworkHost} {
		play(t, network(n), []scene{{n.String(), calls, want, nil}})
	}
	w := newWorld(t, os.Getuid())
	if diff := cmp.Diff(strings.Fields(want), strings.Fields(w.native(t, w.words(calls)...))); diff != "" {
		t.Errorf("without confinement (-want +got):\n%s", diff)
	}
}

func TestNetworkListenBindsByItself(t *testing.T) {
	const calls = "socket AF_INET SOCK_STREAM 0 : listen $1 1"
	play(t, network(NetworkNone), []scene{{"listen", calls, "socket=0 listen=EACCES", []string{"listen to *:0"}}})
	play(t, network(NetworkLoopback), []scene{{"listen", calls, "socket=0 listen=EACCES", []string{"listen to 0.0.0.0:0"}}})
	play(t, network(NetworkHost), []scene{{"listen", calls, "socket=0 listen=0", nil}})
}

func TestNetworkLoopback(t *testing.T) {
	for _, network := range []struct {
		n    Network
		want string
	}{{NetworkLoopback, "0"}, {NetworkHost, "0"}, {NetworkNone, "ENETUNREACH"}} {
		for _, addr := range []struct{ listen, family, form string }{
			{"127.0.0.1:0", "AF_INET", "in4:127.0.0.1/%d"}, {"[::1]:0", "AF_INET6", "in6:::1/%d"},
			{"127.0.0.1:0", "AF_INET6", "in6:::ffff:127.0.0.1/%d"},
		} {
			t.Run(network.n.String()+" "+addr.form, func(t *testing.T) {
				l, err := net.Listen("tcp", addr.listen)
				if err != nil {
					t.Skipf("no such loopback here: %v", err)
				}
				defer l.Close()
				w := newWorld(t, os.Getuid())
				box := w.box()
				box.Network = network.n
				to := fmt.Sprintf(addr.form, l.Addr().(*net.TCPAddr).Port)
				out, _ := w.confined(t, box, w.words("socket "+addr.family+" SOCK_STREAM 0 : connect $1 "+to+" LEN")...)
				if diff := cmp.Diff("socket=0\nconnect="+network.want, out); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
	play(t, func(w *world) *Sandbox { return &Sandbox{Network: NetworkLoopback} }, []scene{
		{"server", "socket AF_INET SOCK_STREAM 0 : bind $1 in4:127.0.0.1/0 LEN : listen $1 1", "socket=0 bind=0 listen=0", nil},
		{"every interface", "socket AF_INET SOCK_STREAM 0 : bind $1 in4:0.0.0.0/0 LEN", "socket=0 bind=EACCES", []string{"bind to 0.0.0.0:0"}},
	})
}

func TestNetworkCapabilities(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, who has the capabilities without confinement")
	}
	const admin, raw = 1 << 12, 1 << 13
	for _, tt := range []struct {
		n    Network
		lost bool
	}{{NetworkNone, true}, {NetworkLoopback, true}, {NetworkHost, false}} {
		t.Run(tt.n.String(), func(t *testing.T) {
			w := newWorld(t, 0)
			before := capabilities(t, readFile(t, "/proc/self/status"))
			if before&admin == 0 {
				t.Skip("this root has not CAP_NET_ADMIN")
			}
			out, _ := w.run(t, &Sandbox{Network: tt.n}, "/bin/cat", "/proc/self/status")
			want := before
			if tt.lost {
				want &^= admin | raw
			}
			if got := capabilities(t, out); got != want {
				t.Errorf("got capabilities %#x, want %#x", got, want)
			}
		})
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func capabilities(t *testing.T, status string) uint64 {
	t.Helper()
	_, rest, _ := strings.Cut(status, "CapEff:")
	var caps uint64
	if _, err := fmt.Sscanf(rest, "%x", &caps); err != nil {
		t.Fatal(err)
	}
	return caps
}

// TestNetworkSocketcall makes the calls of 32-bit programs, by the call that
// multiplexes them.
func TestNetworkSocketcall(t *testing.T) {
	prog := program(t, "syscalls")
	w := newWorld(t, os.Getuid())
	w.guest = prog
	// Numbers: 102 is socketcall, and of its own 1 socket, 2 bind, 3 connect,
	// 11 sendto; 362 is the separate connect.
	out, res := w.confined(t, w.box(), w.words("80:102 1 d:AF_INET,SOCK_STREAM,0 : 80:102 3 d:$1,in4:192.0.2.1/80,LEN : "+
		"80:362 $1 in4:192.0.2.1/81 LEN : 80:102 1 d:AF_PACKET,SOCK_RAW,0 : 80:102 3 BAD : 80:102 99 BAD : 80:102 3 d:$1,BAD,16")...)
	want := "80:102=0\n80:102=ENETUNREACH\n80:362=ENETUNREACH\n80:102=EAFNOSUPPORT\n80:102=EFAULT\n80:102=EINVAL\n80:102=EFAULT"
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"connect to 192.0.2.1:80", "connect to 192.0.2.1:81", "socket to AF_PACKET"}, w.report(res)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

// TestConnectionsByTheTracer compares connections, which the tracer makes, with
// native ones.
func TestConnectionsByTheTracer(t *testing.T) {
	for _, uid := range users() {
		w := newWorld(t, uid)
		w.guest = program(t, "connect")
		native := w.native(t, w.root+"/native")
		for _, n := range []Network{NetworkNone, NetworkLoopback} {
			w.build(t)
			out, res := w.run(t, network(n)(w), w.guest, w.root+"/a/socket")
			if diff := cmp.Diff(native, out); diff != "" || len(res.Violations) > 0 {
				t.Errorf("uid %d, network %v (-want +got):\n%s%v", uid, n, diff, res.Violations)
			}
		}
	}
}
