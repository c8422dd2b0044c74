//! The words above the rules in `config/rules.toml`: how a rule is written, and every reading.

use std::fmt::Write as _;

use super::super::DEFAULT;
use super::super::reading::READINGS;

/// Where the rules themselves begin.
const RULES: &str = "# The rules.\n";

/// How the file is written.
const WORDS: &str = "\
# The alerts of isomon. Put your own rules and receivers into rules.toml in the configuration
# directory (`isomon config path`), in this form: a rule of yours takes the place of one of the same
# name, the rest stays. `name` and `off = true` take one away; `presets = false` takes all of these away.
# It is read again when it changes, by Ctrl-r on the screen, and when `isomon serve` is sent SIGHUP; a
# mistake leaves the rules before in force, and says its place.
# `isomon alerts check FILE` tries rules on a recording.
#
#   [[rule]]
#   name = \"gpu-near-its-limit\"
#   when = \"gpu.temperature > gpu.slowdown_temperature - 5\"    # when something is wrong
#   until = \"gpu.temperature < gpu.slowdown_temperature - 10\"  # when it is well again; not `when` unless set
#   for = \"1m\"             # how long it has to hold before it fires; at once unless set
#   keep = \"30s\"           # how long it fires on after it is well again, so that who flaps fires once; 30s unless set
#   severity = \"critical\"  # info, warning, critical
#   message = \"{gpu} on {node}: {gpu.temperature}\"
#   labels = { team = \"ml\" }  # told with its alerts; receivers choose and sort by them
#
# An expression asks as filters do: = != ~ !~ > >= < <=; what stands side by side must all hold. Filters have
# that and bare words, an expression also has: and or not, brackets, + - * /. Numbers have units: 80% 2GiB
# 20MiB/s 80°C 300W 5m. `was(…)` holds from when it first held on. What was there and is missing makes an
# alert unsure, never ok. A rule is asked of each node, and of each GPU, mount, model … that its readings are
# of; `node ~ \"web\"` asks it of some nodes only.
# `node`, in rules, in messages and to receivers, is the name of the node among the sources; of this machine,
# which lists of alerts and `isomon alerts list` call `local`, it is the host name.
#
#   [[receiver]]
#   name = \"ops\"
#   kind = \"discord\"            # discord, slack, webhook (JSON), command (JSON on its standard input)
#   url_env = \"OPS_WEBHOOK\"     # or url_file, or url: whoever knows it can write, so it is never shown
#   #command = [\"/usr/local/bin/page\", \"--urgent\"]  # for kind = \"command\": it has 10 s
#   #least = \"warning\"          # what matters less is not told
#   #labels = { team = \"ml\" }   # only alerts with these labels
#   #group_by = [\"team\"]        # a message of its own for each team; also rule, node, thing, severity
#   #resolved = true            # tell what fires no more
#   #allow_private = false      # let the address be one of a private network (10/8, 192.168/16, …)
#   #allow_loopback = false     # let the address be this machine
#
# A receiver gets one message a second at most; what comes meanwhile goes into the next, what does not fit
# is told as a number. Addresses that a name leads to are looked at before they are called; those of clouds'
# own services (169.254/16) never are, and no redirect is followed.
# `baseline = \"main\"` at the top sets every benchmark that ends beside the baseline of that name.
#
# A node whose own isomon (`isomon serve`) has a receiver is judged and told of there: here its alerts are
# shown, and only rules of `node.…` are asked of it. Of several isomons of a user on one machine, one tells.
#
# Readings:
";

/// The file as it should be: its words made anew, its rules as they are.
pub fn template() -> String {
    let mut file = String::from(WORDS);
    for line in READINGS {
        let unit = line.unit.words();
        let _infallible = writeln!(file, "#   {:<24} {:<10} {}", line.name, unit, line.words);
    }
    let rules = DEFAULT.split_once(RULES).map_or("", |(_, rules)| rules);
    file.push('\n');
    file.push_str(RULES);
    file.push_str(rules);
    file
}
