#!/usr/bin/env python3
"""Builds the wrong plugins of conformance/wrong, has ort-conformance judge each, and compares the rules that it names with
those of wrong.json. Ends with 'N passed, N failed, N skipped'.

usage: wrong.py BUILD WORK [--update] [NAME ...]   --update: writes the table of docs/conformance.md instead of checking it
"""
import concurrent.futures
import hashlib
import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRONG = ROOT / "conformance/wrong"
BASE = ROOT / "sdk/template-async"
PAGE = ROOT / "docs/conformance.md"
MARKS = ("<!-- wrong plugins: written by tools/tests/wrong.sh --update -->", "<!-- end of wrong plugins -->")
FLAGS = ["-std=c17", "-O1", "-g", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror", "-D_POSIX_C_SOURCE=200809L",
         "-D_DEFAULT_SOURCE", f"-I{ROOT}/plugin-api/include", f"-I{BASE}", f"-I{WRONG}"]
BAD = ("failed", "crash", "timeout")
UNPROVEN = {"model.correct"}  # whole models with goldens of their own are no small cases; graph.correct has the same judge
TIMEOUT_S = 8  # of a case: the slowest right one takes a tenth of it


def run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=170, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")


def base_build(work):
    """The right plugin once for all, its entry under another name."""
    objects = []
    (work / "symbols.map").write_text("{ global: ortp_entry_v0; ortc_wrong_exported; local: *; };")
    for source in sorted(BASE.glob("*.c")) + [WRONG / "wrong.c"]:
        objects.append(work / f"{source.stem}.o")
        rename = ["-Dortp_entry_v0=ortc_wrong_right_entry"] if source.stem == "plugin" else []
        run("gcc", *FLAGS, *rename, "-c", source, "-o", objects[-1])
    return objects


def manifest_make(name, library):
    manifest = {"id": "org.example.async", "name": "wrong", "version": "1.0.0", "vendor": "Example",
                "abi": {"major": 0, "min_minor": 0, "built_minor": 0}, "library": library.name,
                "architecture": platform.machine(), "sha256": hashlib.sha256(library.read_bytes()).hexdigest()}
    if name == "manifest_id":
        manifest["id"] = "org.example.other"
    elif name == "manifest_digest":
        manifest["sha256"] = "0" * 64
    elif name == "manifest_version":
        del manifest["version"]
    elif name == "manifest_outside":
        shutil.copy(library, library.parent.parent)
        manifest["library"] = f"../{library.name}"
    return manifest


def plugin_build(name, work, objects):
    source = WRONG / f"{name}.c"
    folder = work / name
    folder.mkdir()
    library = folder / f"libortp_{name}.so"
    wraps = sorted(set(re.findall(r"__wrap_(\w+)\(", source.read_text())))
    run("gcc", *FLAGS, source, *objects, "-shared", "-o", library, *[f"-Wl,--wrap={w}" for w in wraps],
        f"-Wl,--version-script={work}/symbols.map", "-lm", "-pthread")
    path = folder / "wrong.ortp.json"
    path.write_text(json.dumps(manifest_make(name, library), indent=1))
    return path


def judge(build, manifest, facts):
    """The cases of the outcome; a text when there is none."""
    out = manifest.with_name("outcome.json")
    levels = facts["check"][1] if "check" in facts else facts["levels"]
    words = [build / "bin/ort-conformance", manifest, "--level", levels, "--json", out, "--jobs", "1", "--timeout",
             facts.get("timeout", TIMEOUT_S)]
    if "check" in facts:
        words += ["--filter", facts["check"]]
    if "3" in levels or "4" in levels:
        words += ["--suite", WRONG / "cases"]
    try:
        begin = time.monotonic()
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=170, check=False)
        facts["seconds"] = time.monotonic() - begin
        return json.loads(out.read_text())["cases"]
    except subprocess.TimeoutExpired:
        return "the suite did not end"
    except (OSError, ValueError, KeyError):
        return f"no outcome, exit {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"


def is_caught(name, facts, cases):
    """(good, what to print)"""
    if isinstance(cases, str):
        return False, cases
    bad = [c for c in cases if c["verdict"] in BAD]
    said = "; ".join(f"{c['id']}: {c['rule'] or c['verdict']}: {c['text'][:150]}" for c in bad[:3])
    if name == "control":
        passed = sum(c["verdict"] == "passed" for c in cases)
        return not bad and passed >= 30, said or f"{passed} passed"
    is_named = any(c["rule"] == facts["rule"] for c in bad)
    return is_named, facts["check"] if is_named else said or "nothing was found"


def sentence(name):
    return re.match(r"/\* (.*?) \*/", (WRONG / f"{name}.c").read_text(), re.S).group(1).replace("\n *", "")


def table_make(table):
    lines = ["| plugin | what is wrong | rule | found by |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| `{n}` | {sentence(n)} | `{f['rule']}` | `{f['check']}` |" for n, f in table.items()
                              if "rule" in f])


def page_look(table, is_update):
    text = PAGE.read_text() if PAGE.exists() else ""
    if text.count(MARKS[0]) != 1 or text.count(MARKS[1]) != 1:
        return False
    head, rest = text.split(MARKS[0])
    fresh = f"{head}{MARKS[0]}\n{table_make(table)}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"
    if is_update:
        PAGE.write_text(fresh)
    return is_update or fresh == text


def rules_known():
    return set(re.findall(r'^RULE\("([\w.]+)"', (ROOT / "conformance/suite/rules.def").read_text(), re.M))


def main():
    names = [a for a in sys.argv[3:] if not a.startswith("--")]
    build, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    table = json.loads((WRONG / "wrong.json").read_text())
    chosen = {n: f for n, f in table.items() if not names or n in names}
    passed = failed = skipped = 0
    checks = [("wrong.json lists every plugin, and each has its file",
               {p.stem for p in WRONG.glob("*.c")} - {"wrong"} == set(table)),
              ("every rule is one of rules.def", {f["rule"] for f in table.values() if "rule" in f} <= rules_known()),
              ("every rule of rules.def has its wrong plugin",
               rules_known() - {f["rule"] for f in table.values() if "rule" in f} == UNPROVEN),
              ("the table of docs/conformance.md is fresh", page_look(table, "--update" in sys.argv))]
    objects = base_build(work)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        built = dict(zip(chosen, pool.map(lambda n: plugin_build(n, work, objects), chosen)))
        outcomes = pool.map(lambda n: judge(build, built[n], chosen[n]), chosen)
        for name, cases in zip(chosen, outcomes):
            good, text = is_caught(name, chosen[name], cases)
            is_skipped = "is not built into this program" in text
            word = "skipped:" if is_skipped else "MISSED" if not good else "right" if name == "control" else "caught"
            print(f"{word:8} {name:26} {chosen[name].get('rule', 'all of them hold'):24} {chosen[name].get('seconds', 0):5.1f} s  {text}", flush=True)
            passed, failed, skipped = passed + good, failed + (not good and not is_skipped), skipped + is_skipped
    for what, good in checks:
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"FAILED {what}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


main()
