#!/bin/sh
# Lays out an installed isomon: packaging/stage.sh BINARY DESTDIR [PREFIX]
# The manual pages and completions come from the program itself, so they say what it does.
set -eu
cd "$(dirname "$0")/.."
binary=$1
to=$2
prefix=${3:-/usr}
at=$to$prefix
doc=$at/share/doc/isomon

# In a home of nobody: nothing of the user's settings gets in, and nothing of theirs is made.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
say() {
    env -i HOME="$home" PATH="$PATH" LANG=C.UTF-8 COLUMNS=100 "$binary" "$@"
}

install -D -m 755 "$binary" "$at/bin/isomon"
mkdir -p "$at/share/man/man1" "$doc/examples"
say man | gzip -9n >"$at/share/man/man1/isomon.1.gz"
for verb in $(say --help | awk '/^Commands:/{on=1; next} /^[^ ]/{on=0} on && /^  [a-z]/{print $1}'); do
    say man "$verb" | gzip -9n >"$at/share/man/man1/isomon-$verb.1.gz"
done
mkdir -p "$at/share/bash-completion/completions" "$at/share/zsh/vendor-completions" \
    "$at/share/fish/vendor_completions.d"
say completions bash >"$at/share/bash-completion/completions/isomon"
say completions zsh >"$at/share/zsh/vendor-completions/_isomon"
say completions fish >"$at/share/fish/vendor_completions.d/isomon.fish"
mkdir -p "$at/lib/systemd/system"
sed "s#/usr/bin/isomon#$prefix/bin/isomon#" assets/systemd/isomon.service \
    >"$at/lib/systemd/system/isomon.service"
install -m 644 config/* "$doc/examples/"
gzip -9nc README.md >"$doc/README.md.gz"
gzip -9nc SECURITY.md >"$doc/SECURITY.md.gz"
find "$at" -type f ! -path "$at/bin/*" -exec chmod 644 {} +
