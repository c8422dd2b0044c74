# isomon: `make run` needs Rust and a C compiler, nothing else.

.PHONY: run test test-long bench harness harness-cost bench-stats beside-hyperfine cost cost-serve fleet cost-fleet workflow-cost metric-speed model-server picture history history-long runs table-speed bless install

run: ## the screen
	cargo run --release --locked

test: ## what has to pass
	.ci/test

test-long: ## the same, and the tests that take minutes
	.ci/test long

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

metric-speed: ## what pages of metrics cost to read, in MB/s, and when one that is too much is given up
	cargo bench --locked --bench metric

# Built from the sources that PyPI has of llama.cpp's Python binding, which has its server beside.
model-server: ## a real llama.cpp server with a tiny model, and what isomon tells of it
	mkdir -p target/llama
	test -x target/llama/bin/python || python3 -m venv target/llama
	test -x target/llama/server/bin/llama-server || { set -e; \
		target/llama/bin/pip install -q scikit-build-core gguf==0.19.0; \
		cd target/llama; rm -rf source; mkdir source; \
		bin/pip download -q --no-deps --no-binary :all: --no-build-isolation llama-cpp-python==0.3.16; \
		tar xf llama_cpp_python-0.3.16.tar.gz -C source --strip-components 1; \
		cmake -S source/vendor/llama.cpp -B server -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
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

picture: ## the pictures of the README, from the program itself
	cargo build --release --locked
	cargo test --locked --bench picture

bless: ## rewrite what is generated: settings file, README tables, help
	ISOMON_BLESS=1 INSTA_UPDATE=always cargo test --locked --test drift

install: ## isomon into ~/.cargo/bin
	cargo install --locked --path .
