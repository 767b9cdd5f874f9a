# Everything here is GNU make and a POSIX shell; `make help` lists the targets.

GO      ?= go
PREFIX  ?= /usr/local
DESTDIR ?=
INSTALL ?= install

TESTFLAGS ?=
FUZZTIME ?= 12000x
RACEPKGS ?= ./...
RACETIME ?= 5s
RACESIDE ?= 5
SEED     ?= 1
SEQUENCES ?= 2400
PACKAGES ?= hello zlib lua5.4 grep
PACKAGETESTS ?= Packages|BuildPackage|Strace
PACKAGESIDE ?= 1
COMPAT   ?= go cpython tar
COMPAT_USERS ?= user

GOLANGCI_VERSION := v2.15.0

# Inside a checkout that belongs to somebody else git refuses to answer, and the
# go command then refuses to build. Stamp the revision only where git talks.
VCS := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)

BIN    := bin/catbox
TOOLS  := $(CURDIR)/bin/tools
LINTER := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)

bindir  := $(PREFIX)/bin
datadir := $(PREFIX)/share

# The default is the list of targets, whatever stands first below.
.DEFAULT_GOAL := help

.PHONY: help build test race lint linter fuzz bench demo install test-packages test-compat test-races test-model generate deps clean

help: ## list the targets
	@echo "catbox: make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '%-17s %s\n' "$$name" "$$text"; done

# The go command knows best whether the binary is up to date.
build: ## bin/catbox, a static binary
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=$(VCS) -o $(BIN) ./cmd/catbox

test: ## all tests, as root or as an ordinary user (TESTFLAGS="-short -v")
	@.ci/run check test
	$(GO) test -timeout 5m $(TESTFLAGS) ./...

race: ## tests under the race detector (RACEPKGS="./tracer/... ./catbox/...")
	@.ci/run check race
	CGO_ENABLED=1 $(GO) test -race -timeout 10m $(TESTFLAGS) $(RACEPKGS)

lint: $(LINTER) ## gofmt, go vet on amd64 and arm64, golangci-lint
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then \
		echo "these files are not gofmt'ed:" >&2; echo "$$unformatted" >&2; exit 1; fi
	GOARCH=amd64 CGO_ENABLED=0 $(GO) vet ./...
	GOARCH=arm64 CGO_ENABLED=0 $(GO) vet ./...
	$(LINTER) run ./...

linter: $(LINTER)

# A tool of its own module, built once: its dependencies stay out of go.mod.
$(LINTER):
	CGO_ENABLED=0 GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(TOOLS)/golangci-lint $@

fuzz: ## every fuzz target, FUZZTIME (12000x: inputs; or 1m) each, all at a time
	@.ci/fuzz $(FUZZTIME)

bench: build ## catbox against its peers, one table (BENCH_FULL=1: grep, more repetitions)
	@.ci/run check bench
	$(GO) run ./tests/bench

demo: build ## a small C project built inside catbox, and its install refused
	@.ci/run check demo
	@CATBOX=$(CURDIR)/$(BIN) tests/demo/run

test-packages: build ## real Debian packages, unconfined, confined and recorded (PACKAGES="hello zlib lua5.4 grep")
	@.ci/run check packages
	CATBOX=$(CURDIR)/$(BIN) CATBOX_TEST_PACKAGES="$(PACKAGES)" \
		$(GO) test -count=1 -v -timeout 90m -parallel $(PACKAGESIDE) -run '^Test($(PACKAGETESTS))$$' ./tests/packages ./tests/record

test-compat: build ## test suites of others, native, inside, confined (COMPAT="go cpython tar" COMPAT_USERS="user root")
	@.ci/run check compat
	CATBOX=$(CURDIR)/$(BIN) CATBOX_TEST_COMPAT="$(COMPAT)" CATBOX_COMPAT_USERS="$(COMPAT_USERS)" \
		CATBOX_COMPAT_LOGS=$(CURDIR)/bin/compat \
		$(GO) test -count=1 -v -timeout 120m -run '^TestCompat$$' ./tests/compat

# Run in the folder of the package, so that the report of a success is shown as well.
test-races: ## attacks that race against the tracer, RACETIME (5s) each, RACESIDE (5) side by side
	@.ci/run check races
	cd tests/attacks && $(GO) test -count=1 -run '^TestRaces$$' -timeout 30m -parallel $(RACESIDE) -race-length $(RACETIME)

test-model: ## random operations, as real root and with faked ownership (SEQUENCES=2400 SEED=1)
	@.ci/run check races
	$(GO) test -count=1 -timeout 30m -run '^TestModel' ./tests/fakeroot -seed $(SEED) -sequences $(SEQUENCES)

generate: ## generated files, afresh
	$(GO) generate ./...

# Builds only when there is nothing to install, so that `sudo make install`
# needs no Go and leaves no file of root in the tree.
install: ## binary, man pages and completions under DESTDIR and PREFIX
	@test -x $(BIN) || $(MAKE) build
	$(INSTALL) -d "$(DESTDIR)$(bindir)"
	$(INSTALL) -m 0755 $(BIN) "$(DESTDIR)$(bindir)/catbox"
	@set -e; for page in docs/man/*.1; do \
		test -e "$$page" || continue; \
		$(INSTALL) -d "$(DESTDIR)$(datadir)/man/man1"; \
		$(INSTALL) -m 0644 "$$page" "$(DESTDIR)$(datadir)/man/man1/"; \
		echo "installed $$page"; \
	done
	@set -e; completion() { \
		$(INSTALL) -d "$(DESTDIR)$(datadir)/$$2"; \
		$(BIN) completion "$$1" >"$(DESTDIR)$(datadir)/$$2/$$3"; \
		chmod 0644 "$(DESTDIR)$(datadir)/$$2/$$3"; \
		echo "installed the $$1 completion"; \
	}; \
	completion bash bash-completion/completions catbox; \
	completion zsh zsh/site-functions _catbox; \
	completion fish fish/vendor_completions.d catbox.fish

deps: ## the tools that tests and benchmarks need, and their Debian packages
	@.ci/run deps

clean: ## remove what make has built
	rm -rf bin
