# SPDX-License-Identifier: GPL-3.0-or-later
"""program.py -- starts enveloscope-sim and tshark for the tests of this folder.

The program's path is the first argument of the test script.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LESSONS = os.path.join(ROOT, "lessons")
PROGRAM = os.path.abspath(sys.argv[1])
SECONDS_MAX = 120                  # only so that a hanging program does not hang the robot


def sim(*words, lang="en", stdin=None, text=True):
    environment = dict(os.environ, LC_ALL="C.UTF-8", ENVELOSCOPE_LESSONS=LESSONS)
    language = ["--lang", lang] if lang else []
    return subprocess.run([PROGRAM, *words, *language], capture_output=True, text=text, stdin=stdin,
                          env=environment, timeout=SECONDS_MAX)


def saved(folder, *words):
    """Runs with -w into the folder; the file's path."""
    path = os.path.join(folder, f"{len(os.listdir(folder))}.pcapng")
    done = sim("run", *words, "-w", path, "--format", "none")
    assert done.returncode == 0, done.stderr
    return path


def events(folder, *words):
    path = os.path.join(folder, f"{len(os.listdir(folder))}.jsonl")
    done = sim("run", *words, "--events", path, "--format", "none")
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def tshark(path, *arguments):
    """tshark's output for one file, with every checksum validated and names left alone."""
    if not shutil.which("tshark"):
        raise tap.Skip("tshark is not installed")
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
         "-o", "udp.check_checksum:TRUE", *arguments],
        capture_output=True, text=True, timeout=SECONDS_MAX,
        env=dict(os.environ, LC_ALL="C.UTF-8", HOME=os.path.dirname(path)))
    assert done.returncode == 0, done.stderr
    return done.stdout


def fields(path, *keys, where=None):
    """One list of values for each frame."""
    arguments = ["-T", "fields", *[word for key in keys for word in ("-e", key)]]
    if where:
        arguments += ["-Y", where]
    return [line.split("\t") for line in tshark(path, *arguments).split("\n") if line.strip("\n")]
