package formats

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	predicate "github.com/in-toto/attestation/go/predicates/provenance/v1"
	statement1 "github.com/in-toto/attestation/go/v1"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/spdxlib"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/owners"
)

// Those who define the formats read what is written here: their libraries accept it, and
// have lost nothing of it when they write it again.

// validated are the records that are tried, and what they add up to.
func validated(t *testing.T) map[string]*record.Build {
	t.Helper()
	sum := strings.Repeat("0123456789abcdef", 4)
	strange := fmt.Sprintf(`{"type":"run","version":1,"argv":["sh","-c","\ufffd"],"argv_bytes":["c2g=","LWM=","/w=="],"commands":[["sh"],["make","<&>"]],"dir":"/a b","env":[],"kernel":"","catbox":"(devel)","policy":{"paths":null,"network":"none","action":"deny"},"level":"files","started":"2026-11-25T10:00:00.123456789+01:00"}
{"type":"files","process":1,"entries":[{"path":"/in\n\ufffd","path_bytes":"L2luCv8=","ops":{"read":[1,1]}},{"path":"/a?b#c%%d é","ops":{"read":[2,2]}}]}
{"type":"hash","path":"/a?b#c%%d é","sha256":"%[1]s","size":0,"when":"input"}
{"type":"hash","path":"/out\ufffd","path_bytes":"L291dP8=","sha256":"%[1]s","size":0,"when":"output"}
`, sum) // without an end
	b, err := record.Load(strings.NewReader(strange))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*record.Build{"golden": load(t), "strange and cut": b}
}

func TestInTotoIsValid(t *testing.T) {
	for name, b := range validated(t) {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			if err := WriteInToto(&text, b); err != nil {
				t.Fatal(err)
			}
			s, p, err := readInToto(text.Bytes())
			if err != nil {
				t.Fatalf("%v\n%s", err, text.String())
			}
			if s.GetPredicateType() != "https://slsa.dev/provenance/v1" || len(s.GetSubject()) == 0 {
				t.Errorf("statement %v", s)
			}
			needed := 0
			for _, path := range b.With(record.ClassInput) {
				if path.Needed() {
					needed++
				}
			}
			if got := len(p.GetBuildDefinition().GetResolvedDependencies()); got != needed {
				t.Errorf("%d dependencies, want %d", got, needed)
			}
			if got := p.GetRunDetails().GetMetadata().GetStartedOn().AsTime(); !got.Equal(b.Run.Started) {
				t.Errorf("started %v, want %v", got, b.Run.Started)
			}
			if got := len(p.GetBuildDefinition().GetExternalParameters().GetFields()["commands"].GetListValue().GetValues()); got != len(b.Run.Commands) {
				t.Errorf("%d commands, want %d", got, len(b.Run.Commands))
			}
			again, err := protojson.Marshal(s)
			same(t, text.Bytes(), again, err)
		})
	}
}

// readInToto reads a statement and its provenance with the library of in-toto, which
// knows all members that there are.
func readInToto(text []byte) (*statement1.Statement, *predicate.Provenance, error) {
	s, p := &statement1.Statement{}, &predicate.Provenance{}
	if err := protojson.Unmarshal(text, s); err != nil {
		return nil, nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, nil, err
	}
	inner, err := protojson.Marshal(s.GetPredicate())
	if err != nil {
		return nil, nil, err
	}
	if err := protojson.Unmarshal(inner, p); err != nil {
		return nil, nil, err
	}
	return s, p, p.Validate()
}

func TestSPDXIsValid(t *testing.T) {
	for name, b := range validated(t) {
		for with, u := range map[string]*owners.Usage{"files": nil, "packages": usage()} {
			t.Run(name+"/"+with, func(t *testing.T) {
				var text bytes.Buffer
				if err := WriteSPDX(&text, b, u); err != nil {
					t.Fatal(err)
				}
				d, err := readSPDX(&text, text.Bytes())
				if err != nil {
					t.Fatalf("%v\n%s", err, text.String())
				}
				described, err := spdxlib.GetDescribedPackageIDs(d)
				if diff := cmp.Diff([]common.ElementID{"Build"}, described); err != nil || diff != "" {
					t.Errorf("described, error %v (-want +got)\n%s", err, diff)
				}
			})
		}
	}
}

