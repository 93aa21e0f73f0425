#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_imap.py -- IMAP extensions as Python's imaplib and zlib see them.

    judge_imap.py STDIO-SERVER       one server process per case, over a pair of sockets; prints TAP

zlib is the judge of COMPRESS=DEFLATE (RFC 4978): it inflates what we deflate and deflates what we
inflate, also when it is a bomb, a flood, damaged, or cut anywhere.
"""
import imaplib
import os
import resource
import socket
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

SERVER = sys.argv[1]
LETTER = b"From: a@b.test\r\nSubject: \xe0\xb8\x87\r\n\r\n" + b"line of text\r\n" * 2000
PROCESSES = []


def is_sanitized():
    """AddressSanitizer reserves terabytes of addresses: it cannot live under a limit, and watches memory itself."""
    with open(SERVER, "rb") as file:
        return b"__asan_init" in file.read()


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))


def connect(limited=False):
    ours, theirs = socket.socketpair()
    PROCESSES.append(subprocess.Popen([SERVER, "imap"], stdin=theirs, stdout=theirs,
                                      preexec_fn=limit_memory if limited and not is_sanitized() else None))
    theirs.close()
    ours.settimeout(20)
    return ours


class Imap(imaplib.IMAP4):
    def _create_socket(self, timeout):
        return connect()


class Deflated:
    """A connection after COMPRESS DEFLATE, by zlib."""

    def __init__(self, limited=False):
        self.socket = connect(limited)
        self.inflate = zlib.decompressobj(-15)
        self.deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.rest = b""
        self.compressed = 0
        self.read_clear(b"\r\n")
        self.socket.sendall(b"a LOGIN bob secret\r\n")
        assert b"COMPRESS=DEFLATE" in self.read_clear(b"\r\n")
        self.socket.sendall(b"b COMPRESS DEFLATE\r\n")
        assert self.read_clear(b"\r\n").startswith(b"b OK")

    def read_clear(self, end):
        text = b""
        while not text.endswith(end):
            text += self.socket.recv(1)
        return text

    def send(self, octets, step=0):
        data = self.deflate.compress(octets) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        for i in range(0, len(data), step or len(data)):
            self.socket.sendall(data[i:i + (step or len(data))])

    def read(self, tag):
        """Everything up to the tagged reply."""
        while b"\n" + tag + b" " not in b"\n" + self.rest or not self.rest.endswith(b"\r\n"):
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self.rest[-200:])
            self.compressed += len(data)
            self.rest += self.inflate.decompress(data)
        text, self.rest = self.rest, b""
        return text


def test_a_compressed_session_gives_the_same_octets():
    for step in (0, 1, 7):
        c = Deflated()
        c.send(b"c APPEND INBOX {%d+}\r\n" % len(LETTER) + LETTER + b"\r\n", step)
        assert b"[APPENDUID" in c.read(b"c")
        c.send(b"d SELECT INBOX\r\n", step)
        c.read(b"d")
        before = c.compressed
        c.send(b"e FETCH 1 BODY.PEEK[]\r\n", step)
        text = c.read(b"e")
        assert b"{%d}\r\n" % len(LETTER) + LETTER + b")\r\n" in text
        assert c.compressed - before < len(LETTER) // 10, "nothing was saved"
        c.send(b"f CAPABILITY\r\ng COMPRESS DEFLATE\r\n", step)
        text = c.read(b"g")
        assert b"COMPRESS=DEFLATE" not in text and b"g NO [COMPRESSIONACTIVE]" in text


def test_a_bomb_costs_no_memory():
    c = Deflated(limited=True)
    c.send(b"c APPEND INBOX {2000000000+}\r\n")
    try:
        c.send(b"\0" * 50_000_000)
        text = c.read(b"c")
    except (EOFError, OSError) as e:
        text = str(e).encode()
    assert b"TOOBIG" in text or b"reset" in text or b"Broken" in text, text


def test_a_flood_of_tiny_commands_is_answered_in_order():
    c = Deflated(limited=True)
    n = 200_000
    c.send(b"x NOOP\r\n" * n + b"last NOOP\r\n")
    text = c.read(b"last")
    assert text.count(b"x OK") == n and text.endswith(b"last OK Completed\r\n"), text[-100:]


def test_damaged_octets_end_the_connection():
    c = Deflated()
    c.socket.sendall(b"\xff\xff\xff\xff")
    assert c.socket.recv(100) == b""
    c = Deflated()
    c.socket.sendall(zlib.compressobj(9, zlib.DEFLATED, -15).flush())
    assert c.socket.recv(100) == b""


def test_imaplib_sees_folders_quota_and_capabilities():
    m = Imap("x")
    m.login("bob", "secret")
    for word in ("IMAP4REV1", "IMAP4REV2", "NAMESPACE", "IDLE", "UNSELECT", "UIDPLUS", "ENABLE", "ID",
                 "LITERAL+", "CHILDREN", "LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "CONDSTORE",
                 "QRESYNC", "MULTIAPPEND", "COMPRESS=DEFLATE", "UTF8=ACCEPT", "QUOTA", "STATUS=SIZE"):
        assert word in m.capability()[1][0].decode().upper().split(), word
    assert m.create("Work/2026")[0] == "OK"
    assert m.rename("Work", "Job")[0] == "OK"
    assert b'(\\HasNoChildren) "/" "Job/2026"' in m.list()[1]
    assert m.subscribe("Job/2026")[0] == "OK"
    assert b'() "/" "Job/2026"' in m.lsub()[1]
    assert m.namespace()[1] == [b'(("" "/")) NIL NIL']
    assert m.getquotaroot("INBOX")[1][0] == [b'"INBOX"']
    assert m.status("Job", "(MESSAGES SIZE)")[1] == [b'"Job" (MESSAGES 0 SIZE 0)']
    assert m.append("INBOX", None, None, b"Subject: \xe0\xb8\x87\r\n\r\nx\r\n")[0] == "OK"
    assert m.enable("UTF8=ACCEPT")[0] == "OK"
    assert m.select("INBOX")[1] == [b"1"]
    assert m.fetch("1", "(RFC822.SIZE)")[1] == [b"1 (RFC822.SIZE 19)"]
    assert m.logout()[0] == "BYE"


if __name__ == "__main__":
    try:
        tap.main(globals())
    finally:
        for process in PROCESSES:
            process.kill()
            process.wait()
