#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_serve.py -- enveloscope-sim serve itself: ports, many clients at once, slow ones, its end, its files.
"""
import imaplib
import json
import os
import select
import signal
import socket
import subprocess
import time

from serve import ENVIRONMENT, PASSWORD, PLACE, PROGRAM, SECONDS_MAX, USER, Serve, is_clean, path, run, tshark
import tap


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX)


def read_line(sock):
    line = b""
    while not line.endswith(b"\n"):
        octet = sock.recv(1)
        assert octet, line
        line += octet
    return line.decode()


def refused(*words):
    return subprocess.run([PROGRAM, "serve", *words, "--lang", "en"], capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=SECONDS_MAX)


def test_a_hundred_connections_at_once():
    with Serve(imap=0, smtp=0, pop3=0, frames="hundred.pcapng") as server:
        doors = [server.port[name] for name in ("imap", "smtp", "pop3")]
        socks = [connect(doors[i % 3]) for i in range(120)]
        greetings = [read_line(sock) for sock in socks]
        assert all(g.startswith(("* OK", "220 ", "+OK")[i % 3]) for i, g in enumerate(greetings)), greetings
        for i, sock in enumerate(socks):
            sock.sendall((b"a NOOP\r\n", b"NOOP\r\n", b"CAPA\r\n")[i % 3])
        assert all(read_line(sock) for sock in socks)
        for sock in socks:
            sock.close()
        code, said = server.end()
        assert code == 0 and "120 connections, 0 refused" in said, (code, said)
    assert is_clean(server.frames)


def test_a_stalled_client_holds_nobody_up():
    with Serve(imap=0, accounts=True) as server:
        stalled = socket.socket()
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", server.port["imap"]))
        stalled.sendall(b"".join(b"a%d CAPABILITY\r\n" % i for i in range(40000)))   # and never reads
        other = imaplib.IMAP4("127.0.0.1", server.port["imap"])
        other.login(USER, PASSWORD)
        begin = time.monotonic()
        for _ in range(50):
            assert other.noop()[0] == "OK"
        assert time.monotonic() - begin < 20
        other.logout()
        stalled.close()


def test_files_are_complete_at_the_end():
    with Serve("--set", "links.visitor-lan.delay=20ms", imap=0, frames="end.pcapng", events="end.jsonl") as server:
        sock = connect(server.port["imap"])
        read_line(sock)
        sock.sendall(b"a LOGOUT\r\n")
        while sock.recv(1000):
            pass
        sock.close()
        left = connect(server.port["imap"])            # still open when the end comes
        time.sleep(0.3)
        code, said = server.end()
        left.close()
        assert code == 0, said
    with open(server.frames, "rb") as file:
        octets, at = file.read(), 0
    while at < len(octets):                            # block by block, each with its length at both ends
        length = int.from_bytes(octets[at + 4:at + 8], "little")
        assert octets[at + length - 4:at + length] == octets[at + 4:at + 8]
        at += length
    assert at == len(octets)
    said = tshark(server.frames, "-Y", "imap", "-T", "fields", "-e", "imap.response.status")
    assert "OK" in " ".join(said), said
    assert tshark(server.frames, "-Y", "tcp.flags.reset == 1"), "the open connection ends visibly"
    with open(server.events, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert [r for r in rows if r["subject"].startswith("imap ") and r["key"] == "state"], rows[-3:]
    assert [r for r in rows if r["subject"].startswith("mailbox ") and r["time"] == 0], "from before the beginning"
    last = float(tshark(server.frames, "-T", "fields", "-e", "frame.time_epoch")[-1]) - 1767225600     # 2026-01-01
    assert rows[-1]["time"] >= last, (rows[-1], last)     # what the last frame did to its receiver was told too


def test_clients_hear_that_it_ends():
    """RFC 5321 3.8: 421 before the connection is closed."""
    with Serve(smtp=0) as server:
        sock = connect(server.port["smtp"])
        read_line(sock)
        server.process.terminate()
        assert read_line(sock).startswith("421 ")
        assert server.end()[0] == 0


def test_sigint_ends_as_sigterm_does():
    with Serve(smtp=0) as server:
        assert server.end(signal.SIGINT)[0] == 0


def test_killed_it_leaves_what_happened():
    with Serve(smtp=0, frames="killed.pcapng") as server:
        sock = connect(server.port["smtp"])
        read_line(sock)
        sock.sendall(b"EHLO me.test\r\n")
        while not read_line(sock).startswith("250 "):
            pass
        time.sleep(0.8)                                # four times what may wait to be written
        server.end(signal.SIGKILL)
    assert "EHLO" in tshark(server.frames, "-Y", "smtp.req.command", "-T", "fields", "-e", "smtp.req.command")


def test_frames_go_to_a_pipe_while_it_runs():
    process = subprocess.Popen([PROGRAM, "serve", "--smtp", "0", "-w", "-", "--for", "20"], env=ENVIRONMENT,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    port = None
    for line in process.stderr:
        if line.startswith(b"listening"):
            port = int(line.rsplit(b":", 1)[1])
        if line == b"ready\n":
            break
    sock = connect(port)
    read_line(sock)
    seen, until = b"", time.monotonic() + 10
    while b"220 mail.office.test" not in seen and time.monotonic() < until:
        if select.select([process.stdout], [], [], 0.2)[0]:
            seen += os.read(process.stdout.fileno(), 65536)
    assert b"220 mail.office.test" in seen, len(seen)
    process.terminate()
    process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 0


def test_a_client_that_resets_ends_the_simulated_connection():
    with Serve(pop3=0, events="reset.jsonl") as server:
        sock = connect(server.port["pop3"])
        read_line(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
        time.sleep(0.3)
        server.end()
    with open(server.events, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert [r for r in rows if r["key"] == "log" and "reset" in r["value"]], [r["value"] for r in rows[-5:]]


def test_half_a_close_is_passed_on():
    with Serve(smtp=0) as server:
        sock = connect(server.port["smtp"])
        read_line(sock)
        sock.sendall(b"NOOP\r\nQUIT\r\n")
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while octets := sock.recv(1000):
            answer += octets
        assert b"250 " in answer and b"\r\n221 " in answer, answer


def test_loss_is_repaired_and_seen():
    with Serve("--set", "links.mail-lan.loss=0.05", imap=0, frames="loss.pcapng") as server:
        other = imaplib.IMAP4("127.0.0.1", server.port["imap"])
        other.login(USER, PASSWORD)
        message = b"Subject: long\r\n\r\n" + b"0123456789abcdef0123456789abcdef0123456789abcdef\r\n" * 2000
        assert other.append("INBOX", None, None, message)[0] == "OK"
        other.select()
        assert other.fetch("1", "(BODY.PEEK[])")[1][0][1] == message
        other.logout()
        server.end()
    assert tshark(server.frames, "-Y", "tcp.analysis.retransmission || tcp.analysis.fast_retransmission")


def test_a_delayed_link_delays_by_as_much_and_little_more():
    """The loop itself must be quick: of what a command takes, the link's 2 x 30 ms are the most. A busy machine
    makes single rounds late, so the quickest of ten counts."""
    with Serve("--set", "links.mail-lan.delay=30ms", imap=0) as server:
        other = imaplib.IMAP4("127.0.0.1", server.port["imap"])
        rounds = []
        for _ in range(10):
            begin = time.monotonic()
            other.noop()
            rounds.append(time.monotonic() - begin)
        assert 0.060 <= min(rounds) < 0.075, rounds


def test_messages_of_a_maildir_are_there():
    for name, folder, text in (("1767225601.M1P1.host", "new", "first"), ("1767225602.M2P1.host:2,S", "cur", "second")):
        for part in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(path("mail"), "bee", part), exist_ok=True)
        with open(os.path.join(path("mail"), "bee", folder, name), "w") as file:
            file.write(f"Subject: {text}\n\nhello\n")
    for words in (("--maildir", path("mail")), ("--maildir", os.path.join(path("mail"), "bee"), "--user", "bee:honey")):
        with Serve(*words, "--user", "bee:honey", imap=0, accounts=False) as server:
            other = imaplib.IMAP4("127.0.0.1", server.port["imap"])
            other.login("bee", "honey")
            assert other.select()[1] == [b"2"]
            assert b"second" in other.fetch("2", "(BODY.PEEK[])")[1][0][1]
            assert other.search(None, "UNSEEN")[1] == [b"1"]
            other.logout()
    done = refused("--imap", "0", "--maildir", PLACE)
    assert done.returncode == 3 and "cur" in done.stderr, done.stderr


def test_an_account_reaches_every_protocol():
    """--user ann: mail to ann@office.test by SMTP, read by POP3 and IMAP with the same password."""
    with Serve(smtp=0, pop3=0, imap=0) as server:
        sock = connect(server.port["smtp"])
        for line in ("", "HELO me", "MAIL FROM:<x@y.test>", "RCPT TO:<ann@office.test>", "DATA", "Subject: hi\r\n\r\nhello\r\n.",
                     "QUIT"):
            if line:
                sock.sendall(line.encode() + b"\r\n")
            assert read_line(sock)[0] in "23", line
        other = imaplib.IMAP4("127.0.0.1", server.port["imap"])
        other.login(USER, PASSWORD)
        until = time.monotonic() + 10
        while other.select()[1] != [b"1"] and time.monotonic() < until:
            time.sleep(0.05)
        assert b"hello" in other.fetch("1", "(BODY[])")[1][0][1]
        sock = connect(server.port["pop3"])
        for line in ("", f"USER {USER}", f"PASS {PASSWORD}", "STAT"):
            if line:
                sock.sendall(line.encode() + b"\r\n")
            answer = read_line(sock)
            assert answer.startswith("+OK"), (line, answer)
        assert answer.split()[1] == "1", answer


def test_which_host_answers_is_chosen():
    with Serve(scenario="mail-journey", imap=0, submission=0) as server:    # no host has both: each its own
        assert "mx.bob.test" in read_line(connect(server.port["imap"]))
        assert "mx.alice.test" in read_line(connect(server.port["submission"]))
    with Serve("--host", "mx-bob", scenario="mail-journey", smtp=0) as server:
        assert "mx.bob.test" in read_line(connect(server.port["smtp"]))


def test_what_cannot_be_opened_is_said():
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = str(taken.getsockname()[1])
    for words, code, what in (((), 2, "--imap"), (("--imap", "x"), 2, "0"), (("--imap", "70000"), 2, "65535"),
                              (("--imap", port), 3, "0 for any"), (("--imap", "0", "--listen", "localhost"), 2, "127.0.0.1"),
                              (("--imap", "0", "--user", "ann"), 2, "NAME:PASSWORD"),
                              (("--imap", "0", "--user", "a b:c"), 2, "a b"),
                              (("--imap", "0", "--host", "dns"), 2, "mail"), (("no-such-thing", "--imap", "0"), 3, "no-such-thing"),
                              (("mail-journey", "--pop3", "0", "--host", "mx-alice"), 2, "mx-bob"),
                              (("--imap", "0", "-w", "/no/such/folder/x"), 3, "/no/such"),
                              (("a", "b", "--imap", "0"), 2, "one scenario")):
        done = refused(*words, "--for", "1")
        assert done.returncode == code and what in done.stderr, (words, done.returncode, done.stderr)
    taken.close()


def test_other_addresses_are_warned_of():
    done = refused("--imap", "0", "--listen", "0.0.0.0", "--for", "0.2")
    assert done.returncode == 0 and "everybody" in done.stderr and "listening imap 0.0.0.0:" in done.stdout, done
    done = refused("--imap", "0", "--listen", "::1", "--for", "0.2")
    if done.returncode == 0:
        assert "everybody" not in done.stderr and "listening imap [::1]:" in done.stdout, done


tap.main(globals())
