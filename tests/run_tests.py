#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""run_tests.py -- every test on every build, counted case by case. Called by `./run tests`.

    gcc       the build that users get: all tests
    clang     the second compiler with address and undefined-behaviour sanitizers and leak detection:
              all tests that need no window; tshark judges the first build only, the others must
              give the same octets
    headless  gcc -O0 without GTK: builds, and runs what is built differently
    builds    the three programs give the same octets for the same scenario and seed

One line for each suite, the log of what failed, the skipped cases by name, and at last
"N passed, N failed" (", N skipped"). Exit code 1 when something failed.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WINDOW_SUITES = ["gui"]            # need a display; too slow and too noisy under sanitizers
HEADLESS_SUITES = ["lessons", "net"]
TIMEOUT_TIMES = "4"                # a busy machine or a sanitizer is slow, which fails no test
LOG_LINES_MAX = 200                # of one failed test; the rest is in the named log

BUILDS = [
    # name, folder, compiler, options, arguments of meson test, environment
    ("gcc", "build", "gcc", [], [], {}),
    ("clang", "build/asan", "clang",
     ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1"],
     [a for s in WINDOW_SUITES + ["project", "judge", "memory"] for a in ("--no-suite", s)],
     {"ASAN_OPTIONS": "detect_leaks=1:halt_on_error=1:abort_on_error=0:allocator_may_return_null=1",
      "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}),
    ("headless", "build/headless", "gcc", ["-Dgui=disabled", "-Dbuildtype=debug"],
     [a for s in HEADLESS_SUITES for a in ("--suite", s)], {}),
]

TAP_LINE = re.compile(r"^(not )?ok\b\s*(\d+)?\s*-?\s*(.*)$")
TAP_SKIP = re.compile(r"^(.*?)\s*#\s*skip\S*\s*(.*)$", re.IGNORECASE)


class Count:
    def __init__(self):
        self.passed = self.failed = 0
        self.skipped = []          # (name, reason)


def say(line=""):
    print(line, flush=True)


def indent(text):
    lines = text.rstrip("\n").split("\n")
    if len(lines) > LOG_LINES_MAX:
        lines = [f"… {len(lines) - LOG_LINES_MAX} lines before"] + lines[-LOG_LINES_MAX:]
    return "\n".join("    " + line for line in lines)


def build(name, folder, compiler, options, log):
    """Configures once and builds. The text of what went wrong, or None."""
    environment = dict(os.environ, CC=compiler)
    if not os.path.exists(f"{folder}/build.ninja"):
        made = subprocess.run(["meson", "setup", folder, *options], env=environment,
                              stdout=log, stderr=subprocess.STDOUT)
        if made.returncode != 0:
            return f"configuring the {name} build failed"
    made = subprocess.run(["ninja", "-C", folder, "-j", str(os.cpu_count() or 2)],
                          stdout=log, stderr=subprocess.STDOUT)
    return None if made.returncode == 0 else f"the {name} build failed"


def read_tap(output):
    """(passed, failed names, [(skipped, reason)]) of one TAP program."""
    passed, failed, skipped = 0, [], []
    for line in output.splitlines():
        found = TAP_LINE.match(line)
        if not found:
            whole = re.match(r"^1\.\.0\s*#\s*skip\S*\s*(.*)$", line, re.IGNORECASE)
            if whole:
                skipped.append(("everything", whole.group(1)))
            continue
        skip = TAP_SKIP.match(found.group(3))
        if skip:
            skipped.append((skip.group(1), skip.group(2) or "no reason given"))
        elif found.group(1):
            failed.append(found.group(3))
        else:
            passed += 1
    return passed, failed, skipped


def judge(build_name, test, count):
    """Counts one test program of testlog.json; returns (passed, failed, skipped) of it."""
    output = test.get("stdout") or ""
    passed, failed, skipped = read_tap(output)
    name = f"{build_name}/{test['name'].split(' / ')[-1]}"
    if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not failed:
        failed = [f"ended with {test['result']} (exit code {test.get('returncode')})"]
    if test["result"] == "OK" and not passed and not failed and not skipped:
        passed = 1                 # a test without TAP: its exit code is its verdict
    count.passed += passed
    count.failed += len(failed)
    count.skipped += [(f"{name} {case}", reason) for case, reason in skipped]
    if failed:
        say(f"FAILED {name}")
        for case in failed:
            say(f"  not ok: {case}")
        say(indent(output + (test.get("stderr") or "")))
    return passed, len(failed), len(skipped)


def suite_of(test):
    """"enveloscope:wire / frame" -> "wire"."""
    head = test["name"].split(" / ")[0] if " / " in test["name"] else ""
    return head.split(":")[-1] or "other"


def run_meson_tests(name, folder, arguments, environment, count):
    say_at = time.monotonic()
    done = subprocess.run(["meson", "test", "-C", folder, "--no-rebuild",
                           "--timeout-multiplier", TIMEOUT_TIMES, *arguments],
                          env=dict(os.environ, **environment), capture_output=True, text=True)
    log = f"{folder}/meson-logs/testlog.json"
    tests = []
    if os.path.exists(log) and "No suitable tests" not in done.stdout + done.stderr:
        with open(log, encoding="utf-8", errors="replace") as lines:
            tests = [json.loads(line) for line in lines if line.strip()]
    if not tests:
        count.failed += 1
        say(f"FAILED {name}: meson test ran nothing")
        say(indent(done.stdout + done.stderr))
        return
    suites = {}
    for test in tests:
        sums = suites.setdefault(suite_of(test), [0, 0, 0, 0.0])
        for i, n in enumerate(judge(name, test, count)):
            sums[i] += n
        sums[3] += test.get("duration") or 0
    for suite in sorted(suites):
        passed, failed, skipped, seconds = suites[suite]
        line = f"{'FAILED' if failed else 'ok':6} {name}/{suite:<10} {passed:5} passed"
        line += f", {failed} failed" if failed else ""
        line += f", {skipped} skipped" if skipped else ""
        say(f"{line}  {seconds:.1f} s")
    say(f"       {name} took {time.monotonic() - say_at:.0f} s")


def saved(words, scenario, seed, path, environment):
    """The pcapng of one run, by its digest, and the hash that the run prints."""
    done = subprocess.run([*words, "run", scenario, "--seed", str(seed), "-w", path, "--quiet",
                           "--hash"], capture_output=True, text=True,
                          env=dict(os.environ, **environment))
    if done.returncode != 0:
        return f"exit code {done.returncode}: {done.stderr}"
    with open(path, "rb") as octets:
        return hashlib.sha256(octets.read()).hexdigest() + " " + done.stdout.strip()


def ways_to_run(built):
    """Each build as it is; the first one also where the kernel moves no addresses, and with memory
    that is full of other octets when it comes."""
    ways = [(name, [f"{place}/lessons/enveloscope-sim"], environment)
            for name, place, environment in built]
    name, words, environment = ways[0]
    ways.append((f"{name}, filled memory", words, {**environment, "MALLOC_PERTURB_": "165"}))
    if subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0:
        ways.append((f"{name}, fixed addresses", ["setarch", "-R", *words], environment))
    return ways


def read_digest(place, words, environment):
    """What the reading program prints of a capture, by its digest, and its exit code."""
    done = subprocess.run([f"{place}/capture/enveloscope-capture", "--lang", "en", *words],
                          capture_output=True, env=dict(os.environ, **environment))
    return f"exit code {done.returncode}, {hashlib.sha256(done.stdout).hexdigest()}"


def compare_readers(built, count):
    """Tshark judges what the first build reads in real sessions; the others must print the same."""
    folder, passed = os.path.join(os.environ.get("ENVELOSCOPE_CORPUS") or "/nonexistent", "real"), 0
    if not os.path.isdir(folder):
        count.skipped.append(("builds reading the same", "ENVELOSCOPE_CORPUS is not set"))
        return passed
    for file in sorted(name for name in os.listdir(folder) if ".pcap" in name):
        path = os.path.join(folder, file)
        for words in (["decode", "-r", path, "-T", "json"], ["audit", path, "--format", "json"],
                      ["decode", "-r", path, "-Y", "tcp.analysis.flags or smtp or pop or imap"]):
            results = {name: read_digest(place, words, environment) for name, place, environment in built}
            if len(set(results.values())) == 1:
                passed += 1
                continue
            count.failed += 1
            say(f"FAILED builds: {' '.join(words)} differs: {results}")
    return passed


def compare_builds(built, count):
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        for scenario in ("mail-journey", "mail-journey-v6", "lost-segment", "tcp-fast-retransmit",
                         "starttls-submission", "implicit-tls", "tls-certificates"):
            for seed in (1, 2):
                results = {name: saved(words, scenario, seed, f"{folder}/run.pcapng", environment)
                           for name, words, environment in ways_to_run(built)}
                if len(set(results.values())) == 1 and "exit" not in results["gcc"]:
                    passed += 1
                    continue
                count.failed += 1
                say(f"FAILED builds: {scenario}, seed {seed}, differs")
                say(indent("\n".join(f"{name}: {result}" for name, result in results.items())))
    passed += compare_readers(built, count)
    count.passed += passed
    say(f"{'ok':6} builds/same octets {passed:3} passed  "
        f"({'; '.join(way[0] for way in ways_to_run(built))})")


def main():
    os.chdir(ROOT)
    os.makedirs("build", exist_ok=True)
    count = Count()
    built = []
    for name, folder, compiler, options, arguments, environment in BUILDS:
        started = time.monotonic()
        path = f"build/{name}.log"
        with open(path, "w", encoding="utf-8") as log:
            trouble = build(name, folder, compiler, options, log)
        if trouble:
            count.failed += 1
            say(f"FAILED {trouble}; the whole log is {path}")
            with open(path, encoding="utf-8", errors="replace") as log:
                say(indent(re.sub(r"(?m)^\[\d+/\d+\] (Compiling|Linking|Generating).*\n", "",
                                  log.read())))
            continue
        count.passed += 1
        say(f"ok     {name}/build without warnings  {time.monotonic() - started:.0f} s")
        built.append((name, folder, environment))
        run_meson_tests(name, folder, arguments, environment, count)
    if len(built) > 1 and built[0][0] == "gcc":
        compare_builds(built, count)
    else:
        say("       builds were not compared: too few of them are there")
    if count.skipped:
        say("\nskipped:")
        for name, reason in count.skipped:
            say(f"  {name}: {reason}")
    say()
    line = f"{count.passed} passed, {count.failed} failed"
    say(line + (f", {len(count.skipped)} skipped" if count.skipped else ""))
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
