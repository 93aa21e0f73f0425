# SPDX-License-Identifier: GPL-3.0-or-later
"""wire.py -- captures written octet by octet for the judges of this folder, and what our program and
tshark say of them."""
import json
import os
import shutil
import struct
import subprocess
import tempfile

FOLDER = tempfile.TemporaryDirectory()
TSHARK = shutil.which("tshark")
SYN, ACK, PSH, FIN = 0x02, 0x10, 0x08, 0x01
CLIENT, SERVER = 0, 1


def sum16(octets):
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(src, dst, proto, payload, options=b"", ident=0, fragment=0x4000, ttl=64):
    """RFC 791; `fragment` is the word of flags and offset."""
    n = 20 + len(options)
    header = struct.pack(">BBHHHBBH4s4s", 0x40 | n // 4, 0, n + len(payload), ident, fragment, ttl,
                         proto, 0, src, dst) + options
    return header[:10] + struct.pack(">H", sum16(header)) + header[12:] + payload


def ipv6(src, dst, proto, payload, flow=0):
    return struct.pack(">IHBB", 0x60000000 | flow, len(payload), proto, 64) + src + dst + payload


def with_checksum(src, dst, proto, segment, at):
    """The checksum of TCP, UDP or ICMPv6 at this place (RFC 9293 3.1, RFC 8200 8.1)."""
    if len(src) == 4:
        pseudo = src + dst + struct.pack(">BBH", 0, proto, len(segment))
    else:
        pseudo = src + dst + struct.pack(">II", len(segment), proto)
    return segment[:at] + struct.pack(">H", sum16(pseudo + segment)) + segment[at + 2:]


def tcp(src, dst, sport, dport, seq, ack, flags, payload=b"", options=b"", window=8192, urgent=0):
    n = 20 + len(options)
    segment = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                          n // 4 << 4, flags, window, 0, urgent) + options + payload
    return with_checksum(src, dst, 6, segment, 16)


def udp(src, dst, sport, dport, payload):
    return with_checksum(src, dst, 17, struct.pack(">HHHH", sport, dport, 8 + len(payload), 0)
                         + payload, 6)


MAC = [bytes.fromhex("020000000001"), bytes.fromhex("020000000002")]
ADDR4 = [bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])]
ADDR6 = [bytes.fromhex("fd000000000000000000000000000001"),
         bytes.fromhex("fd000000000000000000000000000002")]


def ethernet(side, ether_type, payload):
    return MAC[1 - side] + MAC[side] + struct.pack(">H", ether_type) + payload


def write_pcap(path, frames, link=1, step_us=10000):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
        for i, frame in enumerate(frames):
            at = 1000000 + i * step_us
            out.write(struct.pack("<IIII", 1700000000 + at // 1000000, at % 1000000, len(frame),
                                  len(frame)) + frame)


class Session:
    """One TCP connection over Ethernet and IPv4; what is said is one segment per call."""

    def __init__(self, port, client_port=40000, client=ADDR4[0], first=(1000, 5000)):
        self.ends = [client, ADDR4[1]]
        self.ports = [client_port, port]
        self.seq = list(first)
        self.frames = []
        for side, flags in ((CLIENT, SYN), (SERVER, SYN | ACK), (CLIENT, ACK)):
            self.frames.append(self.segment(side, self.seq[side], flags))
            self.seq[side] += 1 if flags & SYN else 0

    def segment(self, side, seq, flags, payload=b"", options=b""):
        src, dst = self.ends[side], self.ends[1 - side]
        ack = self.seq[1 - side] if flags & ACK else 0
        segment = tcp(src, dst, self.ports[side], self.ports[1 - side], seq, ack, flags, payload,
                      options)
        return ethernet(side, 0x0800, ipv4(src, dst, 6, segment))

    def say(self, side, octets):
        if isinstance(octets, str):
            octets = octets.encode()
        self.frames.append(self.segment(side, self.seq[side], PSH | ACK, octets))
        self.seq[side] += len(octets)
        return self

    def say_all(self, side, octets, segment=1400):
        """The same in segments of so many octets."""
        for at in range(0, len(octets), segment):
            self.say(side, octets[at:at + segment])
        return self

    def swap_last(self):
        """The last two frames come in the wrong order."""
        self.frames[-2:] = self.frames[:-3:-1]
        return self

    def talk(self, script):
        """Lines "C: ..." and "S: ..." with CRLF, "c: ..." and "s: ..." without, with escapes."""
        for line in script.strip().splitlines():
            side, text = line.strip()[0], line.strip()[3:]
            octets = text.encode().decode("unicode_escape").encode("latin-1")
            self.say(CLIENT if side in "Cc" else SERVER, octets + (b"\r\n" if side in "CS" else b""))
        return self

    def write(self, path):
        write_pcap(path, self.frames)
        return path


def run(argv, reveal=None):
    """Output of a program; with `reveal`, a file of mode 0600, into which secrets may go."""
    if reveal is None:
        return subprocess.run(argv, capture_output=True, text=True, errors="replace").stdout
    descriptor = os.open(reveal, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    subprocess.run(argv, stdout=descriptor, stderr=subprocess.DEVNULL)
    os.close(descriptor)
    with open(reveal, errors="replace") as text:
        return text.read()


def fields_of(output):
    """Rows of -T fields as lists of cells."""
    return [row.split("\t") for row in output.split("\n")[:-1]]


def our_fields(program, path, keys, keylog=None):
    more = ["-o", f"keylog:{keylog}"] if keylog else []
    argv = [program, "decode", "-r", path, "-T", "fields", "--reveal", *more]
    return fields_of(run([*argv, *(x for key in keys for x in ("-e", key))],
                         os.path.join(FOLDER.name, "ours")))


def tshark_fields(path, keys, keylog=None, options=()):
    more = [x for option in options for x in ("-o", option)]
    more += ["-o", f"tls.keylog_file:{keylog}"] if keylog else []
    argv = [TSHARK, "-r", path, "-T", "fields", *more]
    return fields_of(run([*argv, *(x for key in keys for x in ("-e", key))]))


def our_logins(program, path):
    """ "pop3 USER/PASS alice s3cret accepted" for every login that the audit names."""
    out = os.path.join(FOLDER.name, "audit")
    run([program, "audit", path, "--format", "json", "--reveal", "-o", out])
    with open(out) as report:
        lines = report.read()
    events = [json.loads(line) for line in lines.splitlines()]
    return [f"{e['protocol']} {e['mechanism']} {e['user']} {e['secret']} {e['outcome']}"
            for e in events if e["type"] == "login"]
