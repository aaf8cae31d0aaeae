# rustup's cargo, also in a shell that was open before it was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help deps build demo test lint bench fuzz fmt clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install what is missing (apt) and check cargo
	@scripts/deps.sh demo

build: deps ## the executable, for any Linux of this architecture: target/release/iperftester
	cargo build --release --locked
	@mkdir -p target/release
	@ln -f target/$$(rustc --print host-tuple)/release/iperftester target/release/iperftester

demo: build ## deploy four probes here, measure, print the report, remove everything
	@scripts/demo.sh

test: ## install what is missing, build and run every test
	@scripts/deps.sh test
	@scripts/iperf3-releases.sh
	@scripts/test.sh

lint: ## format, clippy, bans, docs, licences, shell scripts
	@scripts/lint.sh

bench: deps ## one line a figure: name, value, goal, ok or short
	@cargo bench --locked --quiet --bench figures --bench docker

fuzz: ## three fuzz targets, SECONDS=60 each; needs cargo-fuzz
	@scripts/fuzz.sh $(SECONDS)

fmt: ## format the code
	cargo fmt

clean: ## remove what was built
	cargo clean
