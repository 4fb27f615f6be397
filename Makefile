# make run     build and start everything on this machine, with no server needed
# make test    start the services the tests need and run all tests
.PHONY: fuzz image stack-test run build test chaos lint fmt bench bench-extract bench-search bench-go notice env-example services-stop clean check-go
.DEFAULT_GOAL := build

GO ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
GOLANGCI_LINT := v2.15.0
LINTER := $(CURDIR)/.cache/bin/golangci-lint-$(GOLANGCI_LINT)

# One binary without a C library, the same on every machine that builds it.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath -buildvcs=false

run: build
	exec bin/mnemosyne up

build: check-go
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/mnemosyne ./cmd/mnemosyne

# Nothing is left out: a service that is missing fails the run.
test: build
	scripts/services start
	MNEMOSYNE_TEST_REQUIRE_SERVICES=1 MNEMOSYNE_TEST_BINARY=$(CURDIR)/bin/mnemosyne \
	scripts/services with $(GO) test -p 2 -timeout 20m ./...

# Every fuzz target in turn, for FUZZTIME each; PKG= and FUZZ= narrow it. What makes
# one fail is kept under its testdata/fuzz, which every later test run reads again.
FUZZTIME ?= 30m
FUZZ ?= .
fuzz: check-go
	GO='$(GO)' FUZZTIME='$(FUZZTIME)' FUZZ='$(FUZZ)' scripts/fuzz $(PKG)

# Kills workers and restarts engines under load, and proves that nothing is lost
# (docs/reliability.md). On engines of its own. SEED= repeats a run's decisions.
JOBS ?= 2000
KILLS ?= 100
RESTARTS ?= 5
SLOW_RESTARTS ?= 3
TIME ?= 30m
SEED ?= 0
chaos: build
	$(GO) build -o .cache/bin/chaos ./cmd/chaos
	.cache/bin/chaos -jobs $(JOBS) -kills $(KILLS) -restarts $(RESTARTS) -slow-restarts $(SLOW_RESTARTS) -time $(TIME) -seed $(SEED)

# Every figure of docs/benchmarks.md. ONLY=search,mcp narrows it;
# MNEMOSYNE_BENCH_DATA names a folder of collections to measure search with.
# Those on PostgreSQL and Neo4j want `scripts/services start` first.
ONLY ?=
bench: build
	$(GO) build -o .cache/bin/bench ./cmd/bench
	scripts/services with .cache/bin/bench -only '$(ONLY)'

# How well files are read, beside other programs: MNEMOSYNE_BENCH_DOCUMENTS names
# the folder of documents, MNEMOSYNE_BENCH_PYTHON an interpreter that has the
# others (markitdown[all] unstructured[all-docs] pypdf docling). KINDS= narrows it.
bench-extract: build
	$(GO) build -o .cache/bin/benchextract ./cmd/benchextract
	.cache/bin/benchextract -only '$(KINDS)'

# Search by the size of a library, beside other programs: PEERS=all, which
# MNEMOSYNE_BENCH_PYTHON must have (faiss-cpu lancedb qdrant-client chromadb
# sqlite-vec apsw duckdb pyarrow). KEEP= names a folder to keep what was built in.
SIZES ?= 1000,10000,100000,1000000
PEERS ?=
KEEP ?=
QUESTIONS ?= 200
bench-search: check-go
	$(GO) build -o .cache/bin/benchsearch ./cmd/benchsearch
	.cache/bin/benchsearch -sizes '$(SIZES)' -peers '$(PEERS)' -dir '$(KEEP)' -questions '$(QUESTIONS)'

# The packages' own benchmarks. PKG=./internal/library/... BENCH=Fusion narrow it.
PKG ?= ./...
BENCH ?= .
bench-go: build
	scripts/services with $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -p 1 -timeout 60m $(PKG)

lint: $(LINTER)
	$(LINTER) run ./...

fmt: $(LINTER)
	$(LINTER) fmt

$(LINTER): | check-go
	GOBIN=$(CURDIR)/.cache/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	mv .cache/bin/golangci-lint $@

notice:
	$(GO) run scripts/notice.go >NOTICE.new && mv NOTICE.new NOTICE

# Which docker names, as mnemosyne:1.4.0; OCR="eng deu" adds Tesseract. DOCKER_ARGS are docker build's.
IMAGE ?= mnemosyne:local
OCR ?=
DOCKER_ARGS ?=
image:
	docker build --build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) --build-arg 'OCR=$(OCR)' $(DOCKER_ARGS) -t $(IMAGE) .

# Builds the image and walks through a whole deployment; needs Docker.
stack-test:
	scripts/stack-test

env-example:
	$(GO) run ./internal/settings/envexample >.env.example
	$(GO) run ./internal/settings/envexample reference >docs/configuration.md

services-stop:
	scripts/services stop

# The data folder stays.
clean: services-stop
	scripts/services wipe
	rm -rf bin .cache

check-go:
	@scripts/check-go $(GO)
