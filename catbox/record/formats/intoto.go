package formats

import (
	"cmp"
	"errors"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/catbox-go/catbox/catbox/record"
)

// ErrNoHashes is the error of a format that needs sums of the outputs, of a record
// without them.
var ErrNoHashes = errors.New("the record has no hashes of outputs")

// BuildType names the meaning of the parameters in a statement of [WriteInToto].
const BuildType = "https://github.com/catbox-go/catbox/blob/main/docs/record.md#provenance"

// resource is a ResourceDescriptor of in-toto.
type resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     provenance `json:"predicate"`
}

type provenance struct {
	BuildDefinition struct {
		BuildType            string         `json:"buildType"`
		ExternalParameters   map[string]any `json:"externalParameters"`
		InternalParameters   map[string]any `json:"internalParameters"`
		ResolvedDependencies []resource     `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID      string            `json:"id"`
			Version map[string]string `json:"version"`
		} `json:"builder"`
		Metadata struct {
			StartedOn  time.Time `json:"startedOn"`
			FinishedOn time.Time `json:"finishedOn"`
		} `json:"metadata"`
	} `json:"runDetails"`
}

// WriteInToto writes an in-toto statement (in-toto.io/Statement/v1) about the outputs,
// with SLSA provenance (slsa.dev/spec/v1.0/provenance): the inputs are the resolved
// dependencies, with sums where the record has them. It is not signed.
//
// Outputs without a sum are no subjects; with none left the error is [ErrNoHashes].
func WriteInToto(w io.Writer, b *record.Build) error {
	s := statement{Type: "https://in-toto.io/Statement/v1", PredicateType: "https://slsa.dev/provenance/v1"}
	inputs := map[string]string{}
	for _, h := range b.Hashes {
		switch {
		case h.SHA256 == "":
		case h.When == record.Output:
			s.Subject = append(s.Subject, resource{Name: h.Path, Digest: map[string]string{"sha256": h.SHA256}})
		default:
			inputs[h.Path] = h.SHA256
		}
	}
	if len(s.Subject) == 0 {
		return ErrNoHashes
	}
	slices.SortFunc(s.Subject, func(x, y resource) int { return cmp.Compare(x.Name, y.Name) })
	def := &s.Predicate.BuildDefinition
	def.BuildType = BuildType
	def.ExternalParameters = map[string]any{"argv": b.Run.Argv, "dir": b.Run.Dir, "policy": b.Run.Policy}
	if len(b.Run.Commands) > 0 {
		def.ExternalParameters["commands"] = b.Run.Commands
	}
	def.InternalParameters = map[string]any{"kernel": b.Run.Kernel, "env": b.Run.Env, "level": b.Run.Level,
		"complete": b.End.Complete, "status": b.End.Status}
	def.ResolvedDependencies = []resource{}
	for _, p := range b.With(record.ClassInput) {
		if !p.Needed() {
			continue
		}
		r := resource{URI: (&url.URL{Scheme: "file", Path: p.Name}).String()}
		if sum := inputs[p.Name]; sum != "" {
			r.Digest = map[string]string{"sha256": sum}
		}
		def.ResolvedDependencies = append(def.ResolvedDependencies, r)
	}
	run := &s.Predicate.RunDetails
	run.Builder.ID = "https://github.com/catbox-go/catbox"
	run.Builder.Version = map[string]string{"catbox": b.Run.Catbox}
	run.Metadata.StartedOn = b.Run.Started.UTC()
	run.Metadata.FinishedOn = b.Run.Started.Add(b.Duration()).UTC()
	return writeJSON(w, &s)
}
