# isomon: `make run` needs Rust and a C compiler, nothing else.

.PHONY: run test test-long bench harness harness-cost bench-stats beside-hyperfine cost cost-serve fleet cost-fleet workflow-cost picture history history-long runs table-speed bless install

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
