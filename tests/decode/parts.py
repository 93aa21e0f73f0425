# SPDX-License-Identifier: GPL-3.0-or-later
"""parts.py -- the fields that our program finds in conversations, beside what a case lists by hand.

A row is "key|octets|value": the octets that the field's range covers on the wire, and its value where
that is not the same text. A field of a derived source has its place there: "@first+octets"."""
import os
import re
import tempfile

from wire import run

FOLDER = tempfile.TemporaryDirectory()
ROW = re.compile(r"^\d+ (\S+) (\d+)\+(\d+)(?:@\d+)? ?(.*)$")


def printed(octets):
    """As a tree shows text: control octets escaped."""
    text = octets.decode("utf-8", "replace").replace("\r", "\\r").replace("\n", "\\n")
    return "".join(c if c >= " " and c != "\x7f" else f"\\x{ord(c):02x}" for c in text)


def rows(program, session, prefixes):
    """Rows of the keys with these prefixes, in order."""
    path = session.write(os.path.join(FOLDER.name, "case.pcap"))
    text = run([program, "decode", "-r", path, "-T", "tree", "--reveal"],
               os.path.join(FOLDER.name, "tree"))
    found, number = [], -1
    for line in text.splitlines():
        match = ROW.match(line)
        if not match:
            continue
        key, first, count, value = match[1], int(match[2]), int(match[3]), match[4]
        if key == "frame":
            number += 1
        if not key.startswith(prefixes):
            continue
        if re.match(r"^\d+ \S+ \d+\+\d+@", line):
            found.append(f"{key}|@{first}+{count}|{value}")
            continue
        octets = printed(session.frames[number][first:first + count])
        found.append(f"{key}|{octets}" + (f"|{value}" if value not in ("", octets) else ""))
    return found


def expect(program, session, prefix, wanted):
    """Our rows are these; keys of a case leave out its common prefix. Prefixes of several kinds are
    written out, and then so are the keys."""
    prefixes = (prefix,) if isinstance(prefix, str) else tuple(prefix)
    found = rows(program, session, prefixes)
    if len(prefixes) == 1:
        found = [row[len(prefix):] for row in found]
    wanted = [line.strip() for line in wanted.strip().splitlines()]
    for i, (mine, other) in enumerate(zip(found, wanted)):
        assert mine == other, f"row {i + 1} is “{mine}”, not “{other}”"
    assert len(found) == len(wanted), f"{len(found)} rows, not {len(wanted)}: " + "\n".join(
        found[len(wanted):] or wanted[len(found):])
