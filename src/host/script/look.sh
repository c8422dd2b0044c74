field && kind=$field
field && target=$field
field && port=$field
here() {
    hex=$(printf "%04X" "$port")
    own="0{8}|0100007F|0{32}|0{24}01000000|0{16}FFFF00000100007F"
    grep -qE ": ($own):$hex 0+:0000 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
reach() {
    if command -v bash >/dev/null && command -v timeout >/dev/null; then
        timeout 2 bash -c "exec 3<>/dev/tcp/\$0/\$1" "$target" "$port" 2>/dev/null
    elif command -v nc >/dev/null; then
        nc -z -w 2 "$target" "$port" </dev/null >/dev/null 2>&1
    else
        no "neither bash nor nc is there to try port $port of $target with"
    fi
}
named() {
    for of in /proc/[0-9]*/comm; do
        { IFS= read -r comm <"$of"; } 2>/dev/null || continue
        pid=${of#/proc/} && pid=${pid%/comm}
        [ "$comm" = "$target" ] && yes "process $pid is $target"
    done
    for of in $(grep -laF -- "${target##*/}" /proc/[0-9]*/cmdline 2>/dev/null); do
        pid=${of#/proc/} && pid=${pid%/cmdline}
        words=$(tr "\000" "\n" <"$of" 2>/dev/null)
        for nth in 1 2; do
            word=${words%%"$line"*}
            case $word in
            "$target" | */"$target") yes "process $pid is $target" ;;
            esac
            words=${words#*"$line"}
        done
    done
}
line="
"
case $kind in
port)
    case $target in
    localhost | 127.0.0.1 | ::1) here && yes "port $port is open" ;;
    esac
    reach && yes "port $port is open"
    no "port $port is closed"
    ;;
http)
    if command -v curl >/dev/null; then
        code=$(curl -s -o /dev/null -m 5 -w "%{http_code}" -- "$target" 2>/dev/null)
        case $code in
        2??) yes "it answers $code" ;;
        000) no "there is no answer" ;;
        *) no "it answers $code" ;;
        esac
    elif command -v wget >/dev/null; then
        wget -q -O /dev/null -T 5 -- "$target" 2>/dev/null && yes "it answers"
        no "there is no good answer"
    fi
    no "neither curl nor wget is there to ask with"
    ;;
file)
    at "$target"
    [ -e "$at" ] && yes "the file is there"
    no "there is no such file"
    ;;
process)
    named
    no "no process of that name runs"
    ;;
esac
