package formats

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/owners"
)

// The parts of a document of SPDX 2.3 (spdx.github.io/spdx-spec/v2.3) that are used.
type (
	spdxDocument struct {
		Version       string             `json:"spdxVersion"`
		License       string             `json:"dataLicense"`
		ID            string             `json:"SPDXID"`
		Name          string             `json:"name"`
		Namespace     string             `json:"documentNamespace"`
		Creation      spdxCreation       `json:"creationInfo"`
		Packages      []spdxPackage      `json:"packages"`
		Relationships []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
		Comment  string   `json:"comment,omitempty"`
	}
	spdxPackage struct {
		ID            string         `json:"SPDXID"`
		Name          string         `json:"name"`
		Version       string         `json:"versionInfo,omitempty"`
		Download      string         `json:"downloadLocation"`
		FilesAnalyzed bool           `json:"filesAnalyzed"`
		Purpose       string         `json:"primaryPackagePurpose,omitempty"`
		Checksums     []spdxChecksum `json:"checksums,omitempty"`
		References    []spdxExternal `json:"externalRefs,omitempty"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxExternal struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		Element string `json:"spdxElementId"`
		Type    string `json:"relationshipType"`
		Related string `json:"relatedSpdxElement"`
	}
)

const (
	spdxID   = "SPDXRef-DOCUMENT"
	spdxRoot = "SPDXRef-Build"
	nothing  = "NOASSERTION"
)

// WriteSPDX writes a bill of materials: what was built, the packages of the
// distribution that were used for it, and each input that belongs to none. Without
// usage, which may be nil, no input belongs to a package.
//
// A single file is a package with the purpose FILE, because a file element needs a SHA-1
// sum, which no record has.
func WriteSPDX(w io.Writer, b *record.Build, usage *owners.Usage) error {
	name := filepath.Base(b.Run.Dir)
	d := &spdxDocument{Version: "SPDX-2.3", License: "CC0-1.0", ID: spdxID, Name: name,
		Creation: spdxCreation{Created: b.Run.Started.Add(b.Duration()).UTC().Format(time.RFC3339),
			Creators: []string{"Tool: catbox-" + b.Run.Catbox}},
		Packages:      []spdxPackage{{ID: spdxRoot, Name: name, Download: nothing}},
		Relationships: []spdxRelationship{{spdxID, "DESCRIBES", spdxRoot}},
	}
	if !b.End.Complete {
		d.Creation.Comment = "the record of the build is not complete: " + strings.Join(b.End.Reasons, "; ")
	}
	var err error
	if d.Namespace, err = spdxNamespace(b, name); err != nil {
		return err
	}
	unowned := neededFiles(b)
	if usage != nil {
		unowned = usage.Unowned
		for i := range usage.Used {
			d.addPackage(b, usage, &usage.Used[i], i)
		}
	}
	sums := map[string]string{}
	for _, h := range b.Hashes {
		if h.When == record.Input {
			sums[h.Path] = h.SHA256
		}
	}
	for i, path := range unowned {
		p := spdxPackage{ID: fmt.Sprintf("SPDXRef-File-%d", i+1), Name: path, Download: nothing, Purpose: "FILE"}
		if sum := sums[path]; sum != "" {
			p.Checksums = []spdxChecksum{{"SHA256", sum}}
		}
		d.Packages = append(d.Packages, p)
		d.Relationships = append(d.Relationships, spdxRelationship{spdxRoot, "GENERATED_FROM", p.ID})
	}
	return writeJSON(w, d)
}

// addPackage adds a package of the distribution: a tool if one of its files was
// executed.
func (d *spdxDocument) addPackage(b *record.Build, usage *owners.Usage, part *owners.Part, i int) {
	id := fmt.Sprintf("SPDXRef-Package-%d", i+1)
	kind := "BUILD_DEPENDENCY_OF"
	if slices.ContainsFunc(part.Files, func(path string) bool {
		p := b.Path(path)
		return p != nil && p.Ops.Set().Has(record.OpExecuted)
	}) {
		kind = "BUILD_TOOL_OF"
	}
	d.Packages = append(d.Packages, spdxPackage{ID: id, Name: part.Name, Version: part.Version, Download: nothing,
		References: []spdxExternal{{"PACKAGE-MANAGER", "purl", usage.URL(&part.Package)}}})
	d.Relationships = append(d.Relationships, spdxRelationship{id, kind, spdxRoot})
}

// neededFiles lists the inputs whose content was used.
func neededFiles(b *record.Build) []string {
	var paths []string
	for _, p := range b.With(record.ClassInput) {
		if p.Needed() {
			paths = append(paths, p.Name)
		}
	}
	return paths
}

// spdxNamespace is different for each run, and the same for the same record.
func spdxNamespace(b *record.Build, name string) (string, error) {
	text, err := json.Marshal(&b.Run)
	sum := sha256.Sum256(text)
	safe := strings.Map(func(r rune) rune {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.') {
			return r
		}
		return '-'
	}, name)
	return "https://spdx.org/spdxdocs/" + safe + "-" + hex.EncodeToString(sum[:16]), err
}
