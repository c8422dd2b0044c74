field && at "$field"
[ -e "$at" ] || no "it is not there"
[ -f "$at" ] || no "it is no file"
[ -r "$at" ] || no "it may not be read"
size=$(($(wc -c <"$at")))
say size "$size"
head -c "$size" -- "$at" 2>/dev/null
sum=
command -v sha256sum >/dev/null && sum=$(head -c "$size" -- "$at" | sha256sum)
yes "${sum%% *}"
