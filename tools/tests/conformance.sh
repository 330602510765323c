#!/usr/bin/env bash
# The judge from outside: what its controller makes of checks that crash, hang, exit and print, its reports, waivers and
# parts.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
suite=$build/bin/ort-conformance fake=$build/tests/ort-conformance-fake
if [ ! -x "$suite" ]; then
    skip "ort-conformance is not built"
    exit 0
fi

expect "--help" 0 'usage: ' "$suite" --help
expect "--rules" 0 'run.correct' "$suite" --rules
expect "no provider" 2 'one PROVIDER' "$suite"
expect "an unknown provider" 2 "no manifest names the provider 'frobnicator'" "$suite" frobnicator
expect "a manifest that is absent" 2 'gone.ortp.json' "$suite" "$work/gone.ortp.json"
expect "no such level" 2 "L0 to L6" "$suite" cpu --level 7
expect "no such part" 2 "N from 1 to M" "$suite" cpu --fraction 3/2
expect "a level that can't run is an error" 2 'level 3' "$suite" cpu --level 3

if [ ! -x "$fake" ]; then
    skip "ort-conformance-fake is not built: configure with -DORT_TESTS=ON"
    exit 0
fi
expect "a run with everything in it ends" 1 '^4 passed, 9 failed, 1 skipped$' "$fake" cpu --level 0,1 --timeout 1 \
    --json "$work/run.json" --junit "$work/run.xml" --record "$work/record.json"
check "each misbehaviour has its verdict and rule" python3 - "$work/run.json" <<'PY'
import json, sys
run = json.load(open(sys.argv[1]))
got = {c["id"]: (c["verdict"], c["rule"] or None) for c in run["cases"]}
want = {"L0/broken": ("broken case", None), "L0/crash": ("crash", "survive.crash"), "L0/decline": ("declined", None),
        "L0/exit": ("failed", "process.exit"), "L0/exit-hard": ("failed", "process.exit"),
        "L0/fail": ("failed", "values.known"), "L0/hang": ("timeout", "survive.hang"),
        "L0/late-crash": ("crash", "survive.crash"), "L0/leave-child": ("passed", None), "L0/pass": ("passed", None),
        "L0/pass-alone": ("passed", None), "L1/pass-last": ("passed", None), "L0/print": ("failed", "process.output"),
        "L0/unknown-rule": ("broken case", None)}
assert got == want, {k: (got.get(k), want.get(k)) for k in got | want if got.get(k) != want.get(k)}
assert run["counts"] == {"passed": 4, "failed": 4, "declined": 1, "waived": 0, "broken case": 2, "crash": 2, "timeout": 1}
PY
check "no process is left" bash -c '! pgrep -f "^sleep 313"'
check "JUnit counts the same" python3 - "$work/run.xml" <<'PY'
import sys, xml.etree.ElementTree as tree
suites = tree.parse(sys.argv[1]).getroot().findall("testsuite")
assert sum(int(s.get("tests")) for s in suites) == 14
assert sum(len(s.findall("testcase/failure")) + len(s.findall("testcase/error")) for s in suites) == 9
assert sum(len(s.findall("testcase/skipped")) for s in suites) == 1
PY
check "the record is small and names the plugin's digest" bash -c \
    "test \$(stat -c %s '$work/record.json') -lt 4096 && grep -q \$(sha256sum '$build/lib/orthrus/libortp_cpu.so' | cut -c1-64) '$work/record.json'"
expect "--repro runs one case in this process" 1 'values.known: planted' "$fake" cpu --level 0 --repro L0/fail
expect "--repro of a case that there is not" 2 "no case is called 'L0/gone'" "$fake" cpu --level 0 --repro L0/gone
expect "--filter" 0 '^2 passed, 0 failed, 0 skipped$' "$fake" cpu --level 0 --filter 'pass*'
expect "a filter that matches nothing is a mistake" 2 "no case is called 'zzz'" "$fake" cpu --level 0 --filter zzz
check "parts are disjoint and whole" bash -c \
    "diff <('$fake' cpu --level 0,1 --list | sort) <(for i in 1 2 3; do '$fake' cpu --level 0,1 --list --fraction \$i/3; done | sort)"

waive() { printf '{"schema": 1, "waivers": [%s]}' "$1" >"$work/waivers.json"; }
waive '{"case": "L0/fail", "reason": "planted"}'
expect "a waiver" 0 '^0 passed, 0 failed, 1 skipped$' "$fake" cpu --level 0 --filter fail --waivers "$work/waivers.json"
waive '{"case": "L0/fail", "rule": "run.correct", "reason": "planted"}'
expect "a waiver of another rule" 1 '^0 passed, 1 failed' "$fake" cpu --level 0 --filter fail --waivers "$work/waivers.json"
waive '{"case": "L0/pass", "reason": "planted"}'
expect "a waiver whose case passes is stale" 1 'L0/pass (waiver): a stale waiver: the case passes' "$fake" cpu --level 0 --filter pass --waivers "$work/waivers.json"
waive '{"case": "L0/gone", "reason": "planted"}'
expect "a waiver of no case is stale" 1 'no case of this run' "$fake" cpu --level 0 --filter pass --waivers "$work/waivers.json"
waive '{"case": "L0/fail", "reason": "planted", "until": "2020-01-01"}'
expect "a waiver that has expired is stale" 1 'it has expired' "$fake" cpu --level 0 --filter fail --waivers "$work/waivers.json"
waive '{"case": "L0/fail"}'
expect "a waiver without a reason" 2 'gives no reason' "$fake" cpu --level 0 --filter fail --waivers "$work/waivers.json"
