#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_talk.py -- protocols typed by hand: what is sent, what comes back, and that it is a run.

What a line becomes is judged by tshark on the saved frames; what a reply must be, by the RFC of the
protocol (RFC 5321, 1939, 3501).
"""
import os
import pty
import select
import tempfile
import time

from program import LESSONS, PROGRAM, fields, sim
import tap

FOLDER = tempfile.TemporaryDirectory(prefix="enveloscope-talk-")
PLACE = FOLDER.name


def talk(lines, *words, lang="en"):
    with tempfile.TemporaryFile("w+") as script:
        script.write("".join(line + "\n" for line in lines))
        script.seek(0)
        return sim("talk", *words, lang=lang, stdin=script)


def dialogue(output):
    """The lines of the two sides, without frames and remarks."""
    return [line for line in output.split("\n") if line[:3] in ("C: ", "S: ")]


MESSAGE = ["EHLO me.test", "MAIL FROM:<a@b.test>", "RCPT TO:<bob@office.test>", "DATA", "Subject: by hand",
           "", "..a dot", ".", "QUIT"]


def test_a_message_is_submitted_line_by_line():
    path = os.path.join(PLACE, "message.pcapng")
    done = talk(MESSAGE, "office", "--to", "mail:25", "-w", path)
    assert done.returncode == 0, done.stderr
    said = dialogue(done.stdout)
    assert said[0].startswith("S: 220 ") and said[-1].startswith("S: 221 "), said
    assert "C: EHLO me.test␍␊" in said and [s for s in said if s.startswith("S: 354")], said
    codes = [s[3:6] for s in said if s.startswith("S: ") and s[6] == " "]
    assert codes == ["220", "250", "250", "250", "354", "250", "221"], codes
    sent = [row[0] for row in fields(path, "smtp.req.command", where="smtp.req.command && tcp.dstport == 25")]
    assert sent == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"], sent
    assert not fields(path, "frame.number", where="tcp.analysis.flags || _ws.malformed")


def test_every_line_shows_its_frames():
    path = os.path.join(PLACE, "frames.pcapng")
    done = talk(["NOOP"], "office", "--to", "mail:25", "-w", path)
    number, _time, _from, _arrow, to, _flags = done.stdout[done.stdout.index("C: NOOP"):].split("\n")[1].split()[:6]
    row = fields(path, "tcp.len", "tcp.seq", "tcp.dstport", where=f"frame.number == {number[1:]}")
    assert row == [["6", "1", "25"]] and to == "mail:25", (row, to)
    bare = talk(["NOOP"], "office", "--to", "mail:25", "--no-frames").stdout
    assert "#" not in bare and dialogue(bare) == dialogue(done.stdout)


def test_the_same_lines_give_the_same_frames_and_a_saved_run():
    paths = [os.path.join(PLACE, name) for name in ("one.pcapng", "two.pcapng", "three.pcapng", "t.envrun")]
    for path in paths[:2]:
        assert talk(MESSAGE, "office", "--to", "mail:25", "-w", path, "--save", paths[3]).returncode == 0
    assert sim("replay", paths[3], "-w", paths[2], "--quiet").returncode == 0
    octets = [open(path, "rb").read() for path in paths[:3]]
    assert octets[0] == octets[1] == octets[2] and len(octets[0]) > 1000


def test_pieces_and_pipelines():
    path = os.path.join(PLACE, "pieces.pcapng")
    done = talk([".part NO", "OP", ".and RSET", "NOOP", "QUIT"], "office", "--to", "mail:25", "-w", path)
    assert [s[3:6] for s in dialogue(done.stdout) if s.startswith("S")] == ["220", "250", "250", "250", "221"]
    lengths = [row[0] for row in fields(path, "tcp.len", where="tcp.dstport == 25 && tcp.len > 0 && ip.src == 10.0.1.11")]
    assert lengths == ["2", "4", "12", "6"], lengths


def test_a_line_that_begins_with_a_command_of_ours():
    said = dialogue(talk(["\\.close", "QUIT"], "office", "--to", "mail:25").stdout)
    assert "C: .close␍␊" in said and [s for s in said if s.startswith("S: 500")], said


def test_imap_and_pop_by_hand():
    said = dialogue(talk(["a LOGIN bob jasmine-94", "b SELECT INBOX", "c LOGOUT"], "office", "--to", "mail:143").stdout)
    assert [s for s in said if s.startswith("S: a OK")] and said[-1].startswith("S: c OK"), said
    said = dialogue(talk(["USER bob", "PASS jasmine-94", "STAT", "LIST", "QUIT"], "office", "--to", "mail:110").stdout)
    assert "S: .␍␊" in said and [s for s in said if s.startswith("S: +OK 3 ")], said


def test_news_come_while_waiting():
    """RFC 2177: the office's own letter arrives while we idle."""
    said = dialogue(talk(["a LOGIN bob jasmine-94", "b SELECT INBOX", "c IDLE", ".wait 10", "DONE"], "office", "--to",
                         "mail:143", "--set", "actions.0.at=6s").stdout)
    idle = said.index("C: c IDLE␍␊")
    assert [s for s in said[idle:said.index("C: DONE␍␊")] if s.endswith(" EXISTS␍␊")], said


def test_a_silent_client_is_logged_out():
    """RFC 1939 3: an autologout of at least ten minutes."""
    done = talk([".wait 500", ".wait 200"], "office", "--to", "mail:110", "--no-frames")
    assert "closed" in done.stdout, done.stdout


