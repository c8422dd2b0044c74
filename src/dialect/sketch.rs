//! The file that `isomon init` writes: a workflow that runs as it is, and the rest as comments.

/// A workflow called `name`, with comments. The first `NAME` is where its name goes.
pub fn sketch(name: &str) -> String {
    let quoted = serde_json::Value::from(name).to_string();
    SKETCH.replacen("NAME", &quoted, 1)
}

const SKETCH: &str = r#"# A workflow: `isomon run FILE` does it, `isomon run --check FILE` only reads it, and
# `isomon run --plan FILE` prints what would be run where. Words in double braces are put in:
# {{hosts.db}}, {{run.id}}, {{run.dir}}, {{case}}, {{matrix.size}}, {{STAGE.out}}, {{STAGE.OUTPUT}}.

benchmark:
  name: NAME
  output_dir: ./results         # runs are put into ./results/run-001, run-002, …
  # shell: bash -lic            # what runs commands
  # git:
  #   require_clean: true       # do not start while files are changed
  #   save_patch: true          # keep what is changed as git.patch
  # sync:
  #   remote: lab:bench/runs    # where `isomon sync` copies runs to: a remote of rclone

hosts:
  local: {}                     # this machine, always there
  # db:
  #   ip: 10.0.0.10             # an address, or a name in ~/.ssh/config
  #   username: ubuntu
  #   key_file: ~/.ssh/id_ed25519
  #   password: prompt          # or env:NAME, or file:PATH; best none, and a key

# Each combination is a case, and each case is run twice.
matrix:
  size: [10, 100]
repeat: 2

stages:
  # A server goes on in the background until the last stage is done.
  # - name: server
  #   host: db
  #   command: ./serve --port 8080
  #   background: true
  #   health_check:
  #     type: port              # port, http, file, process or command
  #     target: "8080"
  #     timeout: 30s

  - name: load
    command: |
      echo "i,value" > /tmp/isomon-load-{{run.id}}.csv
      seq 1 {{matrix.size}} | awk '{ print $1 "," $1 * $1 }' >> /tmp/isomon-load-{{run.id}}.csv
    timeout: 1m
    outputs:
      - name: squares
        remote_path: /tmp/isomon-load-{{run.id}}.csv
        data_schema:
          format: csv
          columns:
            - {name: i, type: integer}
            - {name: value, type: float}

  # A benchmark of isomon, and a command in a sandbox:
  # - name: cost
  #   bench: process namespaces --runs 5
  # - name: inside
  #   backend: namespaces
  #   command: uname -a

# What is done at the end, however it ends.
cleanup:
  - name: tidy
    command: rm -f /tmp/isomon-load-{{run.id}}.csv

# plots:
#   - name: values
#     title: Values
#     source: squares
#     type: histogram           # time_series, histogram or boxplot
#     x: value
#     format: svg               # png, svg or pdf
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_right_as_it_is_whatever_it_is_called() {
        for name in ["b", "no", "a: \"b\" # c", "x'y", "12", "ä NAME"] {
            let read = super::super::read("w", &sketch(name));
            let read = read.unwrap_or_else(|mistakes| panic!("{name}: {mistakes:#?}"));
            assert_eq!(read.workflow.name.as_str(), name);
            assert_eq!(read.workflow.cases.len(), 2);
        }
    }
}
