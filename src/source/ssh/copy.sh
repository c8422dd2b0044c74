LC_ALL=C
export LC_ALL
umask 077
read -r nonce && read -r name sum || exit
end() {
    printf "%s %s\n%s\n" "$nonce" "${#1}" "$1"
    exit
}
[ -d "$HOME" ] || end "the user has no home directory there"
into=$HOME/.cache/isomon
mkdir -p "$into" 2>/dev/null && [ -O "$into" ] && [ ! -h "$into" ] || end "$into cannot be made, or is another's"
part=$into/.$name.$$
trap "rm -f \"\$part\"" EXIT
trap "exit 1" HUP INT TERM PIPE
cat >"$part" 2>/dev/null || end "there is no room in $into"
found=$(sha256sum "$part" 2>/dev/null)
[ "${found%% *}" = "$sum" ] || end "its checksum there is another"
chmod 700 "$part"
"$part" --version >/dev/null 2>&1 || end "it does not run there: another processor or C library"
mv -f "$part" "$into/$name" || end "it cannot be put in its place"
end "ok $into/$name"
