package cli

import (
	"strings"
	"testing"
)

// TestYamaScope checks what is said about each scope of Yama
// (Documentation/admin-guide/LSM/Yama.rst of the kernel).
func TestYamaScope(t *testing.T) {
	tests := []struct {
		name       string
		scope      string
		privileged bool
		level      level
		detail     string
		remedy     string
	}{
		{"classic", "0", false, levelGood, "ptrace_scope 0: a process may trace its children", ""},
		{"descendants", "1", false, levelGood, "ptrace_scope 1: a process may trace its children", ""},
		{"admin only, and we are not", "2", false, levelBad, "only with CAP_SYS_PTRACE", "sysctl kernel.yama.ptrace_scope=1"},
		{"admin only, and we are", "2", true, levelGood, "with CAP_SYS_PTRACE only, which is there", ""},
		{"nobody", "3", true, levelBad, "ptrace_scope 3: nobody may trace", "restart; it cannot be undone while running"},
		{"unknown", "9", true, levelBad, "ptrace_scope 9: nobody may trace", "set kernel.yama.ptrace_scope=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := yamaScope(tt.scope, tt.privileged)
			if f.Level != tt.level || !strings.Contains(f.Detail, tt.detail) || !strings.Contains(f.Remedy, tt.remedy) || (f.Remedy == "") != (tt.remedy == "") {
				t.Errorf("got %+v", f)
			}
		})
	}
}
