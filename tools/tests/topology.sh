#!/usr/bin/env bash
# ort-info --topology explains lanes, limits and feeding, of this machine and of others by hwloc's XML exports.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
info=$build/bin/ort-info
machines=$root/core/topology/testdata

# explains MACHINE TEXT OPTION...
explains() {
    local machine=$1 text=$2
    shift 2
    HWLOC_XMLFILE=$machines/$machine.xml expect "$machine: $text" 0 "$text" "$info" --topology "$@"
}

explains one-socket 'threads  at most 4: one a core'
explains one-socket 'fed from cpus 0-7, numa node 0, lane 0 (its PCI slot hangs on this NUMA node)'
explains two-sockets 'ca:00.0 Accelerator 1: fed from cpus 8-15, numa node 1, lane 1' -o threads.lanes=2
explains two-sockets 'bound to caches (near their caches' -o threads.lanes=2
if [ -f "$build/lib/orthrus/sim.ortp.json" ]; then
    # The slot is believed before the provider, and the provider where the slot is not known.
    export ORT_SIM_DEVICES='0000:ca:00.0@0,0000:99:00.0@1,0000:98:00.0'
    explains two-sockets 'sim:0 simulated accelerator 0: fed from cpus 8-15, numa node 1, lane 1 (its PCI slot' -o threads.lanes=2
    explains two-sockets 'sim:1 simulated accelerator 1: fed from cpus 8-15, numa node 1, lane 1 (its provider names' -o threads.lanes=2
    explains two-sockets 'sim:2 simulated accelerator 2: fed from cpus 0-15 (its place is not known' -o threads.lanes=2
    unset ORT_SIM_DEVICES
else
    skip "the simulated accelerator is not built"
fi
explains sub-numa '17:00.0 Accelerator 0: fed from cpus 2-3, numa node 1, lane 1' -o threads.lanes=4
explains hybrid 'lane     0: 6 threads'
explains container 'threads  at most 2: one a core that the affinity mask or cpuset allows'
explains container 'bound to none (a mask, cpuset or quota says'
for machine in one-socket two-sockets sub-numa hybrid container; do
    # shellcheck disable=SC2016
    HWLOC_XMLFILE=$machines/$machine.xml check "$machine: --json has the reasons" bash -c '"$0" --topology --json | python3 -c "
import json, sys
t = json.load(sys.stdin)[\"topology\"]
assert t[\"limits\"][\"threads_reason\"] and t[\"lanes_reason\"]
assert all(l[\"threads_reason\"] and l[\"bind_reason\"] for l in t[\"lanes\"])
assert all(f[\"cpus\"] and f[\"reason\"] for f in t[\"feeding\"])"' "$info"
done
expect 'this machine' 0 'lane     0: ' "$info" --topology
