#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_attach.py -- the kernel's own TCP/IP, behind a TUN device, talks to simulated hosts.

Every case runs in a network namespace of its own, which ends with it: nothing outside sees a packet.
Who may not make one (no root, no user namespaces, no /dev/net/tun) sees the cases skipped.
"""
import contextlib
import ctypes
import hashlib
import imaplib
import os
import poplib
import re
import shutil
import signal
import smtplib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PROGRAM = os.path.abspath(sys.argv[1])
SECONDS_MAX = 90                   # only so that a hanging peer does not hang the robot
FOLDER = tempfile.TemporaryDirectory()
DEVICE = "sim0"

# Linux here, our TCP there; loss and overtaking on the way, both directions.
ROUGH = """
hosts:
  outside: {kind: outside, address: 10.9.1.2/24, gateway: 10.9.1.1}
  router: {kind: router, addresses: {near: 10.9.1.1/24, far: 10.9.2.1/24}}
  server: {kind: server, address: 10.9.2.9/24, gateway: 10.9.2.1, small_services: [echo, discard, chargen]}
links:
  near: {ends: [outside, router], rate: 1Gbit/s, delay: 0}
  far: {ends: [router, server], rate: 200Mbit/s, delay: 2ms, loss: 1%, reorder: 1%, queue: 1000}
"""


def namespace():
    """Leaves the machine's network for an empty one. Forked children only."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, network = 0x10000000, 0x40000000
    me, group = os.getuid(), os.getgid()
    if libc.unshare(network) != 0:
        if libc.unshare(user | network) != 0:
            raise tap.Skip("this system lets nobody make a network namespace")
        with open("/proc/self/setgroups", "w") as f:
            f.write("deny")
        with open("/proc/self/uid_map", "w") as f:
            f.write(f"0 {me} 1")
        with open("/proc/self/gid_map", "w") as f:
            f.write(f"0 {group} 1")
    if not os.path.exists("/dev/net/tun"):
        raise tap.Skip("this system has no /dev/net/tun")


def apart(case):
    """A case in a process and a network namespace of its own."""
    def run():
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            word = b"ok"
            try:
                namespace()
                case()
            except tap.Skip as reason:
                word = b"skip" + str(reason).encode()
            except BaseException:          # the parent tells it
                word = b"fail" + traceback.format_exc().encode()
            os.write(writer, word[:60000])
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            word = pipe.read().decode()
        os.waitpid(child, 0)
        if word.startswith("skip"):
            raise tap.Skip(word[4:])
        assert word == "ok", word[4:]
    run.__name__, run.__doc__ = case.__name__, case.__doc__
    return run


@contextlib.contextmanager
def attached(what, *words):
    """The program, ready; ended by SIGTERM. Yields its process."""
    program = subprocess.Popen(
        [PROGRAM, "attach", what, "--tun", DEVICE, "--lang", "en", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ, LC_ALL="C.UTF-8", ENVELOSCOPE_LESSONS=os.path.join(ROOT, "lessons")))
    line = ""
    for line in program.stdout:
        if line == "ready\n":
            break
    if line != "ready\n":
        error = program.communicate()[1]
        if program.returncode == 5:
            raise tap.Skip(error.strip())
        raise AssertionError(error)
    try:
        yield program
    finally:
        program.send_signal(signal.SIGTERM)
        program.said = program.communicate(timeout=SECONDS_MAX)[1]
    assert program.returncode == 0, (program.returncode, program.said)


