//! The words of a workflow file: which keys there are, what stands behind each, and since when.
//!
//! These tables are read by what checks a file, by what makes the JSON schema and by what offers the
//! nearest right word, so that no key stands twice. Rules between keys are in `rule`.

/// What stands behind a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// A text; a number or a truth is taken as it is written.
    Text,
    /// A short text without control characters that names something.
    Name,
    /// A text that is never shown.
    Secret,
    /// `true` or `false`.
    Flag,
    /// A whole number, from and to.
    Whole(i64, i64),
    /// A number.
    Number,
    /// A length of time: `30s`, `1m30s`.
    Time,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of names.
    Names,
    /// A list of texts.
    Texts,
    /// A text or a list of texts.
    TextOrTexts,
    /// Names, each with a text.
    Pairs,
    /// Names, each with a list of values.
    Lists,
    /// Keys of their own.
    Part(&'static Part),
    /// A list of such.
    Parts(&'static Part),
    /// Names, each with such; nothing behind a name is taken too.
    Named(&'static Part),
    /// The columns of a table, in the way of either dialect.
    Columns,
}

/// Which dialect a key speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Since {
    /// All have it.
    Always,
    /// benchctl's design alone.
    Seed,
    /// All but benchctl's design.
    Later,
    /// benchctl up to 0.2.
    Pictures,
    /// benchctl 0.1 and 0.2 alone.
    Plots,
    /// benchctl 0.3.
    Cases,
    /// isomon.
    Own,
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) must: bool,
    pub(super) since: Since,
    /// What it says, for people.
    pub(super) about: &'static str,
}

/// Keys that stand together.
#[derive(Debug)]
pub(super) struct Part {
    /// What they are of: `a stage`.
    pub(super) name: &'static str,
    pub(super) keys: &'static [Key],
    /// Keys that are not known are told, and taken.
    pub(super) open: bool,
}

impl Part {
    pub(super) fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

const fn key(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, form, must: false, since: Since::Always, about }
}

const fn must(key: Key) -> Key {
    Key { must: true, ..key }
}

const fn since(since: Since, key: Key) -> Key {
    Key { since, ..key }
}

const LARGE: i64 = 1_000_000_000;

/// The whole file.
pub(super) static FILE: Part = Part {
    name: "a workflow",
    open: false,
    keys: &[
        must(key("benchmark", Form::Part(&BENCHMARK), "What it is and where its runs are put.")),
        key(
            "hosts",
            Form::Named(&HOST),
            "Hosts by name. `local` is this machine and always there.",
        ),
        since(Since::Cases, key("cases", Form::Parts(&CASE), "Each runs all stages.")),
        since(
            Since::Own,
            key(
                "matrix",
                Form::Lists,
                "Each combination of these values is a case: `size=10,mode=fast`.",
            ),
        ),
        since(Since::Own, key("repeat", Form::Whole(1, 1_000), "How often each case is run.")),
        must(key("stages", Form::Parts(&STAGE), "What is done, in this order.")),
        since(
            Since::Cases,
            key("cleanup", Form::Parts(&CLEANUP), "What is done at the end, however it ends."),
        ),
        since(Since::Pictures, key("plots", Form::Parts(&PLOT), "Pictures of outputs.")),
    ],
};

static BENCHMARK: Part = Part {
    name: "`benchmark`",
    open: false,
    keys: &[
        must(key("name", Form::Name, "Its name.")),
        key("output_dir", Form::Text, "Where its runs are put; `./results` unless set."),
        since(
            Since::Later,
            key("shell", Form::Text, "What runs commands; `bash -lic` unless set."),
        ),
        since(Since::Later, key("logging", Form::Part(&LOGGING), "What is logged, and where to.")),
        since(Since::Cases, key("git", Form::Part(&GIT), "What is kept of the repository.")),
        since(Since::Cases, key("sync", Form::Part(&SYNC), "Where `isomon sync` copies runs to.")),
    ],
};

static LOGGING: Part = Part {
    name: "`logging`",
    open: false,
    keys: &[
        key("level", Form::Word(&["debug", "info", "warn", "error"]), "From which level on."),
        key("path", Form::Text, "The file; `benchctl.ndjson` in the run's directory unless set."),
        since(
            Since::Cases,
            key("time_format", Form::Text, "How times are shown, in Go's words: `15:04:05`."),
        ),
    ],
};

static GIT: Part = Part {
    name: "`git`",
    open: false,
    keys: &[
        key("capture", Form::Flag, "Keep commit, branch and state; true unless set."),
        key("require_clean", Form::Flag, "Do not start while files are changed."),
        key("save_patch", Form::Flag, "Keep what is changed as `git.patch`."),
    ],
};

