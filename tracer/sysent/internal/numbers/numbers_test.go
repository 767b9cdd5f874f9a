package numbers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadNumbers(t *testing.T) {
	tests := []struct {
		name    string
		src     string
		want    map[string]row
		wantErr string
	}{
		{
			name: "constants",
			src:  "package unix\nconst (\n SYS_READ = 0\n SYS__LLSEEK = 140\n OTHER = 7\n SYS_ARCH_SPECIFIC_SYSCALL = 244\n)\nvar x int",
			want: map[string]row{"read": {-1, 0, -1}, "_llseek": {-1, 140, -1}},
		},
		{name: "no constants", src: "package unix", wantErr: "no SYS_ constants"},
		{name: "not Go", src: "#include", wantErr: "parse numbers"},
		{name: "same number twice", src: "package unix\nconst (\n SYS_A = 1\n SYS_B = 1\n)", wantErr: "SYS_A and SYS_B are both 1"},
		{name: "an expression", src: "package unix\nconst SYS_A = 1 + 1", wantErr: "not an integer literal"},
		{name: "no value", src: "package unix\nconst (\n SYS_A = 1\n SYS_B\n)", wantErr: "0 values, want 1"},
		{name: "too large", src: "package unix\nconst SYS_A = 40000", wantErr: "larger than 32767"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := make(map[string]row)
			err := readNumbers("x.go", tt.src, 1, got)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("error = %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("numbers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGenerateNeedsTheModule(t *testing.T) {
	if _, err := Generate(t.TempDir()); err == nil {
		t.Error("Generate of an empty directory succeeds")
	}
}
