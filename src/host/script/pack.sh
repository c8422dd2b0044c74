field && at "$field"
while [ "$at" != / ] && [ "${at%/}" != "$at" ]; do at=${at%/}; done
[ -e "$at" ] || no "it is not there"
[ -r "$at" ] || no "it may not be read"
if [ -d "$at" ]; then
    say dir
    tar -cf - -C "$at" .
else
    say file
    case $at in
    */*) from=${at%/*}/ ;;
    *) from=. ;;
    esac
    tar -cf - -C "$from" "./${at##*/}"
fi && yes || no "tar cannot read all of it, or is not there"