static SYNC: Part = Part {
    name: "`sync`",
    open: false,
    keys: &[
        must(key(
            "remote",
            Form::Text,
            "A remote of rclone and a path there: `lab:bench/runs`; or `s3://`, `gs://`, `file:///`.",
        )),
        key("args", Form::Texts, "Arguments for rclone."),
    ],
};

pub(super) static HOST: Part = Part {
    name: "a host",
    open: false,
    keys: &[
        key("ip", Form::Text, "Its address, or its name in `~/.ssh/config`."),
        key("port", Form::Whole(1, 65_535), "Its port; as OpenSSH is configured unless set."),
        key("username", Form::Text, "Who logs in."),
        key("password", Form::Secret, "`prompt`, `env:NAME`, `file:PATH`, or the password itself."),
        key("key_file", Form::Text, "A private key; `~/` is the home directory."),
        key("key_password", Form::Secret, "The key's passphrase, in the words of `password`."),
    ],
};

static CASE: Part = Part {
    name: "a case",
    open: false,
    keys: &[
        must(key("name", Form::Name, "Its name.")),
        key("env", Form::Pairs, "What is set in the environment of its commands."),
    ],
};

const NAME: Key = must(key("name", Form::Name, "Its name, one of a kind."));
const ON: Key = key("host", Form::Name, "The host it is done on; this machine unless set.");
const HOSTS: Key =
    since(Since::Later, key("hosts", Form::Names, "The hosts it is done on, one after another."));
const COMMAND: Key = key("command", Form::Text, "A command for the shell.");
const SCRIPT: Key = key("script", Form::Text, "A script of this machine that is run on the host.");
const SHELL: Key = since(
    Since::Later,
    key("shell", Form::Text, "What runs its command, in place of the workflow's."),
);
const TIMEOUT: Key =
    since(Since::Own, key("timeout", Form::Time, "Time after which it has failed."));
const ENV: Key = since(Since::Own, key("env", Form::Pairs, "What is set in its environment."));
const PARALLEL: Key =
    since(Since::Own, key("parallel", Form::Flag, "All its hosts at the same time."));

pub(super) static STAGE: Part = Part {
    name: "a stage",
    open: false,
    keys: &[
        NAME,
        ON,
        HOSTS,
        PARALLEL,
        COMMAND,
        SCRIPT,
        since(
            Since::Own,
            key("bench", Form::TextOrTexts, "A benchmark: the words behind `isomon bench`."),
        ),
        since(
            Since::Own,
            key("copy", Form::Part(&COPY), "A file or directory from one host to another."),
        ),
        since(
            Since::Own,
            key("backend", Form::Text, "Its command runs in a sandbox of this backend."),
        ),
        SHELL,
        ENV,
        since(Since::Later, key("skip", Form::Flag, "It is passed over.")),
        since(
            Since::Cases,
            key("execute_only_for", Form::Name, "The one case in which it is done."),
        ),
        since(
            Since::Later,
            key(
                "background",
                Form::Flag,
                "It goes on while later stages run, and is ended after the last.",
            ),
        ),
        since(
            Since::Plots,
            key("append_metadata", Form::Flag, "The JSON object it writes is kept as metadata."),
        ),
        key("health_check", Form::Part(&CHECK), "When it is ready."),
        key("outputs", Form::Parts(&OUTPUT), "Files that are fetched when it is done."),
        since(
            Since::Own,
            key("needs", Form::Names, "Stages that are done before; the one before it unless set."),
        ),
        since(Since::Own, key("repeat", Form::Whole(1, 1_000), "How often it is done in a row.")),
        TIMEOUT,
    ],
};

static CLEANUP: Part = Part {
    name: "a stage of the cleanup",
    open: false,
    keys: &[NAME, ON, HOSTS, PARALLEL, COMMAND, SCRIPT, SHELL, ENV, TIMEOUT],
};

static COPY: Part = Part {
    name: "`copy`",
    open: false,
    keys: &[
        must(key("from", Form::Text, "`host:path`; this machine where no host is named.")),
        must(key("to", Form::Text, "The same of where it goes.")),
    ],
};

static CHECK: Part = Part {
    name: "a health check",
    open: false,
    keys: &[
        must(key(
            "type",
            Form::Word(&["port", "http", "file", "process", "command"]),
            "What is looked at.",
        )),
        must(key(
            "target",
            Form::Text,
            "A port or `host:port`, an address, a path, a process's name, a command.",
        )),
        key("timeout", Form::Time, "Time it has in all; 30s unless set."),
        key(
            "retries",
            Form::Whole(0, LARGE),
            "Attempts at most; as many as the time allows unless set.",
        ),
        since(
            Since::Own,
            key("every", Form::Time, "Time from one attempt to the next; 1s unless set."),
        ),
    ],
};

