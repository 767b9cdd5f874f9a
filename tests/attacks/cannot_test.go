package attacks

import "os"

// byNobody are attacks that the kernel permits to nobody.
var byNobody = map[string]string{
	"x32_numbers":       "the kernel has no x32 calls",
	"own_ret_trace":     "the calls fail without a tracer",
	"own_ret_trace_all": "the calls fail without a tracer",
	"ping_socket":       "net.ipv4.ping_group_range is empty",
}

// byRoot are attacks that take a privilege.
var byRoot = map[string]string{
	"fanotify_event_fd": "CAP_SYS_ADMIN",
	"open_by_handle":    "CAP_DAC_READ_SEARCH",
	"netlink_address":   "CAP_NET_ADMIN",
	"packet_socket":     "CAP_NET_RAW",
	"raw_socket":        "CAP_NET_RAW",
	"source_route":      "CAP_NET_RAW",
	"udp_raw":           "CAP_NET_RAW",
	"proc_timerslack":   "CAP_SYS_NICE",
	"proc_map_files":    "CAP_CHECKPOINT_RESTORE",
	"accounting":        "CAP_SYS_PACCT",
	"bpf_pin":           "CAP_BPF",
	"chroot_lookalike":  "CAP_SYS_CHROOT",
	"device_node":       "CAP_MKNOD",
	"kernel_file":       "the file belongs to root",
	"sys_file":          "the file belongs to root",
	"mount_bind":        "CAP_SYS_ADMIN",
	"mount_new_api":     "CAP_SYS_ADMIN",
	"opentree_detached": "CAP_SYS_ADMIN",
	"setns_victim":      "CAP_SYS_ADMIN",
	"shared_swap":       "CAP_SYS_ADMIN",
	"userfault":         "CAP_SYS_PTRACE",
	"type_text":         "the terminal is not the controlling one",
	"type_race":         "the terminal is not the controlling one",
	"type_highbits":     "the terminal is not the controlling one",
}

// asNative are attacks that confinement does not promise to stop without Landlock.
var asNative = map[string]string{
	"victim_pipe":  "a pipe of another process, by /proc/PID/fd",
	"victim_memfd": "a memory file of another process, by /proc/PID/fd",
}

// cannot says why an attack cannot succeed even without confinement, or returns
// nothing.
func cannot(a attack, uid int) string {
	if why := byNobody[a.name]; why != "" {
		return why
	}
	if a.name == "set_user_id" && os.Getuid() != 0 {
		return "only root can make a program that is set-user-ID root"
	}
	if uid != 0 {
		return byRoot[a.name]
	}
	return ""
}
