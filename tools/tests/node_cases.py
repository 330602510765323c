#!/usr/bin/env python3
"""node_cases: ONNX's own node cases through ort-run.

Every case either gives the expected outputs (rtol 1e-3, atol 1e-7, as ONNX's backend test asks), or is declined: refused
with an error that names an operator, type or feature that is not built yet. Anything else fails: a wrong answer, a refusal
that calls a valid model invalid, a signal. `--least N` asks that at least N cases pass, so that nothing is lost unseen.

Usage: node_cases.py ORT_RUN ARCHIVE WORK_FOLDER [--least N] [--jobs N] [--filter WORD]
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tarfile

# Cases whose expected output no other implementation can give, with the reason.
WAIVED = {
    r"test_bernoulli": "random: judged statistically only",
    r"test_image_decoder": "compares decoded pixels",
    r"test_training_dropout": "expects numpy's MT19937 stream",
}
DECLINED = re.compile(r"taken by no provider|this build knows [0-9]+ to|not supported|not built|unsupported|"
                      r"can't be (run|raised|lowered)", re.I)


def run_case(ort_run, folder):
    name = os.path.basename(folder)
    for pattern, reason in WAIVED.items():
        if re.match(pattern, name):
            return name, "waived", reason
    try:
        done = subprocess.run([ort_run, os.path.join(folder, "model.onnx"), "--check", folder, "--rtol", "1e-3", "--atol",
                               "1e-7", "--threads", "1"], capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return name, "failed", "hung"
    if done.returncode == 0:
        return name, "passed", ""
    text = (done.stderr + done.stdout).strip()
    if done.returncode == 2 and DECLINED.search(text):
        return name, "declined", text.split("\n")[0]
    return name, "failed", f"exit {done.returncode}: {text[-300:]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ort_run")
    parser.add_argument("archive")
    parser.add_argument("work")
    parser.add_argument("--least", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--filter", default="")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    with tarfile.open(options.archive) as archive:
        archive.extractall(options.work)
    cases = sorted(root for root, _, names in os.walk(options.work) if "model.onnx" in names and options.filter in root)
    counts = {"passed": 0, "failed": 0, "declined": 0, "waived": 0}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, outcome, text in pool.map(lambda case: run_case(options.ort_run, case), cases):
            counts[outcome] += 1
            if outcome == "failed" or (options.verbose and outcome != "passed"):
                print(f"{outcome} {name}: {text}")
    if counts["passed"] < options.least:
        print(f"failed: only {counts['passed']} cases pass, {options.least} are expected")
        counts["failed"] += 1
    print(f"{counts['declined']} declined (an operator, type or feature that is not built yet), {counts['waived']} waived")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['declined'] + counts['waived']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