static OUTPUT: Part = Part {
    name: "an output",
    open: false,
    keys: &[
        must(key("name", Form::Name, "Its name, one of a kind in the workflow.")),
        must(key("remote_path", Form::Text, "Where it is on the stage's host.")),
        since(
            Since::Seed,
            key("local_path", Form::Text, "Where it is copied to as well, on this machine."),
        ),
        since(Since::Pictures, key("data_schema", Form::Columns, "The columns of the CSV file.")),
    ],
};

/// The keys of one column; its name stands before them where columns are a map.
pub(super) static COLUMN: Part = Part {
    name: "a column",
    open: false,
    keys: &[
        must(key("name", Form::Name, "Its header.")),
        must(key(
            "type",
            Form::Word(&["timestamp", "integer", "float", "string"]),
            "What its cells are.",
        )),
        key("unit", Form::Text, "Their unit: `ms`, `bytes`."),
        key(
            "format",
            Form::Word(&[
                "unix",
                "unix_ms",
                "unix_us",
                "unix_ns",
                "rfc3339",
                "rfc3339_nano",
                "iso8601",
            ]),
            "How a time is written; found out unless set.",
        ),
    ],
};

/// What `data_schema` is of.
pub(super) static SCHEMA: Part = Part {
    name: "`data_schema`",
    open: false,
    keys: &[
        key("format", Form::Word(&["csv"]), "The file's format."),
        key("columns", Form::Parts(&COLUMN), "Its columns."),
    ],
};

static PLOT: Part = Part {
    name: "a plot",
    open: false,
    keys: &[
        NAME,
        key("title", Form::Text, "What stands above it; its name unless set."),
        must(key("source", Form::Name, "The output it is made of.")),
        must(key("type", Form::Word(&["time_series", "histogram", "boxplot"]), "What it shows.")),
        key("x", Form::TextOrTexts, "Columns along the horizontal axis."),
        key("y", Form::TextOrTexts, "Columns along the vertical axis."),
        key(
            "aggregation",
            Form::Word(&["avg", "median", "p95", "p99"]),
            "What becomes of the values of one window.",
        ),
        since(Since::Own, key("window", Form::Time, "The length of a window; chosen unless set.")),
        key("format", Form::Word(&["png", "svg", "pdf"]), "The file's format; png unless set."),
        since(Since::Seed, key("export_path", Form::Text, "Where it is copied to as well.")),
        since(
            Since::Plots,
            key("engine", Form::Word(&["seaborn", "gonum"]), "Kept; of no effect."),
        ),
        since(Since::Plots, key("groupby", Form::Text, "A column whose values part the rows.")),
        since(Since::Plots, key("options", Form::Part(&OPTIONS), "How it looks.")),
    ],
};

pub(super) static OPTIONS: Part = Part {
    name: "the options of a plot",
    open: true,
    keys: &[
        key("width_px", Form::Whole(1, 20_000), "Width in pixels; 1200."),
        key("height_px", Form::Whole(1, 20_000), "Height in pixels; 600."),
        key("dpi", Form::Whole(1, 2_400), "Pixels an inch; 150."),
        key("style", Form::Text, "`whitegrid`, `darkgrid`, `white`, `dark`, `ticks`."),
        key("legend", Form::Flag, "Whether a legend is drawn."),
        key("legend_loc", Form::Text, "Where it is: `upper right`, `best`."),
        key("max_points", Form::Whole(0, LARGE), "Points drawn at most."),
        key("sampling", Form::Word(&["stride", "random"]), "How they are chosen."),
        key("random_state", Form::Whole(0, i64::MAX), "The seed of `random`."),
        key("max_rows", Form::Whole(0, i64::MAX), "Rows read at most."),
        key("bins", Form::Whole(1, 10_000), "Bars of a histogram; 16."),
        key(
            "hist_element",
            Form::Word(&["step", "bars", "poly"]),
            "What a histogram is drawn with.",
        ),
        key("hist_common_norm", Form::Flag, "Whether all groups sum up to one."),
        key("x_label_angle", Form::Number, "Degrees that words along the axis are turned."),
        key(
            "x_timestamp_format",
            Form::Word(&["full", "medium", "short"]),
            "How times are written.",
        ),
        key("x_time_format", Form::Text, "The same, by benchctl's own call of its engine."),
        key("x_time_unit", Form::Text, "The unit of times, likewise."),
    ],
};
