#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_coverage.py -- no octet of any lesson or scenario is without an explanation.

Every lesson and scenario that the program knows is run and saved; decode-coverage (tests/decode/
coverage.c) decodes the files and lists the octets over which no field lies. The second argument is
that program.
"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import sim, tap  # noqa: E402

COVERAGE = os.path.abspath(sys.argv[2])
FOLDER = tempfile.TemporaryDirectory()
N_FILES_MIN = 80                   # that the list is the whole list


def run_all():
    """Saves one file for each lesson and scenario; their paths."""
    paths = []
    for row in json.loads(sim("list", "--format", "json").stdout):
        path = os.path.join(FOLDER.name, row["id"] + ".pcapng")
        done = sim("run", row["id"], "-w", path, "--format", "none")
        assert done.returncode in (0, 4), (row["id"], done.stderr)
        paths.append(path)
    return paths


PATHS = run_all()


def coverage(*paths):
    return subprocess.run([COVERAGE, *paths], capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8"))


def test_every_octet_of_every_lesson_and_scenario_has_an_explanation():
    assert len(PATHS) >= N_FILES_MIN, len(PATHS)
    done = coverage(*PATHS)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.stdout == f"0 octets without an explanation in {len(PATHS)} files\n", done.stdout


tap.main(globals())
