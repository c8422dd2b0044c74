#!/bin/sh
# Makes target/debian/isomon_VERSION_ARCH.deb of a built isomon: packaging/deb.sh [BINARY]
# Needs dpkg-deb; with dpkg-dev beside it the libraries the program needs are found, not guessed.
set -eu
cd "$(dirname "$0")/.."
binary=${1:-target/release/isomon}
[ -x "$binary" ] || { echo "there is no program $binary: cargo build --release --locked" >&2; exit 2; }
version=$("$binary" --version | awk '{print $2}')
arch=$(dpkg --print-architecture)
# As Debian's own tools take it.
who="${DEBFULLNAME:-who built this package} <${DEBEMAIL:-root@localhost}>"
tree=target/debian/tree
rm -rf "$tree"
packaging/stage.sh "$binary" "$tree"
# A released isomon has none of them already.
if command -v strip >/dev/null 2>&1; then strip "$tree/usr/bin/isomon"; fi

doc=$tree/usr/share/doc/isomon
mkdir -p "$tree/DEBIAN" "$tree/etc/default" "$tree/usr/share/lintian/overrides"
install -m 644 packaging/default "$tree/etc/default/isomon"
install -m 644 packaging/lintian-overrides "$tree/usr/share/lintian/overrides/isomon"
echo /etc/default/isomon >"$tree/DEBIAN/conffiles"
for script in postinst prerm postrm; do
    install -m 755 "packaging/$script" "$tree/DEBIAN/$script"
done
date=$(LC_ALL=C date -u -R -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}")
printf 'isomon (%s) unstable; urgency=medium\n\n  * CHANGELOG.md.gz beside this file says what is new.\n\n -- %s  %s\n' \
    "$version" "$who" "$date" | gzip -9n >"$doc/changelog.gz"
gzip -9nc CHANGELOG.md >"$doc/CHANGELOG.md.gz"
{
    cat packaging/copyright
    # What is built in of xterm.js has its notice in the page's script; it stands here too.
    if grep -qa "The xterm.js authors" "$binary"; then cat packaging/copyright.xterm; fi
} >"$doc/copyright"
chmod 644 "$doc"/*.gz "$doc/copyright"

# The libraries, by the symbols that are used.
depends=libc6
if command -v dpkg-shlibdeps >/dev/null 2>&1; then
    mkdir -p target/debian/debian
    printf 'Source: isomon\n\nPackage: isomon\nArchitecture: any\n' >target/debian/debian/control
    depends=$(cd target/debian && dpkg-shlibdeps -O tree/usr/bin/isomon 2>/dev/null |
        sed -n 's/^shlibs:Depends=//p')
    rm -rf target/debian/debian
fi
size=$(du -sk --apparent-size "$tree" | cut -f1)
{
    printf 'Package: isomon\nVersion: %s\nArchitecture: %s\nMaintainer: %s\n' "$version" "$arch" "$who"
    printf 'Installed-Size: %s\nSection: admin\nPriority: optional\n' "$size"
    # A static program needs none.
    if [ -n "$depends" ]; then printf 'Depends: %s\n' "$depends"; fi
    printf 'Recommends: openssh-client\nSuggests: bubblewrap, crun, runc, runsc, qemu-system-x86\n'
    cat packaging/description
} >"$tree/DEBIAN/control"
find "$tree" -type d -exec chmod 755 {} +
dpkg-deb --root-owner-group -Zxz --build "$tree" "target/debian/isomon_${version}_$arch.deb"
