field && isomon_dir=$field
field && isomon_mark=$field
field && isomon_env=$field
field && isomon_count=$field
set --
while [ "$isomon_count" -gt 0 ]; do
    field
    set -- "$@" "$field"
    isomon_count=$((isomon_count - 1))
done
unset CDPATH
for isomon_setsid in /usr/bin/setsid /bin/setsid /usr/local/bin/setsid ""; do
    [ -x "$isomon_setsid" ] && break
done
exec 3<&0 4>&2 5>&1 </dev/null 2>/dev/null
left() {
    left=
    for of in $(grep -laF -- "ISOMON_TASK=$isomon_mark" /proc/[0-9]*/environ); do
        of=${of#/proc/}
        left="$left ${of%/environ}"
    done
    [ -n "$pid" ] && kill -s 0 -- "-$pid" && left="$left -$pid"
    [ -n "$left" ]
}
family() {
    family= of=$left
    while [ -n "$of" ]; do
        of=$(for one in $of; do cat "/proc/${one#-}"/task/*/children; done)
        family="$family $of"
        [ "${#family}" -lt 100000 ] || break
    done
}
finish() {
    left || return
    family
    kill -s TERM -- $left $family
    tenths=0
    while left; do
        [ "$tenths" -ge "$grace" ] && kill -s KILL -- $left $family
        [ "$tenths" -ge "$((grace + 30))" ] && return
        tenths=$((tenths + 1))
        sleep 0.1 || sleep 1
    done
    kill -s KILL -- $family
}
(
    trap "" HUP INT TERM PIPE
    exec >/dev/null 4>&- 5>&-
    IFS= read -r pid <&3
    IFS= read -r grace <&3 || grace=20
    finish
) &
say begun
printf "%s begun\n" "$isomon_nonce" >&4
isomon_run() (
    exec >&5 2>/dev/null 3<&- 5>&-
    if [ -n "$isomon_dir" ]; then
        at "$isomon_dir"
        cd -- "$at" || { say "bad there is no such directory, or it may not be entered" && exit 127; }
    fi
    while [ "$isomon_env" -gt 0 ]; do
        export "$1"
        shift
        isomon_env=$((isomon_env - 1))
    done
    export "ISOMON_TASK=$isomon_mark"
    command -v "$1" >/dev/null || { say "bad it is not there, or may not be run" && exit 127; }
    { IFS=" " read -r isomon_pid isomon_rest </proc/self/stat; } || isomon_pid=$(sh -c "echo \$PPID")
    say "pid $isomon_pid"
    exec 2>&4 4>&-
    exec ${isomon_setsid:+"$isomon_setsid"} "$@"
)
isomon_try() {
    isomon_run "$@"
    status=$?
    say "$status"
    [ "$status" -gt 128 ] && [ "$status" -le 192 ] || return
    case $((status - 128)) in
    17 | 18 | 19 | 20 | 21 | 22 | 23 | 28) printf "never\n" ;;
    *) (ulimit -c 0 && exec sh -c "kill -$((status - 128)) \$\$") ;;
    esac
}
isomon_try "$@" 2>&1 | {
    status= by= is=
    while IFS= read -r line; do
        case $line in
        "$isomon_nonce "*) status=${line#"$isomon_nonce "} ;;
        *) [ -n "$status" ] && is=${by:-exit} || by=signal ;;
        esac
    done
    say "end $status ${by:-$is}"
}
printf "%s end\n" "$isomon_nonce" >&4
exec >/dev/null 4>&- 5>&-
wait
