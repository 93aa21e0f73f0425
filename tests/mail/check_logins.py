#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_logins.py -- every login is found, however its octets were cut, and nothing else is.

    check_logins.py ENVELOSCOPE-CAPTURE

Each conversation of login_table.py goes through the audit in every segmentation of wiretap.py: by lines, joined,
octet by octet, and cut, swapped and repeated at every position.
"""
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import login_table  # noqa: E402
import tap  # noqa: E402
import wiretap  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
PLACE = tempfile.mkdtemp(prefix="enveloscope-logins-")
FRAMES_MAX = 16                    # a login names so many frames at most


def audit(path, *options, reveal=True, code=0):
    """The objects that audit writes; secrets are revealed into a file that only we may read."""
    out = os.path.join(PLACE, "revealed")
    if os.path.exists(out):
        os.remove(out)
    words = ["--reveal", "-o", out] if reveal else []
    done = subprocess.run([PROGRAM, "audit", path, "--format", "json", "--no-sha256", "--lang", "en", *words, *options],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == code, (done.returncode, done.stderr)
    if reveal:
        assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
        with open(out, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_stream(objects, kind):
    found = {}
    for o in objects:
        if o["type"] == kind:
            found.setdefault(o["stream"], []).append(o)
    return found


def key_of(o):
    return o["mechanism"], o["user"], o["secret"], o["secret_kind"], o["outcome"]


def evidence_octets(capture, finding):
    """What the evidence points at; frames have 40 octets of headers."""
    return b"".join(capture.payloads[e["frame"] - 1][e["first_byte"] - 40:e["first_byte"] - 40 + e["n_bytes"]]
                    for e in finding["evidence"] if e["n_bytes"])


def play(talk, segmentations):
    """One capture of all these segmentations; (name, segments, first frame) of each stream."""
    path = os.path.join(PLACE, "talk.pcap")
    capture, streams = wiretap.Capture(path), []
    port = talk.options.get("port", login_table.PORTS[talk.protocol])
    for name, segments in segmentations:
        streams.append((name, segments, capture.talk(segments, port, begun=talk.options.get("begun", False))))
    capture.close()
    return path, capture, streams


def check_frames(talk, lines, login_number, name, segments, first, o):
    frames = o["frames"]
    assert frames == sorted(set(frames)), frames
    wanted = wiretap.wanted_frames(lines, segments, first)[login_number]
    if len(wanted) <= FRAMES_MAX:
        assert frames == wanted, f"{talk.name}, {name}: frames {frames}, not {wanted}"
    else:
        assert set(frames) <= set(wanted), f"{talk.name}, {name}: {frames}"


def check_evidence(talk, capture, name, logins, findings):
    """The findings about one login each show its octets."""
    wires = [login.wire for login in logins if login.wire]
    shown = b"\n".join(evidence_octets(capture, f) for f in findings)
    for wire in wires:
        assert wire in shown, f"{talk.name}, {name}: {wire} is not in the evidence {shown}"


def check_talk(talk, segmentations=wiretap.cuts):
    lines = wiretap.parse(talk.text)
    path, capture, streams = play(talk, segmentations(lines))
    objects = audit(path, code=talk.options.get("code", 0))
    logins, findings = by_stream(objects, "login"), by_stream(objects, "finding")
    wanted = sorted(login.key() for login in talk.logins)
    numbers = {login.key(): n for n, login in enumerate(talk.logins, 1)}   # that its lines carry
    for stream, (name, segments, first) in enumerate(streams):
        found = logins.get(stream, [])
        keys = sorted(key_of(o) for o in found)
        assert keys == wanted, f"{talk.name}, {name}: {keys}, not {wanted}"
        for o in found:
            assert o["protocol"] == talk.protocol, o
            assert o["encrypted"] is False
            assert o["confidence"] == talk.confidence, f"{talk.name}, {name}: {o['confidence']}"
            check_frames(talk, lines, numbers[key_of(o)], name, segments, first, o)
        if name == "whole" or name.startswith("cut"):
            check_evidence(talk, capture, name, talk.logins, findings.get(stream, []))
    return len(streams)


def check_all(talks):
    n = sum(check_talk(talk) for talk in talks)
    print(f"# {n} connections", flush=True)


def test_mechanisms_of_sasl_in_smtp():
    check_all(t for t in login_table.sasl_talks() if t.protocol == "smtp")


def test_mechanisms_of_sasl_in_pop3():
    check_all(t for t in login_table.sasl_talks() if t.protocol == "pop3")


def test_mechanisms_of_sasl_in_imap():
    check_all(t for t in login_table.sasl_talks() if t.protocol == "imap")


def test_what_the_protocols_have_beside_sasl():
    check_all(login_table.own_talks())


def test_half_seen_connections_are_less_sure():
    for talk in login_table.halves():
        check_talk(talk, lambda lines: [("whole", wiretap.whole(lines)), ("joined", wiretap.joined(lines))])


def test_long_secrets_are_found_and_masked():
    """Longer than the 16 bits of an element's mask, and than a line may be."""
    for n in (4000, 70000, 200000):
        secret = "canary" * (n // 6)
        message = login_table.b64("\0alice\0" + secret)
        for protocol, text in (
                ("pop3", f"S: +OK hi\nC: USER alice\nS: +OK\nC: PASS {secret}\nS: +OK\n"),
                ("smtp", f"S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH PLAIN {message}\nS: 235 ok\n"),
                ("smtp", f"S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH PLAIN {' ' * 70000}{message}\nS: 235 ok\n"),
                ("imap", f"S: * OK hi\nC: a LOGIN alice {secret}\nS: a OK\n"),
                ("imap", f"S: * OK hi\nC: a LOGIN alice {{{len(secret)}+}}\nl: {secret}\nC: \nS: a OK\n")):
            path = os.path.join(PLACE, "long.pcap")
            capture = wiretap.Capture(path)
            capture.talk([wiretap.Segment(s.side, s.offset + k, s.octets[k:k + 1400])
                          for s in wiretap.whole(wiretap.parse(text)) for k in range(0, len(s.octets), 1400)],
                         login_table.PORTS[protocol])
            capture.close()
            logins = [o for o in audit(path) if o["type"] == "login"]
            if n < 5000 and " " * 9 not in text:    # the line before was read to its end
                assert [o["secret"] for o in logins] == [secret], logins
            for words in (["audit", path], ["decode", "-r", path, "-V"], ["decode", "-r", path],
                          ["follow", "-r", path, "-s", "0"], ["follow", "-r", path, "-s", "0", "--format", "raw"],
                          ["follow", "-r", path, "-s", "0", "--format", "hex"],
                          ["follow", "-r", path, "-s", "0", "--format", "json"]):
                out = subprocess.run([PROGRAM, *words], capture_output=True, timeout=600, check=False).stdout
                for form in (b"canarycanary", b"Y2FuYXJ5Y2FuYXJ5", b"63616e6172796361", b"63 61 6e 61 72 79"):
                    assert form not in out, f"{protocol} {n}, {' '.join(words)}: {form}"


def test_captures_of_one_feature():
    """Sessions that another program made, most of them with one password."""
    corpus = os.environ.get("ENVELOSCOPE_CORPUS")
    if not corpus:
        raise tap.Skip("ENVELOSCOPE_CORPUS is not set")
    folder = os.path.join(corpus, "onefeature")
    own = {"imap-login-quoted": 's3 "cr\\et', "pop-user-pass": "s3cret word", "imap-login-failed": "right"}
    n = 0
    for file in sorted(os.listdir(folder)):
        name, path = file.removesuffix(".pcap"), os.path.join(folder, file)
        wanted = own.get(name, "s3cret")
        if name == "pop-apop":
            with open(path, "rb") as octets:
                challenge = re.search(rb"<[!-;=?-~]+@[!-;=?-~]+>", octets.read())[0]
            wanted = hashlib.md5(challenge + b"s3cret").hexdigest()
        code = login_table.INCOMPLETE if name == "pop-lost-user" else 0
        for o in audit(path, code=code):
            if o["type"] == "login" and o["outcome"] == "accepted":
                assert o["secret"] == wanted, f"{name}: {o['secret']}, not {wanted}"
                n += 1
    assert n == 29, n


def test_traps_raise_nothing():
    n = 0
    for talk in login_table.traps():
        lines = wiretap.parse(talk.text)
        cuts = wiretap.cuts(lines)
        if talk.options.get("begun"):  # without a SYN what comes before the first octet is not known to
            cuts = [("whole", wiretap.whole(lines)), ("joined", wiretap.joined(lines))]
        path, _, streams = play(talk, cuts)
        objects = audit(path, code=talk.options.get("code", 0))
        found = [(o, streams[o["stream"]][0]) for o in objects if o["type"] == "login" or
                 o["type"] == "finding" and o["rule"].startswith("AUTH-")]
        assert not found, f"{talk.name}: {found[0]}"
        n += len(streams)
    print(f"# {n} connections", flush=True)


try:
    tap.main(globals())
finally:
    shutil.rmtree(PLACE)
