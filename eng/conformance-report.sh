#!/usr/bin/env bash
# Writes docs/CONFORMANCE.md from the reports of upstream's conformance suite (../shared/conformance/README.md says how to build and run it).
#   eng/conformance-report.sh REPORT_DIR...   folders with junit_*.xml; where a spec is in several, the last one counts
# Why a spec fails stands in eng/conformance-reasons.tsv (spec, tab, reason). Fails where a failed spec has no reason there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ $# -gt 0 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

# spec, tab, passed|failed|skipped; the last verdict that is not "skipped" wins
for folder; do
  ls "$folder"/junit_*.xml >/dev/null
  cat "$folder"/junit_*.xml
done | awk '
  function spec(line) {
    sub(/.*<testcase name="/, "", line); sub(/" classname=.*/, "", line)
    gsub(/&lt;/, "<", line); gsub(/&gt;/, ">", line); gsub(/&#34;|&quot;/, "\"", line); gsub(/&#39;|&apos;/, "\047", line); gsub(/&amp;/, "\\&", line)
    return line
  }
  function tell() { if (name ~ /\[Conformance\]/ && (verdict != "skipped" || !(name in verdicts))) verdicts[name] = verdict; name = "" }
  /<testcase /  { tell(); name = spec($0); verdict = "passed" }
  /<skipped/    { verdict = "skipped" }
  /<failure/    { verdict = "failed" }
  END           { tell(); for (n in verdicts) print n "\t" verdicts[n] }' | LC_ALL=C sort > "$work/verdicts"

only() { awk -F'\t' -v v="$1" '$2 == v { print $1 }' "$work/verdicts"; }
only passed > "$work/passed"; only failed > "$work/failed"; only skipped > "$work/skipped"
count() { wc -l < "$work/$1" | tr -d ' '; }
newest=$(for folder; do stat -c %Y "$folder"/junit_*.xml; done | sort -n | tail -n 1)
awk -F'\t' 'FILENAME == ARGV[1] { why[$1] = $2; next } { if ($1 in why) print "| " $1 " | " why[$1] " |"; else print "no reason for: " $1 > "/dev/stderr" }' \
  "$here/eng/conformance-reasons.tsv" "$work/failed" > "$work/reasons" 2> "$work/unexplained"

{
  cat <<TEXT
# Upstream's conformance suite

How it is built and run: \`../shared/conformance/README.md\` (Kubernetes 1.20.2's own end-to-end suite, over protobuf, on one node and, the serial specs, on two). Written by
\`eng/conformance-report.sh\` from the suite's reports; why a spec fails is kept in \`eng/conformance-reasons.tsv\`.

$(date -u -d "@$newest" +%F): **$(count passed) passed, $(count failed) failed**; $(count skipped) of the suite's $(wc -l < "$work/verdicts" | tr -d ' ') conformance specs were not run.

## Failed

| spec | reason |
| --- | --- |
TEXT
  cat "$work/reasons"
  printf '\n## Passed\n\n'; sed 's/^/- /' "$work/passed"
  printf '\n## Not run\n\n'; sed 's/^/- /' "$work/skipped"
} > "$here/docs/CONFORMANCE.md"
echo "$(count passed) passed, $(count failed) failed, $(count skipped) not run"
if [ -s "$work/unexplained" ]; then cat "$work/unexplained" >&2; exit 1; fi