// TestInvalidIsRefused checks that the validators refuse what is wrong.
func TestInvalidIsRefused(t *testing.T) {
	change := func(write func(io.Writer, *record.Build) error, old, text string) []byte {
		var out bytes.Buffer
		if err := write(&out, load(t)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), old) {
			t.Fatalf("no %s in\n%s", old, out.String())
		}
		return []byte(strings.Replace(out.String(), old, text, 1))
	}
	for _, test := range [][2]string{{`"sha256": "`, `"sha256": "a`}, {`"_type"`, `"kind"`}, {`"builder"`, `"maker"`}, {`"id": "https`, `"name": "https`}, {`"digest"`, `"sums"`}} {
		if _, _, err := readInToto(change(WriteInToto, test[0], test[1])); err == nil {
			t.Errorf("in-toto: %s for %s is no error", test[1], test[0])
		}
	}
	sbom := func(w io.Writer, b *record.Build) error { return WriteSPDX(w, b, usage()) }
	for _, test := range [][2]string{{`"SPDX-2.3"`, `"SPDX-2"`}, {`"relatedSpdxElement": "SPDXRef-`, `"relatedSpdxElement": "SPDXRef-x`}, {`"SPDXID": "SPDXRef-Build"`, `"SPDXID": "Build"`},
		{`"filesAnalyzed"`, `"analyzed"`}, {`Z",`, `",`}, {`"CC0-1.0"`, `"MIT"`}, {`"BUILD_TOOL_OF"`, `"TOOL_OF"`}, {`"Tool: `, `"catbox: `}} {
		text := change(sbom, test[0], test[1])
		if _, err := readSPDX(bytes.NewReader(text), text); err == nil {
			t.Errorf("SPDX: %s for %s is no error", test[1], test[0])
		}
	}
}

// readSPDX reads a document with the library of SPDX and holds it to what the library
// itself does not check.
func readSPDX(r io.Reader, text []byte) (*spdx.Document, error) {
	d, err := spdxjson.Read(r)
	if err != nil {
		return nil, err
	}
	if err := spdxlib.ValidateDocument(d); err != nil {
		return nil, err
	}
	var again bytes.Buffer
	if err := spdxjson.Write(d, &again); err != nil {
		return nil, err
	}
	if diff := jsonDiff(text, again.Bytes()); diff != "" {
		return nil, fmt.Errorf("members that the library does not know (-want +got)\n%s", diff)
	}
	if d.DataLicense != spdx.DataLicense {
		return nil, fmt.Errorf("license %s", d.DataLicense)
	}
	if _, err := time.Parse("2006-01-02T15:04:05Z", d.CreationInfo.Created); err != nil { // clause 6.9
		return nil, err
	}
	for _, c := range d.CreationInfo.Creators {
		if c.CreatorType != "Tool" {
			return nil, fmt.Errorf("creator %s", c.CreatorType)
		}
	}
	known := []string{common.TypeRelationshipDescribe, common.TypeRelationshipBuildDependencyOf, common.TypeRelationshipBuildToolOf, common.TypeRelationshipGeneratedFrom}
	for _, rel := range d.Relationships {
		if !slices.Contains(known, rel.Relationship) {
			return nil, fmt.Errorf("relationship %s", rel.Relationship)
		}
	}
	ids := map[common.ElementID]bool{}
	for _, p := range d.Packages {
		if ids[p.PackageSPDXIdentifier] || p.FilesAnalyzed {
			return nil, fmt.Errorf("package %s", p.PackageSPDXIdentifier)
		}
		ids[p.PackageSPDXIdentifier] = true
		for _, sum := range p.PackageChecksums {
			if raw, err := hex.DecodeString(sum.Value); err != nil || sum.Algorithm != common.SHA256 || len(raw) != sha256.Size {
				return nil, fmt.Errorf("checksum %v", sum)
			}
		}
		for _, ref := range p.PackageExternalReferences {
			if ref.Category != common.CategoryPackageManager || ref.RefType != common.TypePackageManagerPURL {
				return nil, fmt.Errorf("reference %v", ref)
			}
		}
	}
	return d, nil
}

func same(t *testing.T, want, got []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := jsonDiff(want, got); diff != "" {
		t.Errorf("the library writes it in another way (-want +got)\n%s", diff)
	}
}

// jsonDiff compares what two JSON texts mean.
func jsonDiff(want, got []byte) string {
	var x, y any
	if err := errors.Join(json.Unmarshal(want, &x), json.Unmarshal(got, &y)); err != nil {
		return err.Error()
	}
	return cmp.Diff(x, y)
}
