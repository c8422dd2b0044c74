field && at "$field" && to=$at
field && name=$field
field && kind=$field
umask 077
case $to in
*/) to=$to$name ;;
*) [ "$kind" = file ] && [ -d "$to" ] && to=$to/$name ;;
esac
case $to in
*/*) [ -d "${to%/*}/" ] || mkdir -p -- "${to%/*}" 2>/dev/null || no "its directory cannot be made" ;;
esac
part=$to.$$.part
clean() { rm -rf -- "$part" "$part.whole"; }
trap clean EXIT
trap "exit 1" HUP INT TERM PIPE
mkdir -- "$part" 2>/dev/null || no "it cannot be written"
while IFS= read -r length; do
    if [ "$length" = 0 ]; then
        : >"$part.whole"
        break
    fi
    head -c "$length"
done | tar -xof - -C "$part" 2>/dev/null || no "tar cannot write it, or is not there"
[ -e "$part.whole" ] || no "not all of it came"
if [ "$kind" = file ]; then
    [ -d "$to" ] && no "it is a directory"
    mv -f -- "$part/$name" "$to" || no "it cannot be put in its place"
elif [ -e "$to" ]; then
    [ -d "$to" ] || no "it is no directory"
    cp -a -- "$part/." "$to/" 2>/dev/null || no "it cannot be put in its place"
else
    mv -- "$part" "$to" || no "it cannot be put in its place"
fi
yes
