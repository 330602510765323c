#!/usr/bin/env bash
# The judge from outside: what its controller makes of checks that crash, hang, exit and print, its reports, waivers and
# parts.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
suite=$build/bin/ort-conformance fake=$build/fake/ort-conformance-fake
if [ ! -x "$suite" ]; then
    skip "ort-conformance is not built"
    exit 0
fi

expect "--help" 0 'usage: ' "$suite" --help
expect "--rules" 0 'run.correct' "$suite" --rules
expect "no provider" 2 'one PROVIDER' "$suite"
expect "an unknown provider" 2 "no manifest names the provider 'frobnicator'" "$suite" frobnicator
expect "a library for a manifest" 2 'is no manifest' "$suite" "$build/lib/orthrus/libortp_cpu.so"
printf '{"id": "a" "name": "b"}' >"$work/comma.ortp.json"
expect "a manifest that is no JSON" 2 'comma.ortp.json: is no manifest' "$suite" "$work/comma.ortp.json"
expect "a manifest that is absent" 2 'gone.ortp.json' "$suite" "$work/gone.ortp.json"
expect "no such level" 2 "L0 to L6" "$suite" cpu --level 7
expect "no such device" 2 'cpu has no device 7, only 1 device$' "$suite" cpu:7 --level L0
expect "no such part" 2 "N from 1 to M" "$suite" cpu --fraction 3/2

if [ ! -x "$fake" ]; then
    skip "ort-conformance-fake is not built: configure with -DORT_TESTS=ON"
    exit 0
fi
expect "a run with everything in it ends" 1 '^5 passed, 11 failed, 1 skipped$' "$fake" cpu --level 0,1 --timeout 5 --seed $$ \
    --json "$work/run.json" --junit "$work/run.xml" --record "$work/record.json"
check "each misbehaviour has its verdict and rule" python3 - "$work/run.json" <<'PY'
import json, sys
run = json.load(open(sys.argv[1]))
got = {c["id"]: (c["verdict"], c["rule"] or None) for c in run["cases"]}
want = {"L0/broken": ("broken case", None), "L0/crash": ("crash", "survive.crash"), "L0/decline": ("declined", None),
        "L0/exit": ("failed", "process.exit"), "L0/exit-hard": ("failed", "process.exit"),
        "L0/fail": ("failed", "values.known"), "L0/fail-leaves": ("failed", "values.known"), "L0/hang": ("timeout", "survive.hang"),
        "L0/late-crash": ("crash", "survive.crash"), "L0/late-print": ("failed", "process.output"),
        "L0/print-not": ("passed", None), "L0/leave-child": ("passed", None), "L0/pass": ("passed", None),
        "L0/pass-alone": ("passed", None), "L1/pass-last": ("passed", None), "L0/print": ("failed", "process.output"),
        "L0/unknown-rule": ("broken case", None)}
assert got == want, {k: (got.get(k), want.get(k)) for k in got | want if got.get(k) != want.get(k)}
assert run["counts"] == {"passed": 5, "failed": 6, "declined": 1, "waived": 0, "broken case": 2, "crash": 2, "timeout": 1}
PY
# Not even when the controller has no chance to clean up. The seeds tell this script's workers from those of another one.
"$fake" cpu --level 0 --filter hang --seed $((10 * $$)) >/dev/null 2>&1 &
controller=$!
check "a hanging worker is there" timeout 20 bash -c 'until pgrep -f "filter hang --seed $0 [-]-worker" >/dev/null; do read -rt 0.05 <> <(:) || :; done' $((10 * $$))
kill -9 "$controller"
wait "$controller" 2>/dev/null
check "a killed controller takes its worker along" timeout 20 bash -c 'while pgrep -f "filter hang --seed $0 [-]-worker" >/dev/null; do read -rt 0.05 <> <(:) || :; done' $((10 * $$))
"$fake" cpu --level 0 --filter hang --seed $((10 * $$ + 1)) >/dev/null 2>&1 &
controller=$!
check "another hanging worker is there" timeout 20 bash -c 'until pgrep -f "filter hang --seed $0 [-]-worker" >/dev/null; do read -rt 0.05 <> <(:) || :; done' $((10 * $$ + 1))
kill -TERM "$controller"
wait "$controller"
check "an ended run exits with 128 + the signal" test $? -eq 143
check "and takes its worker along" bash -c '! pgrep -f "filter hang --seed $0 [-]-worker"' $((10 * $$ + 1))
check "no process is left" bash -c '! pgrep -f "^sleep 313[.]$0\$"' $$
check "JUnit counts the same" python3 - "$work/run.xml" <<'PY'
import sys, xml.etree.ElementTree as tree
suites = tree.parse(sys.argv[1]).getroot().findall("testsuite")
assert sum(int(s.get("tests")) for s in suites) == 17
assert sum(len(s.findall("testcase/failure")) + len(s.findall("testcase/error")) for s in suites) == 11
assert sum(len(s.findall("testcase/skipped")) for s in suites) == 1
PY
check "the record is small and names the plugin's digest" bash -c \
    "test \$(stat -c %s '$work/record.json') -lt 4096 && grep -q \$(sha256sum '$build/lib/orthrus/libortp_cpu.so' | cut -c1-64) '$work/record.json'"
