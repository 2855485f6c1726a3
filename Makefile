# `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
export CARGO_TARGET_DIR := $(TARGET)

PYTHON := .venv/bin/python
# As the registry calls this machine, such as linux_amd64.
PLATFORM = $$(uname -sm | tr '[:upper:] ' '[:lower:]_' | sed 's/x86_64$$/amd64/; s/aarch64$$/arm64/')
# Many tests wait, for a status or for the end of a period, while others can use the processors.
JOBS := $(shell expr $$(nproc) \* 3)
export RUST_TEST_THREADS ?= $(JOBS)
DENY_VERSION := 0.20.2
DENY := $(TARGET)/tools/$(DENY_VERSION)/bin/cargo-deny
FUZZ_VERSION := 0.13.2
FUZZ := $(TARGET)/tools/$(FUZZ_VERSION)/bin/cargo-fuzz

.PHONY: help build install demo stage test matrix fuzz lint advisories dist mirror docs new-resource proto bench clean setup release

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

build: ## Build the provider for debugging
	cargo build --locked

install: $(if $(ZIP),,release) ## Build for release and install for a plain `terraform init`; ZIP=… installs a release
	scripts/install $(or $(ZIP),$(TARGET)/release/terraform-provider-rdsauth) "$$HOME/.terraform.d/plugins"

demo: setup build ## Show the provider at work; DEMO=encrypt encrypts a database, KEEP=1 leaves the stage up, CLI=… takes another CLI
	$(PYTHON) scripts/demo $(if $(KEEP),--keep) --$(or $(DEMO),login) $(TARGET)/debug/terraform-provider-rdsauth $(CLI)

stage: setup ## Run the stage, the stand-in for AWS, in the foreground for use by hand
	acceptance-tests/stage/run up

test: setup ## Run every test, with each CLI of RDSAUTH_TEST_CLIS, a list like PATH
	scripts/postgres-17 || echo "PostgreSQL 17 cannot be had here: the tests that need it are skipped"
	if cargo nextest --version >/dev/null 2>&1; then \
		scripts/each-cli cargo nextest run --locked --workspace; \
		cargo test --locked --workspace --doc; \
	else \
		scripts/each-cli cargo test --locked --workspace; \
	fi
	acceptance-tests/stage/run test -n $(JOBS) --dist loadfile
	$(PYTHON) -m pytest -q -n $(JOBS) scripts/*_test.py benches/*_test.py

matrix: setup ## Break off every resource at every AWS call in every way; MATRIX_CASE=… runs one case
	$(if $(MATRIX_CASE),,OWNERSHIP_RUNS=$(or $(OWNERSHIP_RUNS),20) cargo test --locked -p acceptance-tests --test acceptance -- ownership::)
	MATRIX_SIZE=$(or $(MATRIX_SIZE),all) cargo test --locked -p acceptance-tests --test acceptance \
		-- matrix:: $(if $(MATRIX_CASE),,cut_off) --skip support:: --nocapture --test-threads=1

fuzz: MORE := c++
fuzz: setup $(FUZZ) ## Fuzz parsers and codecs, FUZZ_SECONDS=600 each; FUZZ_TARGET=… fuzzes one
	PATH="$(dir $(FUZZ)):$$PATH" scripts/fuzz $(or $(FUZZ_SECONDS),600) $(FUZZ_TARGET)

lint: setup $(DENY) ## Check format, clippy, rustdoc, licences and the examples' format
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
	$(DENY) --locked check --hide-inclusion-graph licenses bans sources
	scripts/alone terraform fmt -check -recursive examples scripts

advisories: $(DENY) ## Check the dependencies against the advisories of RustSec, whose database it downloads
	$(DENY) --locked check --hide-inclusion-graph advisories

dist: ## Pack the release VERSION=… for this machine into target/dist; GPG_KEY=… signs it
	scripts/dist check "$(VERSION)"
	rm -rf $(TARGET)/dist
	binary=$$(scripts/build-release) \
		&& scripts/dist pack "$(VERSION)" $(PLATFORM) "$$binary" $(TARGET)/dist
	scripts/dist close "$(VERSION)" $(TARGET)/dist

mirror: ## Lay out the releases in target/dist as filesystem and network mirror: MIRROR=target/mirror
	scripts/mirror $(TARGET)/dist $(or $(MIRROR),$(TARGET)/mirror)

docs: ## Generate docs/ from the schemas
	$(call overwrite,-p terraform-provider-rdsauth docs)

new-resource: ## Begin a resource: NAME=example_thing makes the files and lines that every resource has
	scripts/new-resource $(NAME)
	$(MAKE) docs

proto: ## Generate the Rust code of proto/
	$(call overwrite,-p tf-provider --lib proto::)

bench: setup ## Measure start, memory, size and plan times, as ratios from one run
	$(PYTHON) benches/bench.py $(BENCH)

clean: ## Remove all that the other targets made in this checkout
	cargo clean
	rm -rf .venv fuzz/artifacts fuzz/corpus

setup:
	scripts/setup $(MORE)

release:
	cargo build --locked --release --bin terraform-provider-rdsauth

$(DENY):
	$(call tool,cargo-deny,$(DENY_VERSION))

$(FUZZ):
	$(call tool,cargo-fuzz,$(FUZZ_VERSION))

# Built in a folder of its own, so that it neither shares nor disturbs what is built here.
# Without optimisation: it runs for seconds, and builds for minutes.
tool = cargo install --locked --debug $(1) --version $(2) --root $(TARGET)/tools/$(2) --target-dir $(TARGET)/tools/build \
	&& rm -rf $(TARGET)/tools/build

# Runs the tests that compare a generated file, and lets them write it. No such test is an error.
overwrite = EXPECTORATE=overwrite cargo test --locked $(1) \
	| awk '{ print } /[1-9][0-9]* passed/ { found = 1 } END { exit !found }'