def scenario(text):
    path = os.path.join(FOLDER.name, f"{os.getpid()}.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def command(*words):
    if not shutil.which(words[0]):
        raise tap.Skip(f"{words[0]} is not installed")
    return subprocess.run(words, capture_output=True, text=True, timeout=SECONDS_MAX)


def connect(address, port):
    s = socket.create_connection((address, port), timeout=SECONDS_MAX)
    s.settimeout(SECONDS_MAX)
    return s


# ---- ICMP, several hops ----

@apart
def test_ping_reaches_a_host_behind_a_router():
    with attached("mail-journey"):
        done = command("ping", "-n", "-c", "3", "-i", "0.2", "10.0.2.25")
        assert re.search(r"3 packets transmitted, 3 received", done.stdout), done.stdout
        # 64 as sent, less the one router on the way
        assert "ttl=63" in done.stdout, done.stdout


@apart
def test_ping_of_an_address_that_is_not_there_is_answered_by_the_router():
    with attached("mail-journey"):
        done = command("ping", "-n", "-c", "1", "-W", "6", "10.0.2.77")
        assert "From 10.0.1.1 icmp_seq=1 Destination Host Unreachable" in done.stdout, done.stdout


@apart
def test_traceroute_names_the_router_and_the_host():
    with attached("mail-journey"):
        done = command("traceroute", "-n", "-q", "1", "-w", "3", "10.0.2.25")
        hops = re.findall(r"^\s*\d+\s+(\S+)", done.stdout, re.M)
        assert hops == ["10.0.1.1", "10.0.2.25"], done.stdout


@apart
def test_a_closed_port_refuses():
    with attached("mail-journey"):
        try:
            connect("10.0.2.25", 4444)
        except ConnectionRefusedError:
            return
        raise AssertionError("connected")


@apart
def test_ping_and_mail_over_ipv6():
    with attached("mail-journey-v6"):
        server = "2001:db8:2::25"
        done = command("ping", "-n", "-c", "3", "-i", "0.3", server)
        assert re.search(r"[23] received", done.stdout) and "ttl=63" in done.stdout, done.stdout
        with smtplib.SMTP(server, 25, timeout=SECONDS_MAX) as s:
            assert s.ehlo()[0] == 250
        done = command("traceroute", "-6", "-n", "-q", "1", "-w", "3", server)
        hops = re.findall(r"^\s*\d+\s+(\S+)", done.stdout, re.M)
        assert hops == ["2001:db8:1::1", server], done.stdout


# ---- the mail servers ----

@apart
def test_python_sends_and_reads_mail():
    """smtplib, poplib and imaplib know nothing of us; what is submitted is what both give back."""
    text = "Subject: from the kernel\r\n\r\n.a dot first\r\nand \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\r\n"
    with attached("mail-journey"):
        with smtplib.SMTP("10.0.2.25", 25, timeout=SECONDS_MAX) as s:
            assert s.ehlo()[0] == 250
            s.sendmail("me@outside.test", ["bob@bob.test"], text.encode())
        box = imaplib.IMAP4("10.0.2.25", 143, timeout=SECONDS_MAX)
        box.login("bob", "jasmine-94")
        box.select("INBOX", readonly=True)
        found = box.search(None, "SUBJECT", '"from the kernel"')[1][0].split()
        assert len(found) == 1, found
        octets = box.fetch(found[0], "(BODY.PEEK[])")[1][0][1]
        box.logout()
        assert octets.endswith(text.encode()), octets
        drop = poplib.POP3("10.0.2.25", 110, timeout=SECONDS_MAX)
        drop.user("bob")
        drop.pass_("jasmine-94")
        n = len(drop.list()[1])
        lines = drop.retr(n)[1]
        drop.quit()
        assert b"\r\n".join(lines + [b""]) == octets, lines


@apart
def test_curl_speaks_with_all_three():
    with attached("mail-journey"):
        done = command("curl", "-s", "--max-time", "30", "-u", "bob:jasmine-94", "imap://10.0.2.25/")
        assert "INBOX" in done.stdout, (done.stdout, done.stderr)
        done = command("curl", "-s", "--max-time", "30", "-u", "bob:jasmine-94", "pop3://10.0.2.25/")
        assert done.returncode == 0, done.stderr
        done = command("curl", "-s", "--max-time", "30", "smtp://10.0.2.25/", "-X", "NOOP")
        assert done.stdout.startswith("250 "), (done.stdout, done.stderr)


# ---- bulk, with loss and overtaking ----

def echo(address, octets):
    """Sends all and reads all back, at the same time; then closes half and waits for the end."""
    s = connect(address, 7)
    sender = threading.Thread(target=lambda: (s.sendall(octets), s.shutdown(socket.SHUT_WR)))
    sender.start()
    got = hashlib.sha256()
    n = 0
    while True:
        piece = s.recv(1 << 16)
        if not piece:
            break
        got.update(piece)
        n += len(piece)
    sender.join()
    s.close()
    return n, got.hexdigest()


@apart
def test_four_megabytes_both_ways_through_a_rough_link():
    octets = b"".join(struct.pack(">I", i) for i in range(1 << 20))
    with attached(scenario(ROUGH)):
        n, digest = echo("10.9.2.9", octets)
    assert n == len(octets)
    assert digest == hashlib.sha256(octets).hexdigest()


@apart
def test_chargen_is_the_pattern_of_rfc_864():
    letters = bytes(range(32, 127)) * 2
    pattern = b"".join(letters[i % 95:i % 95 + 72] + b"\r\n" for i in range(95))
    with attached(scenario(ROUGH)):
        s = connect("10.9.2.9", 19)
        got = b""
        while len(got) < 1 << 20:
            got += s.recv(1 << 16)
        s.close()                       # unread octets: Linux resets, which ends it there too
    assert got == (pattern * (len(got) // len(pattern) + 1))[:len(got)]


@apart
def test_discard_takes_all_and_answers_the_fin():
    with attached(scenario(ROUGH)):
        s = connect("10.9.2.9", 9)
        s.sendall(bytes(1 << 20))
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b""
        s.close()


# ---- what the kernel saw and what the trace holds ----

def packets_of(path):
    """The IP packets of a pcapng of ours: (address of the sender, octets), in order."""
    with open(path, "rb") as f:
        data = f.read()
    at, out = 0, []
    while at < len(data):
        kind, n = struct.unpack_from("<II", data, at)
        if kind == 6:                   # enhanced packet block
            n_captured = struct.unpack_from("<I", data, at + 20)[0]
            frame = data[at + 28:at + 28 + n_captured]
            if frame[12:14] == b"\x08\x00":
                total = struct.unpack_from(">H", frame, 16)[0]
                out.append((frame[26:30], frame[14:14 + total]))
        at += n
    return out


@apart
def test_the_device_and_the_trace_agree_packet_by_packet():
    path = os.path.join(FOLDER.name, f"{os.getpid()}.pcapng")
    me = socket.inet_aton("10.9.1.2")
    seen = []
    with attached(scenario(ROUGH), "--tap", "near", "-w", path):
        tap_socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        tap_socket.bind((DEVICE, 0))
        tap_socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 25)   # SO_RCVBUFFORCE
        tap_socket.settimeout(0.5)
        n, _ = echo("10.9.2.9", bytes(200000))
        assert n == 200000
        time.sleep(0.5)                 # the last ACK
        with contextlib.suppress(TimeoutError):
            while True:
                seen.append(tap_socket.recv(1 << 16))
    ours = packets_of(path)
    for is_mine in (True, False):
        here = [p for p in seen if p[0] >> 4 == 4 and (p[12:16] == me) == is_mine]
        there = [octets for sender, octets in ours if (sender == me) == is_mine]
        assert len(here) > 100 and here == there, (is_mine, len(here), len(there))


def without_rights():
    """Into a user namespace of its own: root there, nobody in the network that it left behind."""
    if ctypes.CDLL(None).unshare(0x10000000) != 0:
        raise OSError("no user namespace")


def test_without_the_right_it_says_so_and_exits_with_5():
    try:
        done = subprocess.run([PROGRAM, "attach", "mail-journey", "--tun", DEVICE, "--for", "0.1",
                               "--lang", "en"], capture_output=True, text=True, timeout=SECONDS_MAX,
                              preexec_fn=without_rights if os.getuid() == 0 else None,
                              env=dict(os.environ, LC_ALL="C.UTF-8",
                                       ENVELOSCOPE_LESSONS=os.path.join(ROOT, "lessons")))
    except subprocess.SubprocessError:
        raise tap.Skip("root here, and this system lets nobody make a user namespace") from None
    if "No such file" in done.stderr:
        raise tap.Skip("this system has no /dev/net/tun")
    assert done.returncode == 5 and "root" in done.stderr, (done.returncode, done.stderr)


tap.main(globals())
