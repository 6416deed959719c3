#!/bin/sh
# Run one step of a make target so that whoever waits sees what goes on and for how long.
#   Usage: step.sh "what it does" command …      Silent when it works but for one line and its seconds; else its last words.
set -u
what=$1
shift
log=$(mktemp)
began=$(date +%s)
test -t 1 || echo "  $what …"
"$@" >"$log" 2>&1 &
child=$!
trap 'kill $child 2>/dev/null; rm -f "$log"; exit 130' INT TERM
while kill -0 "$child" 2>/dev/null; do
  test -t 1 && printf '\r  %4s s  %s …' "$(($(date +%s) - began))" "$what"
  sleep 0.2
done
wait "$child"
code=$?
test -t 1 && printf '\r'
if test "$code" = 0; then
  printf '  %4s s  %s  \n' "$(($(date +%s) - began))" "$what"
else
  printf '  %4s s  %s: it failed with %s:\n' "$(($(date +%s) - began))" "$what" "$code" >&2
  grep -v "is ignored: it is" "$log" | tail -n 20 >&2
fi
rm -f "$log"
exit "$code"
