package cli

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/catbox"
)

// suggest returns the options that would allow the violations: rules without
// those that lie below another one, and the network.
func suggest(list []catbox.Violation, given []string) []string {
	var rules []string
	network := catbox.NetworkNone
	for i := range list {
		v := &list[i]
		switch {
		case v.Rule != "":
			if !slices.Contains(rules, v.Rule) && !slices.Contains(given, v.Rule) {
				rules = append(rules, v.Rule)
			}
		case v.Address != "":
			network = max(network, networkFor(v.Address))
		}
	}
	var flags []string
	for _, rule := range rules {
		covered := func(other string) bool { return other != rule && covers(other, rule) }
		if !slices.ContainsFunc(rules, covered) {
			flags = append(flags, "-p "+quote(rule))
		}
	}
	if network != catbox.NetworkNone {
		flags = append(flags, "--network="+network.String())
	}
	return flags
}

// covers reports whether everything below the path rule is below other as well.
func covers(other, rule string) bool {
	return strings.HasPrefix(other, "/") && strings.HasPrefix(rule, strings.TrimSuffix(other, "/")+"/")
}

// networkFor returns the smallest network in which an address of a violation can
// be reached.
func networkFor(address string) catbox.Network {
	if ip, err := netip.ParseAddrPort(address); err == nil && ip.Addr().Unmap().IsLoopback() {
		return catbox.NetworkLoopback
	}
	return catbox.NetworkHost
}