expect "--repro runs one case in this process" 1 'values.known: planted' "$fake" cpu --level 0 --repro L0/fail
expect "a crash in company is run again alone" 1 'L0/crash: .*; alone it ends the process too$' "$fake" cpu --level 0 --filter '[bc]r*' --jobs 1
expect "--repro knows the level by the id" 0 '^passed' "$fake" cpu --repro L1/pass-last
expect "--repro of a case that there is not" 2 "no case is called 'L0/gone'" "$fake" cpu --level 0 --repro L0/gone
expect "output is blamed on the case that printed, and on no other" 1 '^1 passed, 1 failed' "$fake" cpu --level 0 --filter 'print*' --jobs 1
expect "what a failed check leaves is not blamed on the next" 1 '^2 passed, 2 failed' "$fake" cpu --level 0 --filter '[fp]a*[!t]' --jobs 1
expect "--filter" 0 '^2 passed, 0 failed, 0 skipped$' "$fake" cpu --level 0 --filter 'pass*'
expect "a run that judges nothing is not good" 1 'nothing was judged' "$fake" cpu --level 0 --filter decline
expect "a filter that matches nothing is a mistake" 2 "no case is called 'zzz'" "$fake" cpu --level 0 --filter zzz
check "parts are disjoint and whole" bash -c \
    "diff <('$fake' cpu --level 0,1 --list | sort) <(for i in 1 2 3; do '$fake' cpu --level 0,1 --list --fraction \$i/3; done | sort)"

waive() { printf '{"schema": 1, "waivers": [%s]}' "$1" >"$work/waivers.json"; }
waive '{"case": "L0/fail", "reason": "planted"}'
expect "a waiver" 0 '^1 passed, 0 failed, 1 skipped$' "$fake" cpu --level 0 --filter '[fp]a[is][ls]' --waivers "$work/waivers.json"
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

# ---- the CPU provider, without the core ----

expect "the CPU provider passes levels 0 to 2" 0 '^[1-9][0-9]* passed, 0 failed' "$suite" cpu --level 0-2
expect "without --level, levels with cases run first" 2 '^1 passed, 0 failed' "$fake" cpu --filter pass
expect "... and those without are named, with the way to make them" 2 'level 2 .*--target conformance-cases' "$fake" cpu --filter pass
expect "a level without cases is an error" 2 'level 2 has no cases here' "$fake" cpu --level 0-2
if make_cases >"$work/made" 2>&1; then
    expect "the CPU provider passes levels 3 to 6" 0 '^[1-9][0-9]* passed, 0 failed' "$suite" cpu --level 3-6
else
    skip "the generated cases can't be made: $(tail -1 "$work/made")"
fi
expect "levels 5 and 6 are there" 0 'L6/' "$suite" cpu --level 5,6 --list

# ---- levels 3 and 4: folders of data ----

mkdir -p "$work/no-cases/deep" && touch "$work/no-cases/deep/model.onnx"
expect "a folder without cases.json is no folder of generated cases" 2 'no-cases: is no folder of generated cases' \
    "$suite" cpu --level 3 --cases "$work/no-cases" --list
rm -r "$work/no-cases"
expect "no such tree" 2 'nowhere: there is no such folder' "$suite" cpu --suite "$work/nowhere"
expect "a tree without cases" 2 'holds no folder' "$suite" cpu --suite "$work"
archive=$data/onnx-tests/onnx-node-1.23.tar.xz
if [ ! -f "$archive" ]; then
    skip "ONNX's node cases are not beside the project: $archive is absent"
    exit 0
fi
tar -C "$work" -xf "$archive"
tree=$work/onnx-node-1.23
check "ONNX's node cases: right, declined or waived" "$suite" cpu --suite "$tree" --waivers "$root/conformance/waivers/onnx-node-1.23.json" --json "$work/node.json"
check "at least 750 pass, each has a verdict, each decline a reason" python3 - "$work/node.json" <<'PY'
import json, sys
run = json.load(open(sys.argv[1]))
assert run["counts"]["passed"] >= 750, run["counts"]
assert sum(run["counts"].values()) == len(run["cases"]) == 1831, run["counts"]
assert all(c["text"] for c in run["cases"] if c["verdict"] == "declined")
assert all(c["ran"] for c in run["cases"] if c["verdict"] == "passed")
PY
check "the tree's parts are disjoint and whole" bash -c \
    "diff <('$suite' cpu --suite '$tree' --list | sort) <(for i in 1 2 3 4; do '$suite' cpu --suite '$tree' --list --fraction \$i/4; done | sort)"

planted=$work/planted
mkdir "$planted"
cp -r "$tree/test_add" "$planted/wrong"
python3 - "$planted/wrong/test_data_set_0/output_0.pb" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[-1] ^= 0x40
open(sys.argv[1], "wb").write(data)
PY
cp -r "$tree/test_add" "$planted/half"
truncate -s 40 "$planted/half/model.onnx"
cp -r "$tree/test_add" "$planted/no-output"
rm "$planted/no-output/test_data_set_0/output_0.pb"
cp -r "$tree/test_add" "$planted/no-such-class"
echo '{"schema": 1, "class": "Z"}' >"$planted/no-such-class/case.json"
cp -r "$tree/test_add" "$planted/refused"
echo '{"schema": 1, "expect": "error", "code": "invalid-model"}' >"$planted/refused/case.json"
cp -r "$planted/half" "$planted/rightly-refused"
cp "$planted/refused/case.json" "$planted/rightly-refused"
expect "planted faults" 1 '^1 passed, 5 failed, 0 skipped$' "$suite" cpu --suite "$planted" --json "$work/planted.json"
check "each planted fault has its verdict and rule" python3 - "$work/planted.json" <<'PY'
import json, sys
got = {c["id"][3:]: (c["verdict"], c["rule"]) for c in json.load(open(sys.argv[1]))["cases"]}
assert got == {"wrong": ("failed", "run.correct"), "half": ("broken case", ""), "no-output": ("broken case", ""),
               "no-such-class": ("broken case", ""), "refused": ("failed", "fault.input"),
               "rightly-refused": ("passed", "")}, got
PY
expect "--repro prints the command" 1 'ort-conformance cpu --level L3 --suite' "$suite" cpu --suite "$planted" --repro L3/wrong
