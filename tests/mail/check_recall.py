#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_recall.py -- every login whose octets are in a big capture is found, with the right user and
secret, mechanism and outcome, and none is invented.

    ENVELOSCOPE_RECALL=mail.pcap check_recall.py ENVELOSCOPE-CAPTURE      (several captures: separated by ":")

Beside mail.pcap lies mail.truth.tsv, in which the generator of the capture says what each session did. What of it
is in the capture at all is judged here, from the file alone: the segments of every session are laid side by side
by their sequence numbers, the first arrival of an octet wins, and a login counts as whole when all lines of its
client stand in its stream without a hole. Of one that is not whole the audit may say less, but nothing wrong.
"""
import base64
import csv
import ipaddress
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
CAPTURES = [path for path in os.environ.get("ENVELOSCOPE_RECALL", "").split(":") if path]
SHOWN_MAX = 40                     # differences that are printed


def segments(path):
    """(source, source port, destination, destination port, number, is_syn, payload) of each TCP frame."""
    with open(path, "rb") as f:
        head = f.read(24)
        assert head[:4] == b"\xd4\xc3\xb2\xa1" and struct.unpack("<I", head[20:])[0] == 1, "Ethernet, microseconds"
        while True:
            record = f.read(16)
            if len(record) < 16:
                return
            frame = f.read(struct.unpack("<I", record[8:12])[0])
            at = 12
            while frame[at:at + 2] == b"\x81\x00":
                at += 4
            kind, at = frame[at:at + 2], at + 2
            if kind == b"\x08\x00" and frame[at + 9] == 6:
                end = at + struct.unpack("!H", frame[at + 2:at + 4])[0]
                source, target = frame[at + 12:at + 16], frame[at + 16:at + 20]
                at += (frame[at] & 15) * 4
            elif kind == b"\x86\xdd" and frame[at + 6] == 6:
                end = at + 40 + struct.unpack("!H", frame[at + 4:at + 6])[0]
                source, target = frame[at + 8:at + 24], frame[at + 24:at + 40]
                at += 40
            else:
                continue
            sport, dport, number = struct.unpack("!HHI", frame[at:at + 8])
            payload = frame[at + (frame[at + 12] >> 4) * 4:end]
            yield source, sport, target, dport, number, bool(frame[at + 13] & 2), payload


class Stream:
    """What one end sent; octets that are not in the capture are NUL, which no login holds."""

    def __init__(self):
        self.pieces, self.base = [], None

    def add(self, number, is_syn, payload):
        if is_syn:
            self.base = (number + 1) & 0xffffffff
        if payload:
            self.pieces.append((number, payload))

    def octets(self):
        if not self.pieces:
            return b""
        near = self.pieces[0][0]
        places = [((number - near + (1 << 31)) & 0xffffffff) - (1 << 31) for number, _ in self.pieces]
        first = min(places)
        if self.base is not None:
            first = min(first, ((self.base - near + (1 << 31)) & 0xffffffff) - (1 << 31))
        out = bytearray(max(p + len(piece[1]) for p, piece in zip(places, self.pieces)) - first)
        there = bytearray(len(out))
        for place, (_, payload) in zip(places, self.pieces):
            for i, octet in enumerate(payload, place - first):
                if not there[i]:
                    out[i], there[i] = octet, 1
        return bytes(out)


def encoded(text):
    return re.escape(base64.b64encode(text.encode()))


def quoted(text):
    inside = text.replace("\\", "\\\\").replace('"', '\\"')
    return b'(?:"' + re.escape(inside.encode()) + b'"|' + re.escape(text.encode()) + b")"


def literal(text):
    return b"\\{%d\\+?\\}\r\n" % len(text.encode()) + re.escape(text.encode())


def whole_login(row):
    """A pattern for all that the client said to log in."""
    user, password = row["user"], row["password"]
    start = b"(?:^|\n)"
    if row["mech"] in ("PLAIN", "PLAIN-IR"):
        verb = b"[^ \r\n\0]+ AUTHENTICATE" if row["proto"] == "imap" else b"AUTH"
        return start + verb + b" PLAIN(?: |\r\n)" + encoded("\0" + user + "\0" + password) + b"\r\n"
    if row["mech"] == "LOGIN" and row["proto"] != "imap":
        return start + b"AUTH LOGIN(?: |\r\n)" + encoded(user) + b"\r\n" + encoded(password) + b"\r\n"
    if row["mech"] == "LOGIN":
        return start + b"[^ \r\n\0]+ (?i:login) " + quoted(user) + b" " + quoted(password) + b"\r\n"
    if row["mech"].startswith("LOGIN-literal"):
        return start + b"[^ \r\n\0]+ LOGIN " + literal(user) + b" " + literal(password) + b"\r\n"
    if row["mech"] == "CRAM-MD5":
        return start + b"AUTH CRAM-MD5\r\n([A-Za-z0-9+/]+=*)\r\n"
    if row["mech"] == "APOP":
        return start + b"APOP " + re.escape(user.encode()) + b" ([0-9a-f]{32})\r\n"
    assert row["mech"] == "USER/PASS", row["mech"]
    return start + b"USER " + re.escape(user.encode()) + b"\r\nPASS " + re.escape(password.encode()) + b"\r\n"


VERDICTS = {"smtp": (rb"235 2\.7\.0 Auth[^\0]*?\r\n", rb"535 5\.7\.8 Err[^\0]*?\r\n"),
            "pop": (rb"\+OK Logged in\.\r\n", rb"-ERR \[AUTH\] Authentication failed\.\r\n"),
            "imap": (rb"[^ \r\n\0]+ OK \[CAPABILITY[^\0]*?\] Logged in\r\n", rb"[^ \r\n\0]+ NO \[AUTHENTICATIONFAILED\][^\0]*?\r\n")}


def ours_of(objects):
    found = {}
    for o in objects:
        if o["type"] == "login":
            found.setdefault((o["client"], o["server"]), []).append(o)
    return found


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def audit(path):
    place = tempfile.mkdtemp(prefix="enveloscope-recall-")
    try:
        out = os.path.join(place, "revealed")
        done = subprocess.run([PROGRAM, "audit", path, "--format", "json", "--no-sha256", "--reveal", "-o", out],
                              capture_output=True)
        assert done.returncode in (0, 4), done.stderr       # 4: the capture has holes
        with open(out, encoding="utf-8") as f:
            return [json.loads(line) for line in f if '"type":"login"' in line]
    finally:
        shutil.rmtree(place)


def expected_mechanism(row):
    if row["mech"] in ("USER/PASS", "APOP"):
        return row["mech"]
    if row["proto"] == "imap" and row["mech"].startswith("LOGIN"):
        return "LOGIN"
    return "AUTH " + row["mech"].replace("PLAIN-IR", "PLAIN")


def judge(row, client, server, ours):
    """What is wrong with what was found of one session; "" when nothing is. And whether it was whole."""
    m = re.search(whole_login(row), client)
    accepted = row["accepted"] == "True"
    right = VERDICTS[row["proto"]][0 if accepted else 1]
    verdict = m and re.search(right, server)
    if len(ours) > 1:
        return f"found {len(ours)} times", bool(m)
    if not ours:
        return "not found" if m else "", bool(m)
    o, outcome = ours[0], "accepted" if accepted else "rejected"
    secret = row["password"]
    if m and row["mech"] == "CRAM-MD5":
        secret = base64.b64decode(m.group(1)).decode().rsplit(" ", 1)[1]
    elif m and row["mech"] == "APOP":
        secret = m.group(1).decode()
    wrong = []
    if o["mechanism"] != expected_mechanism(row):
        wrong.append(f"mechanism {o['mechanism']}")
    if o["user"] != row["user"] and (m or o["user"]):
        wrong.append(f"user {o['user']!r}")
    if (m or row["password"]) and o["secret"] != secret and (m or o["secret"]):
        wrong.append(f"secret {o['secret']!r}")
    if o["outcome"] != outcome and (verdict or o["outcome"] != "unknown"):
        wrong.append(f"outcome {o['outcome']}")
    return ", ".join(wrong), bool(m)


def check(path):
    with open(path.rsplit(".", 1)[0] + ".truth.tsv", newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    logins = [row for row in rows if row["mech"]]
    streams = {}
    for row in logins:
        a, b = ipaddress.ip_address(row["client"]).packed, ipaddress.ip_address(row["server"]).packed
        c, s = int(row["cport"]), int(row["sport"])
        row["streams"] = streams[a, c, b, s], streams[b, s, a, c] = Stream(), Stream()
    for source, sport, target, dport, number, is_syn, payload in segments(path):
        stream = streams.get((source, sport, target, dport))
        if stream:
            stream.add(number, is_syn, payload)
    found = ours_of(audit(path))
    n_whole, bad = 0, []
    for row in logins:
        client, server = (stream.octets() for stream in row["streams"])
        key = endpoint(row["client"], row["cport"]), endpoint(row["server"], row["sport"])
        wrong, whole = judge(row, client, server, found.pop(key, []))
        n_whole += whole
        if wrong:
            bad.append(f"session {row['session']} {key[0]} > {key[1]} {row['mech']} "
                       f"{'whole' if whole else 'not whole'}: {wrong}")
    bad += [f"{client} > {server}: invented" for client, server in found]
    print(f"# {os.path.basename(path)}: {len(logins)} attempts, {n_whole} whole, {len(bad)} differences")
    for text in bad[:SHOWN_MAX]:
        print("# " + text)
    assert n_whole > len(logins) * 0.9, "the judge finds the logins itself"
    assert not bad, f"{len(bad)} differences"


def test_every_login_of_the_captures_is_found():
    if not CAPTURES:
        raise tap.Skip("ENVELOSCOPE_RECALL names no capture with its .truth.tsv")
    for path in CAPTURES:
        check(path)


tap.main(globals())
