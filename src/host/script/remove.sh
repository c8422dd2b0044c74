field && at "$field"
rm -f -- "$at" 2>/dev/null || no "it cannot be removed"
yes
