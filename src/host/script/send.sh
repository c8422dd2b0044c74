field && at "$field" && to=$at
field && size=$field
field && sum=$field
umask 077
[ -d "$to" ] && no "it is a directory"
case $to in
*/*) [ -d "${to%/*}/" ] || mkdir -p -- "${to%/*}" 2>/dev/null || no "its directory cannot be made" ;;
esac
part=$to.$$.part
clean() { rm -f -- "$part"; }
trap clean EXIT
trap "exit 1" HUP INT TERM PIPE
cat 2>/dev/null >"$part" || no "it cannot be written, or there is no room"
[ "$(($(wc -c <"$part")))" = "$size" ] || no "not all of it came"
if command -v sha256sum >/dev/null; then
    found=$(sha256sum <"$part")
    [ "${found%% *}" = "$sum" ] || no "its checksum there is another"
fi
chmod 700 "$part" && mv -f -- "$part" "$to" || no "it cannot be put in its place"
yes
