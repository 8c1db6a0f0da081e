# Zhulian: build, test, demonstrate, measure. `make help` lists what there is.
#
# One target directory outside the checkout keeps RocksDB compiled, whichever checkout builds; one
# profile (release, with assertions) serves tests, measurements and shipping.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/zhulian/target
TOOLS ?= $(HOME)/.cache/zhulian/tools
export TOOLS
export PATH := $(TOOLS)/bin:$(PATH)

TIME ?= 60
EXAMPLES ?= 100

# The whole workspace in every build: one choice of features, so that nothing is compiled twice. Only
# the checks of the pure crates stand alone, because a build of all would hide a feature they lack.
BUILD := --release --locked

.PHONY: help setup tools faults test e2e sim fuzz api-fuzz demo bench build fmt lint fmt-check clippy deny pure spelling doc nextest web room

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what a build needs (libclang for RocksDB's bindings), saying what and why
	@scripts/setup.sh build

tools: ## Install what the checks need (cargo-deny, cargo-nextest, typos), saying what and why
	@scripts/setup.sh checks

faults: ## Install what the tests of real processes do their faults with, saying what and why
	@scripts/setup.sh faults

build: setup ## Build the program `zhulian`
	cargo build $(BUILD) --workspace

demo: build ## Four nodes on this machine and a trade from notice to contract
	$(CARGO_TARGET_DIR)/release/zhulian demo $(ARGS)

bench: build ## Measure throughput, latency, replay, disk and memory
	$(CARGO_TARGET_DIR)/release/bench $(ARGS)

e2e: setup tools faults ## Clusters of real processes under kills, faults, bad links and lies; minutes
	@scripts/step.sh "Clusters" scripts/tests.sh e2e

sim: build ## Simulate networks under faults, SEEDS of them from FROM on (1000 from 0), or ARGS="--seed 7 --trace"
	$(CARGO_TARGET_DIR)/release/sim $(or $(ARGS),--seeds $(or $(SEEDS),1000) --from $(or $(FROM),0))

web: setup ## Test the sealer of the browser, alone and against the crate `sealing`
	@scripts/setup.sh web
	@scripts/step.sh "The sealer of the browser" scripts/web.sh

fuzz: setup ## Fuzz every decoder of outside bytes for TIME seconds each; TARGETS names some
	@scripts/step.sh "Fuzzing" scripts/fuzz.sh $(TIME) $(TARGETS)

api-fuzz: build ## Make requests up from the OpenAPI document and put them to a running node, EXAMPLES for each operation
	@scripts/setup.sh api
	@scripts/step.sh "Fuzzing the HTTP interface" scripts/api-fuzz.sh $(EXAMPLES)

fmt: ## Format the code
	cargo fmt --all

lint: fmt-check clippy deny pure spelling ## Every check that runs no test

test: room setup tools lint doc nextest web ## Every check and every test but the long ones

room:
	@scripts/room.sh

fmt-check:
	@scripts/step.sh "Format" cargo fmt --all --check

clippy:
	@scripts/step.sh "Clippy, every crate and target" cargo clippy $(BUILD) --workspace --all-targets -- -D warnings

deny:
	@scripts/step.sh "Licences, bans and sources" scripts/deny.sh

pure:
	@scripts/step.sh "The sealing as validators use it" cargo clippy $(BUILD) --package sealing -- -D warnings
	@scripts/step.sh "The judging of certificates alone" cargo clippy $(BUILD) --package pki -- -D warnings
	@scripts/step.sh "The ledger without its store" cargo clippy $(BUILD) --package ledger --no-default-features -- -D warnings
	@scripts/step.sh "The consensus alone" cargo clippy $(BUILD) --package consensus -- -D warnings

spelling:
	@scripts/step.sh "Spelling" scripts/spelling.sh

doc:
	@RUSTDOCFLAGS="-D warnings" scripts/step.sh "Documentation" cargo doc $(BUILD) --workspace --no-deps

nextest:
	@scripts/step.sh "Tests" scripts/tests.sh
