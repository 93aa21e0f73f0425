#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_bounds.py -- the audit takes no more memory, whatever a capture holds.

Each case is a capture that makes one thing grow which the audit has to keep for a while: unfinished
lines, flows, sessions, recipients without an answer, octets out of order, fragments. The peak of the
process's resident set is printed; at most ROOM_KIB of it may come from the capture. The rest is the
program and its libraries, measured on a capture without mail."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../decode"))
import tap  # noqa: E402
from wire import ACK, CLIENT, PSH, SERVER, Session, ipv4, udp, write_pcap  # noqa: E402

CAPTURE = os.path.abspath(sys.argv[1])
ROOM_KIB = 18 * 1024                # the aim is 32 MiB; a libc's arenas differ by some pages
FOLDER = tempfile.TemporaryDirectory()
RAW, ETHERNET = 101, 1
GREETING = {25: b"220 mx\r\n", 110: b"+OK\r\n", 143: b"* OK\r\n"}

# A small process measures: what a process had before it became another program counts for it, too.
MEASURE = """
import os, subprocess, sys
program = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
said = program.stderr.read()
_, status, used = os.wait4(program.pid, 0)
print(used.ru_maxrss, os.waitstatus_to_exitcode(status), said.decode())
"""


def peak_kib(frames, link):
    path = os.path.join(FOLDER.name, "hostile.pcap")
    write_pcap(path, frames, link, step_us=10)
    size = os.path.getsize(path)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, CAPTURE, "audit", path, "--format",
                           "json"], capture_output=True, text=True, check=True)
    os.unlink(path)
    kib, code, said = done.stdout.split(" ", 2)
    assert code in ("0", "4"), said
    # What was given up is told.
    assert code == "0" or "put down" in said or "incomplete" in said, said
    return int(kib), size


FLOOR_KIB, _ = peak_kib(Session(25).frames, ETHERNET)


def check(frames, link=ETHERNET):
    kib, size = peak_kib(frames, link)
    print(f"# {size / 1e6:.0f} MB: {kib / 1024:.1f} MiB, the program alone {FLOOR_KIB / 1024:.1f}")
    assert kib - FLOOR_KIB <= ROOM_KIB, f"{kib} KiB, the program alone {FLOOR_KIB}"


def sessions(n, port):
    """So many connections, each with a greeting."""
    made = []
    for i in range(n):
        session = Session(port, 1024 + i % 60000, bytes([10, 1, i // 60000, 1]))
        made.append(session.say(SERVER, GREETING[port]) if port in GREETING else session)
    return made


def frames_of(made):
    """Their frames in turns."""
    rows = [session.frames for session in made]
    return [row[i] for i in range(max(map(len, rows))) for row in rows if i < len(row)]


def test_unfinished_lines():
    """4,096 lines of 16 KiB that do not end, growing at once: 64 MiB."""
    made = sessions(4096, 25)
    for _ in range(12):
        for session in made:
            session.say(CLIENT, b"a" * 1400)
    check(frames_of(made))


def test_one_long_line():
    check(sessions(1, 25)[0].say_all(CLIENT, b"a" * 10_000_000 + b"\r\n").frames)


def test_connections_without_end():
    """60,000 open connections of mail, in turns, so that none of them is idle."""
    check(frames_of([session.say(CLIENT, b"EHLO c\r\n") for session in sessions(60000, 25)]))


def test_connections_of_no_known_protocol():
    check(frames_of([session.say(CLIENT, b"hello world\r\n") for session in sessions(60000, 10000)]))


def test_logins():
    """40,000 users that log in, each with a password of her own."""
    made = sessions(40000, 110)
    for i, session in enumerate(made):
        session.say(CLIENT, b"USER u%d\r\n" % i).say(SERVER, b"+OK\r\n")
        session.say(CLIENT, b"PASS p%d\r\n" % i).say(SERVER, b"+OK\r\n")
    check([frame for session in made for frame in session.frames])


def test_recipients_without_an_answer():
    made = sessions(200, 25)
    for k, session in enumerate(made):
        session.say(CLIENT, b"EHLO c\r\n").say(SERVER, b"250 ok\r\n")
        for r in range(60):
            session.say(CLIENT, b"".join(b"RCPT TO:<u%d.%d.%d@b.test>\r\n" % (k, r, i)
                                         for i in range(40)))
    check(frames_of(made))


def test_logins_without_an_answer():
    """Eight times 1,000 passwords of 4,000 octets, all sent before the first answer."""
    made = sessions(8, 110)
    for i in range(1000):
        for session in made:
            session.say_all(CLIENT, b"USER u%d\r\nPASS %d" % (i, i) + b"p" * 4000 + b"\r\n")
    check(frames_of(made))


def test_octets_out_of_order():
    made = sessions(1024, 25)
    for r in range(24):
        for session in made:
            session.frames.append(session.segment(CLIENT, session.seq[CLIENT] + 1400 + r * 1500, PSH | ACK,
                                                  b"b" * 1400))
    check(frames_of(made))


def test_certificates_that_do_not_end():
    hello = bytes.fromhex("160301003101 00002d0303".replace(" ", "")) + bytes(32) + bytes.fromhex(
        "00 0002 002f 0100 0002 0000")
    answer = bytes.fromhex("1603030028 02000024 0303".replace(" ", "")) + bytes(32) + bytes.fromhex("00 002f 00")
    body = bytes.fromhex("0bffff00 fffefd fffefa") + b"\x30" * 15000
    made = sessions(512, 993)
    for session in made:
        session.say(CLIENT, hello).say(SERVER, answer)
    for _ in range(4):
        for session in made:
            session.say_all(SERVER, b"\x16\x03\x03" + len(body).to_bytes(2, "big") + body)
    check(frames_of(made))


def test_fragments_that_lack_one():
    """Datagrams of 64 KiB, each without its last fragment."""
    source, target = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    datagram = udp(source, target, 4000, 4001, bytes(62400))
    check([ipv4(source, target, 17, datagram[at:at + 1480], ident=ident,
                fragment=0x2000 | at // 8) for ident in range(1000) for at in range(0, 60000, 1480)], RAW)


def test_fragments_of_eight_octets():
    source, target = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    check([ipv4(source, target, 17, bytes(8), ident=ident, fragment=0x2000 | 2 * i)
           for i in range(1500) for ident in range(200)], RAW)


def test_lists_within_lists():
    session = sessions(1, 143)[0].say(CLIENT, b"a FETCH 1:* (BODYSTRUCTURE)\r\n")
    check(session.say_all(SERVER, b"* 1 FETCH (BODYSTRUCTURE " + b"(" * 1_000_000 + b"\r\n").frames)


def test_header_fields():
    session = sessions(1, 25)[0]
    for line in (b"EHLO c", b"MAIL FROM:<a@b.test>", b"RCPT TO:<c@b.test>"):
        session.say(CLIENT, line + b"\r\n").say(SERVER, b"250 ok\r\n")
    session.say(CLIENT, b"DATA\r\n").say(SERVER, b"354 go\r\n")
    session.say_all(CLIENT, b"".join(b"To: u%d@b.test\r\n" % i for i in range(300000)))
    check(session.frames)


tap.main(globals())
