#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_golden.py -- what the project's own captures decode to, line by line.

    check_golden.py ENVELOSCOPE-SIM ENVELOSCOPE-CAPTURE             compares (TAP)
    check_golden.py ENVELOSCOPE-SIM ENVELOSCOPE-CAPTURE --remake    writes golden/ anew

Two scenarios are run and saved; their packet lists and the field trees of a few frames stand in golden/.
A changed line is a changed decoder or a changed simulator, and must be read before it is accepted:
the case `tshark-shows-the-same-rows` holds number, addresses, protocol and length of every row, and the
sentence of every row below the mail protocols, against an independent reader. When the trees were made,
value and place of every field that tshark 4.0 also has were compared with its -T pdml: they agree, but
for flags of one bit, where ours name the octet that holds the bit, and generated fields, which have no
octets here.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

import program
import tap

CAPTURE = os.path.abspath(sys.argv[2])
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
PLACE = tempfile.mkdtemp(prefix="enveloscope-golden-")
SCENARIOS = ("mail-journey", "lost-segment")
# ARP, DNS query, SYN with options, an SMTP command, an MX answer, ICMP, a password (masked), RETR
TREE_FRAMES = {"mail-journey": (1, 3, 9, 23, 38, 95, 107, 115), "lost-segment": (26, 35)}
ROW = re.compile(r"^\s*(\d+) (\S+) (\S+) → (\S+) (\S+) (\d+) (.*)$")


def decoded(path, *words):
    done = subprocess.run([CAPTURE, "decode", "-r", path, "--lang", "en", *words], capture_output=True,
                          text=True, timeout=program.SECONDS_MAX, env=dict(os.environ, LC_ALL="C.UTF-8"))
    assert done.returncode == 0, done.stderr
    return done.stdout


_saved = {}


def saved(scenario):
    if scenario not in _saved:
        _saved[scenario] = program.saved(PLACE, scenario)
    return _saved[scenario]


def rows(scenario):
    return decoded(saved(scenario), "-T", "text")


def trees(scenario):
    where = " or ".join(f"frame.number == {n}" for n in TREE_FRAMES[scenario])
    return decoded(saved(scenario), "-T", "tree", "-Y", where)


def golden(scenario, kind):
    return os.path.join(GOLDEN, f"{scenario}.{kind}.txt")


def same(scenario, kind, text):
    with open(golden(scenario, kind), encoding="utf-8") as f:
        expected = f.read()
    different = list(difflib.unified_diff(expected.splitlines(), text.splitlines(), "golden", "decoded",
                                          lineterm="", n=1))
    assert not different, "\n".join(different[:60])


def test_the_rows_of_mail_journey():
    same("mail-journey", "rows", rows("mail-journey"))


def test_the_rows_of_lost_segment():
    same("lost-segment", "rows", rows("lost-segment"))


def test_the_trees_of_mail_journey():
    same("mail-journey", "trees", trees("mail-journey"))


def test_the_trees_of_lost_segment():
    same("lost-segment", "trees", trees("lost-segment"))


def test_no_password_is_in_them():
    for scenario in SCENARIOS:
        text = rows(scenario) + trees(scenario)
        for secret in ("lotus-27", "bG90dXMtMjc", "jasmine-94", "6a61736d696e65"):
            assert secret not in text, f"{secret} in the decode of {scenario}"


def test_tshark_shows_the_same_rows():
    """Where both say the same by design: the sentences of ARP, DNS questions and plain TCP too."""
    compared = 0
    for scenario in SCENARIOS:
        theirs = program.fields(saved(scenario), "frame.number", "_ws.col.Source", "_ws.col.Destination",
                                "_ws.col.Protocol", "frame.len", "_ws.col.Info")
        ours = [ROW.match(line).groups() for line in rows(scenario).splitlines()]
        assert len(ours) == len(theirs)
        for (number, _, source, destination, protocol, length, info), t in zip(ours, theirs):
            t[2] = t[2].replace("Broadcast", "ff:ff:ff:ff:ff:ff")
            # tshark names the message format behind the protocol that carried it
            t[3] = t[3].replace("SMTP/IMF", "SMTP").replace("IMAP/IMF", "IMAP").replace("POP/IMF", "POP")
            # a retransmitted piece of a letter is dissected again there, and TCP here
            if "Retransmission" in t[5]:
                t[3], t[5] = "TCP", info
            assert (number, source, destination, protocol, length) == tuple(t[:5]), (scenario, number, t)
            if protocol in ("ARP", "TCP") or (protocol == "DNS" and "response" not in info):
                assert info == t[5], (scenario, number, info, t[5])
                compared += 1
    assert compared > 60, compared


if __name__ == "__main__":
    if "--remake" in sys.argv:
        os.makedirs(GOLDEN, exist_ok=True)
        for name in SCENARIOS:
            for kind, text in (("rows", rows(name)), ("trees", trees(name))):
                with open(golden(name, kind), "w", encoding="utf-8") as out:
                    out.write(text)
    else:
        tap.main(globals())
