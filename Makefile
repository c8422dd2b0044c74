# isomon: `make run` needs Rust and a C compiler, nothing else.

# The feature `v8` needs V8's archive: where the variable names one, or one lies beside the repository,
# the feature is on. It is never downloaded, for that may hang where there is no network.
RUSTY_V8_ARCHIVE ?= $(firstword $(wildcard ../shared/v8/*.a.gz))
ifneq ($(RUSTY_V8_ARCHIVE),)
export RUSTY_V8_ARCHIVE := $(abspath $(RUSTY_V8_ARCHIVE))
FEATURES := --features v8
else
# An empty one would be taken for a path.
unexport RUSTY_V8_ARCHIVE
FEATURES :=
endif

.PHONY: target/release/isomon web install-system deb musl deny deny-advisories timings run test test-long fuzz bench harness harness-cost bench-stats beside-hyperfine cost cost-serve fleet cost-fleet workflow-cost metric-speed rule-speed model-server picture history history-long runs table-speed report bless install

run: ## the screen
	cargo run --release --locked $(FEATURES)

test: ## what has to pass
	.ci/test

test-long: ## the same, and the tests that take minutes
	.ci/test long

fuzz: ## each parser and each property with 20,000 inputs of its own making, other ones each time
	PROPTEST_CASES=$${PROPTEST_CASES:-20000} cargo test --locked --lib

bench: ## what isolation costs on this machine
	cargo run --release --locked -- bench

harness: ## what the measuring itself costs, beside a bare spawn and beside hyperfine
	cargo bench --locked --bench harness

beside-hyperfine: ## ten commands measured in turn by hyperfine and by isomon, as ratios
	cargo test --release --locked --test hyperfine -- --ignored --nocapture

harness-cost: ## what a run costs beside its sandboxes, how late arrivals are, and a frame meanwhile
	cargo bench --locked --bench course
	cargo bench --locked --bench bench_draw

bench-stats: ## what the statistics cost, a run of a million samples among them
	cargo bench --locked --bench stats

cost: ## what isomon itself costs, beside btop, htop and btm where they are installed
	cargo build --release --locked
	cargo test --locked --bench cost

cost-serve: ## what a node pays for being read by one client each 2 s
	cargo build --release --locked
	cargo test --locked --bench cost_serve

fleet: ## what watching many nodes costs: frames, keys, memory and processor, up to 10,000 of them
	cargo bench --locked --bench fleet

cost-fleet: ## what isomon costs with 100 other nodes, beside all-smi where it is installed
	cargo build --release --locked
	cargo bench --locked --bench fleet -- beside

workflow-cost: ## what hosts of a workflow cost: a task here, and 50 hosts over multiplexed SSH
	cargo bench --locked --bench workflow

rule-speed: ## what it costs to ask the rules of 1,000 nodes, once
	cargo bench --locked --bench judge

metric-speed: ## what pages of metrics cost to read, in MB/s, and when one that is too much is given up
	cargo bench --locked --bench metric

# Built from the sources that PyPI has of llama.cpp's Python binding, which has its server beside.
model-server: ## a real llama.cpp server with a tiny model, and what isomon tells of it
	mkdir -p target/llama
	test -x target/llama/bin/python || python3 -m venv target/llama
	test -x target/llama/server/bin/llama-server || { set -e; \
		target/llama/bin/pip install -q scikit-build-core cmake ninja gguf==0.19.0; \
		cd target/llama; export PATH="$$PWD/bin:$$PATH"; rm -rf source server; mkdir source; \
		bin/pip download -q --no-deps --no-binary :all: --no-build-isolation llama-cpp-python==0.3.16; \
		tar xf llama_cpp_python-0.3.16.tar.gz -C source --strip-components 1; \
		cmake -G Ninja -S source/vendor/llama.cpp -B server -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
			-DLLAMA_CURL=OFF -DGGML_OPENMP=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF; \
		cmake --build server --target llama-server; }
	target/llama/bin/python tests/model/tiny_gguf.py target/llama/tiny.gguf
	LLAMA_SERVER=$(CURDIR)/target/llama/server/bin/llama-server LLAMA_MODEL=$(CURDIR)/target/llama/tiny.gguf \
		cargo test --locked --test model -- --ignored --nocapture

history: ## what keeping the history costs: to write, to open, to read, and its size
	cargo bench --locked --bench history

history-long: ## the same with 100 nodes of 30 days, 1,000 kills and 100 power cuts
	cargo bench --locked --bench history -- long
	cargo test --release --locked --test history --test history_fault --test history_power -- --ignored --nocapture

runs: ## what a list of 10,000 runs costs, a long run made a job, a recording sought in
	cargo test --release --locked --test run_list --test replay --test bucket -- --nocapture \
		ten_thousand a_long_run an_hour_is

table-speed: ## what a table of 1 GB costs to draw, beside reading it by csv alone
	cargo bench --locked --bench table

# Half an hour, on a machine that does nothing else; figures of one that was busy say so themselves.
report: export ISOMON_REPORT = $(CURDIR)/target/report
report: ## everything measured once, as a table in README.md
	mkdir -p target
	rm -f target/report
	cargo build --release --locked $(FEATURES)
	cargo test --locked --bench cost --bench cost_serve
	cargo bench --locked $(FEATURES) --bench fleet
	cargo bench --locked $(FEATURES) --bench fleet -- beside
	cargo bench --locked $(FEATURES) --bench harness --bench history --bench workflow
	ISOMON_TABLE_MB=$${ISOMON_TABLE_MB:-200} cargo bench --locked $(FEATURES) --bench table
	cargo bench --locked $(FEATURES) --bench report

picture: ## the pictures of the README, from the program itself
	cargo build --release --locked $(FEATURES)
	cargo test --locked --bench picture

bless: ## rewrite what is generated: settings file, tables of the documents, help
	ISOMON_BLESS=1 INSTA_UPDATE=always cargo test --locked --test drift

# With npm beside it the page of `serve --web` is built in; without, the rest is as good.
install: ## isomon into ~/.cargo/bin
	@if command -v npm >/dev/null 2>&1; then $(MAKE) web; else echo "no npm: without serve --web"; fi
	cargo install --locked --path . $(FEATURES)

# The pinned versions of assets/screen/package.json, each file of them checked by npm against the hash
# in the lock file. The lock file is touched so that isomon is built again.
web: target/web/done ## xterm.js from npm, for `isomon serve --web`

target/web/done: assets/screen/package.json assets/screen/package-lock.json
	@command -v npm >/dev/null 2>&1 || { echo "there is no npm: apt-get install npm" >&2; exit 2; }
	mkdir -p target/web
	cp assets/screen/package.json assets/screen/package-lock.json target/web/
	cd target/web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
	touch assets/screen/package-lock.json target/web/done

# Another program than the released one: ISOMON_BINARY=path make deb
ISOMON_BINARY ?= target/release/isomon

target/release/isomon:
	cargo build --release --locked $(FEATURES)

deb: $(ISOMON_BINARY) ## a package for Debian, in target/debian
	packaging/deb.sh $(ISOMON_BINARY)

PREFIX ?= /usr/local

install-system: $(ISOMON_BINARY) ## the program, manual pages, completions and the unit, into $(DESTDIR)$(PREFIX)
	packaging/stage.sh $(ISOMON_BINARY) "$(DESTDIR)" "$(PREFIX)"

MUSL := $(shell uname -m)-unknown-linux-musl

# NVML is a library that the driver brings, and a static program can load none: without GPUs of NVIDIA.
# V8's archive is made for glibc: without `v8`.
musl: ## one static program that runs on any Linux, in target/*-musl/release
	@command -v musl-gcc >/dev/null 2>&1 || { \
		echo "there is no C compiler for musl: apt-get install musl-tools" >&2; exit 2; }
	@test -d "$$(rustc --print sysroot)/lib/rustlib/$(MUSL)" || rustup target add $(MUSL) || { \
		echo "Rust has no $(MUSL) here: rustup target add $(MUSL), or Debian's libstd-rust-dev for it" >&2; \
		exit 2; }
	cargo build --release --locked --target $(MUSL)

deny: ## licences, sources and unused dependencies: needs cargo-deny and cargo-machete, no network
	cargo deny --offline check licenses bans sources
	cargo machete

deny-advisories: ## known faults of what isomon is made of, by the network
	cargo deny check advisories

timings: ## where the time of a build goes, as target/cargo-timings/cargo-timing.html
	cargo build --release --locked --timings
