#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_follow.py -- "enveloscope-capture follow" and "fields", read as scripts read them."""
import json
import os
import re
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from talk import Talk  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()


def output(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def follow(talk, *words, segment=1400):
    path = os.path.join(FOLDER.name, "talk.pcap")
    talk.save(path, segment)
    return output("follow", "-r", path, "-s", "0", *words)


def smtp():
    talk = Talk()
    talk.server(b"220 mx ESMTP\r\n")
    talk.client(b"EHLO c\r\n")
    talk.server(b"250-mx\r\n250 PIPELINING\r\n")
    talk.client(b"MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n")
    talk.server(b"250 ok\r\n550 no\r\n354 go\r\n")
    talk.client(b".\r\n")
    talk.server(b"554 none\r\n")
    return talk


def imap():
    talk = Talk(143)
    talk.server(b"* OK hi\r\n")
    talk.client(b"a1 LOGIN bob hunter2\r\na2 SELECT INBOX\r\n")
    talk.server(b"a1 OK\r\n* 3 EXISTS\r\na2 OK done\r\n")
    return talk


def test_answers_to_pipelined_commands_say_what_they_answer():
    for segment in (1, 1400):
        assert follow(smtp(), "--lang", "en", segment=segment) == (
            "S: 220 mx ESMTP\nC: EHLO c\nS: 250-mx\nS: 250 PIPELINING\n"
            "C: MAIL FROM:<a@a.test>\nC: RCPT TO:<b@b.test>\nC: DATA\n"
            "S: 250 ok   [answers MAIL]\nS: 550 no   [answers RCPT]\nS: 354 go\nC: .\nS: 554 none\n")


def test_answers_of_imap_are_found_by_their_tags():
    assert follow(imap(), "--lang", "th").splitlines()[3] == "S: a1 OK   [ตอบ a1 LOGIN]"
    lines = [json.loads(line) for line in follow(imap(), "--format", "json").splitlines()]
    said = [(line["number"], line["side"], line["answers"], line["text"]) for line in lines]
    assert said == [(1, "server", 0, "* OK hi\r\n"),
                    (2, "client", 0, "a1 LOGIN bob ******\r\n"),
                    (3, "client", 0, "a2 SELECT INBOX\r\n"),
                    (4, "server", 2, "a1 OK\r\n"),
                    (5, "server", 3, "* 3 EXISTS\r\n"),
                    (6, "server", 3, "a2 OK done\r\n")], said
    assert not any(line["encrypted"] or line["compressed"] for line in lines)


def compressed_imap(password):
    """RFC 4978: after the tagged OK both sides are DEFLATE, each with its own window."""
    talk = Talk(143)
    talk.server(b"* OK hi\r\n")
    talk.client(b"a1 COMPRESS DEFLATE\r\n")
    talk.server(b"a1 OK\r\n")
    sides = [zlib.compressobj(wbits=-15) for side in range(2)]
    for side, octets in ((0, b"a2 LOGIN bob " + password + b"\r\n"), (1, b"a2 OK in\r\n"), (0, b"a3 NOOP\r\na4 NOOP\r\n"),
                         (1, b"a3 OK\r\na4 OK\r\n")):
        talk.said.append((side, sides[side].compress(octets) + sides[side].flush(zlib.Z_SYNC_FLUSH)))
    return talk


def test_what_is_compressed_is_followed():
    for segment in (1, 7, 1400):
        dialogue = follow(compressed_imap(b"hunter2"), "--lang", "en", segment=segment).splitlines()
        assert "C: a2 LOGIN bob ******" in [line.split("   [")[0] for line in dialogue], dialogue
        said = [json.loads(line) for line in follow(compressed_imap(b"hunter2"), "--format", "json", segment=segment).splitlines()]
        inside = [(line["side"], line["text"]) for line in said if line["compressed"]]
        assert inside == [("client", "a2 LOGIN bob ******\r\n"), ("server", "a2 OK in\r\n"), ("client", "a3 NOOP\r\n"),
                          ("client", "a4 NOOP\r\n"), ("server", "a3 OK\r\n"), ("server", "a4 OK\r\n")], inside


def test_no_format_shows_what_was_compressed():
    """The stream's own octets, inflated, are the password: what they say stands for them."""
    raw = follow(compressed_imap(b"hunter2"), "--format", "raw")
    assert "a2 LOGIN bob *******\na2 OK in\n" in raw.replace("\r", ""), raw
    text = follow(compressed_imap(b"hunter2"), "--format", "hex")
    assert b"a2 LOGIN".hex(" ") in text and b"hunter2".hex(" ") not in text


def test_no_format_shows_the_password():
    for form in ("dialogue", "raw", "hex", "json"):
        text = follow(imap(), "--format", form)
        assert "hunter2" not in text and b"hunter2".hex(" ") not in text, form


def test_the_manual_names_every_command_and_option():
    page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "capture", "enveloscope-capture.1")
    with open(page, encoding="utf-8") as text:
        manual = re.sub(r"\\f[A-Z]", " ", text.read()).replace("\\", "")
    commands = re.findall(r"^  ([a-z]+) ", output("--help"), re.MULTILINE)
    assert len(commands) == 11, commands
    missing = [name for name in commands if not re.search(rf'^\.BI? .*\b{name}\b', manual, re.MULTILINE)]
    for name in commands:
        for option in re.findall(r"^  (-[a-zA-Z]\b|--[a-z0-9-]+)", output(name, "--help"), re.MULTILINE):
            if not re.search(rf"(?<![-\w]){re.escape(option)}\b", manual):
                missing.append(f"{name} {option}")
    assert not missing, missing


def test_fields_has_a_row_of_five_columns_for_every_key():
    for lang in ("en", "th"):
        rows = [line.split("\t") for line in output("fields", "--lang", lang).splitlines()]
        assert {len(row) for row in rows} == {5} and len(rows) > 500
        assert [row[0] for row in rows] == sorted({row[0] for row in rows})
        thai = [bool(re.search("[ก-๙]", row[2]) and re.search("[ก-๙]", row[3])) for row in rows]
        assert all(thai) if lang == "th" else not any(thai)
    row = next(row for row in rows if row[0] == "smtp.response.code")
    assert row[4] == "RFC 5321 section 4.2.1"


tap.main(globals())