def test_by_name_of_the_dns():
    done = talk(["QUIT"], "office", "--to", "mail.office.test:25", "--from", "bob-phone")
    assert done.returncode == 0 and "resolving" in done.stdout, done.stdout
    done = talk(["QUIT"], "office", "--to", "nobody.office.test:25")
    assert "failed" in done.stdout, done.stdout


def test_the_dialogue_goes_on_inside_tls():
    """RFC 3207: behind STARTTLS the extensions are asked anew, and nobody on the way reads them."""
    path = os.path.join(PLACE, "tls.pcapng")
    done = talk(["EHLO me.test", "STARTTLS", ".tls", "EHLO me.test", "MAIL FROM:<hidden@b.test>", "QUIT"], "office", "--to",
                "mail.office.test:587", "-w", path)
    said = dialogue(done.stdout)
    assert "-- TLS: TLSv1.3 " in done.stdout and "C: MAIL FROM:<hidden@b.test>␍␊" in said, done.stdout
    assert said[-1].startswith("S: 221"), said
    behind = said[said.index("C: STARTTLS␍␊"):]
    assert not [s for s in behind if s.endswith("STARTTLS␍␊") and s.startswith("S:")], behind
    assert "on the wire: 17 03 03 " in done.stdout
    with open(path, "rb") as file:
        octets = file.read()
    assert b"hidden@b.test" not in octets and b"STARTTLS" in octets
    assert not fields(path, "frame.number", where="tcp.analysis.flags || _ws.malformed")


def test_tls_from_the_beginning():
    for port, greeting in (("993", "S: * OK"), ("995", "S: +OK"), ("465", "S: 220")):
        done = talk([], "office", "--to", f"mail:{port}", "--tls", "--no-frames")
        assert dialogue(done.stdout)[0].startswith(greeting), done.stdout
        assert "no complete answer" not in done.stdout, done.stdout


SERVER = ["220 hello", "250 me", "250 sender ok", "550 5.1.1 nobody here", "221 bye", ".close"]


def test_the_scenarios_client_obeys_the_one_who_plays_the_server():
    path = os.path.join(PLACE, "server.pcapng")
    done = talk(SERVER, "mail-journey", "--to", "mx-bob:25", "--be-server", "-w", path)
    assert done.returncode == 0, done.stderr
    said = dialogue(done.stdout)
    assert said[0] == "S: 220 hello␍␊" and said[1].startswith("C: EHLO "), said
    assert [s for s in said if s.startswith("C: MAIL FROM:")], said
    refused = said.index("S: 550 5.1.1 nobody here␍␊")
    assert not [s for s in said[refused:] if s.startswith("C: DATA")], said


def test_a_wrong_reply_has_its_consequence():
    """A refused login: the client must not go on to send (RFC 4954 4)."""
    done = talk(["220 x", "250-x", "250 AUTH LOGIN PLAIN", "535 5.7.8 no", "221 bye"], "mail-journey", "--to",
                "mx-alice:587", "--be-server")
    said = dialogue(done.stdout)
    assert [s for s in said if s.startswith("C: AUTH ")], said
    assert not [s for s in said if s.startswith("C: MAIL")], said


def test_the_server_is_told_what_the_client_waits_for():
    done = talk(["220 x"], "mail-journey", "--to", "mx-alice:587", "--be-server")
    assert "waits for the greeting: 220" in done.stdout and "EHLO: it waits for 250" in done.stdout, done.stdout
    done = talk(["220 x"], "mail-journey", "--to", "mx-alice:587", "--be-server", lang="th")
    assert "ไคลเอนต์รอคำทักทาย" in done.stdout, done.stdout


def test_what_cannot_be_done_is_said():
    for words, what in ((("office", "--to", "mail"), "HOST:PORT"), (("office", "--to", "nobody:25"), "mail"),
                        (("office",), "--to"), (("office", "--to", "mail:25", "--from", "x"), "malee-pc"),
                        (("office", "--to", "mail:0"), "HOST:PORT")):
        done = talk([], "" if not words else words[0], *words[1:])
        assert done.returncode == 2 and what in done.stderr, (words, done.stderr)
    done = talk([], "mail-journey", "--to", "mx-alice:25", "--be-server")
    assert done.returncode == 3 and "mx-alice:25" in done.stderr, done.stderr
    assert talk([], "no-such-thing", "--to", "a:1").returncode == 3


def test_at_a_terminal():
    """A prompt, a line typed, its echo with the end that was sent, Ctrl-D closes."""
    child, fd = pty.fork()
    if child == 0:
        os.environ.update(LC_ALL="C.UTF-8", ENVELOSCOPE_LESSONS=LESSONS, TERM="xterm")
        os.execv(PROGRAM, [PROGRAM, "talk", "office", "--to", "mail:25", "--lang", "en"])
    seen, sent, until = b"", 0, time.monotonic() + 60
    while time.monotonic() < until:
        if sent < 2 and seen.count(b"C> ") > sent:
            os.write(fd, b"NOOP\r" if sent == 0 else b"\x04")
            sent += 1
        if select.select([fd], [], [], 0.2)[0]:
            try:
                seen += os.read(fd, 65536)
            except OSError:
                break
    status = os.waitpid(child, 0)[1]
    text = seen.decode()
    assert status == 0 and "C: NOOP␍␊" in text and "S: 250" in text and "closed" in text, (status, text)


tap.main(globals())
