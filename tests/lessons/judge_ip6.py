#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_ip6.py -- IPv6 and IP options before tshark: a saved run, and packets made by hand.

    judge_ip6.py ENVELOSCOPE-SIM ENVELOSCOPE-CAPTURE

The mail journey over IPv6 is saved: tshark finds nothing to remark, and every field of the network layer
that it has stands in our decode at the same place. The same is asked of packets that no run sends:
redirects, routing headers, unknown options, IPv4 options.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import program
import tap

CAPTURE = os.path.abspath(sys.argv[2])
PLACE = tempfile.mkdtemp(prefix="enveloscope-ip6-")

# Ours has none of these by design: other names of a value that is there, and lengths computed from one.
OTHER_NAMES = {"ip.version", "ipv6.tclass.dscp", "ipv6.tclass.ecn", "icmp.ident_le", "icmp.seq_le",
               "ipv6.hopopts.len_oct", "ipv6.dstopts.len_oct", "ipv6.routing.len_oct",
               "ipv6.fraghdr.reserved_octet", "ipv6.fraghdr.reserved_bits", "ipv6.opt.experimental",
               "ip.addr", "ipv6.addr", "ip.checksum_calculated"}


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack(">H", 0xffff ^ total)


def six(text):
    return socket.inet_pton(socket.AF_INET6, text)


def ip6(source, target, following, body, hops=64):
    return struct.pack(">IHBB", 0x60000000, len(body), following, hops) + six(source) + six(target) + body


def icmp6(source, target, body):
    pseudo = six(source) + six(target) + struct.pack(">II", len(body), 58)
    return ip6(source, target, 58, body[:2] + checksum(pseudo + body) + body[4:], 255)


def ip4(options, protocol, body):
    header = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(body), 1, 0, 64,
                         protocol, 0, socket.inet_aton("10.0.0.1"), socket.inet_aton("10.0.0.2")) + options
    return header[:10] + checksum(header) + header[12:] + body


def icmp4(kind, code, rest, data=b""):
    body = struct.pack(">BBHI", kind, code, 0, rest) + data
    return body[:2] + checksum(body) + body[4:]


PC, SERVER, LOCAL = "2001:db8:1::10", "2001:db8:2::25", "fe80::1"
UDP = struct.pack(">HHHH", 9, 9, 8, 0xa422)
MAC = bytes((2, 0, 0, 0, 1, 0))
QUOTED = ip6(PC, SERVER, 17, UDP)
PING = icmp4(8, 0, 0x12340001, b"abcdefgh")
MADE6 = [
    icmp6(LOCAL, "ff02::2", b"\x85" + bytes(7) + b"\1\1" + MAC),
    icmp6(LOCAL, "ff02::1", b"\x86\0\0\0\x40\xc8" + struct.pack(">HII", 1800, 30000, 1000) + b"\1\1" + MAC
          + b"\5\1\0\0" + struct.pack(">I", 1400) + b"\3\4\x40\xc0" + struct.pack(">III", 2592000, 604800, 0)
          + six("2001:db8:2::") + b"\x19\3\0\0" + struct.pack(">I", 1800) + six("2001:db8::53")),
    icmp6(LOCAL, PC, b"\x89" + bytes(7) + six("fe80::2") + six(SERVER) + b"\2\1" + MAC
          + bytes((4, 1 + len(QUOTED) // 8)) + bytes(6) + QUOTED),
    icmp6(SERVER, PC, b"\1\4" + bytes(6) + QUOTED),
    icmp6(SERVER, PC, b"\2\0\0\0" + struct.pack(">I", 1280) + QUOTED),
    icmp6(SERVER, PC, b"\3" + bytes(7) + QUOTED),
    icmp6(SERVER, PC, b"\4\2\0\0" + struct.pack(">I", 42) + QUOTED),
    ip6(PC, SERVER, 0, bytes((60, 0, 5, 2, 0, 0, 1, 0)) + bytes((17, 0, 1, 4, 0, 0, 0, 0)) + UDP),
    ip6(PC, SERVER, 60, bytes((17, 1, 0x3e, 4, 1, 2, 3, 4, 0, 1, 5, 0, 0, 0, 0, 0)) + UDP),
    ip6(PC, SERVER, 43, bytes((17, 2, 0, 1, 0, 0, 0, 0)) + six("2001:db8::99") + UDP),
    ip6(PC, SERVER, 44, bytes((17, 0, 0, 0, 0, 0, 0, 7)) + UDP),
    ip6(PC, SERVER, 44, bytes((17, 0, 0, 9, 0, 0, 0, 8)) + UDP),
]
MADE4 = [
    ip4(bytes((7, 11, 8, 10, 0, 1, 10, 0, 0, 0, 0, 0)), 1, PING),
    ip4(bytes((68, 20, 13, 0x21, 10, 0, 1, 10, 0, 0, 3, 232, 10, 0, 2, 25, 0, 0, 3, 233)), 1, PING),
    ip4(bytes((68, 8, 9, 0x20, 0, 0, 3, 232)), 1, PING),
    ip4(bytes((148, 4, 0, 0, 1, 1, 0, 0)), 1, PING),
    ip4(b"", 1, icmp4(12, 0, 21 << 24, ip4(b"", 17, UDP))),
    ip4(b"", 1, icmp4(3, 4, 800, ip4(b"", 17, UDP))),
    ip4(b"", 1, icmp4(5, 1, 0x0a000102, ip4(b"", 17, UDP))),
]


def made():
    path = os.path.join(PLACE, "made.pcap")
    frames = [b"\x33\x33\0\0\0\1" + MAC + b"\x86\xdd" + p for p in MADE6]
    frames += [bytes((2, 0, 0, 0, 2, 0)) + MAC + b"\x08\0" + p for p in MADE4]
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for second, frame in enumerate(frames):
            f.write(struct.pack("<IIII", second, 0, len(frame), len(frame)) + frame)
    return path


def theirs(path):
    """For each frame the set of (key, place, octets) of the network layer."""
    frames = []
    for packet in xml.etree.ElementTree.fromstring(program.tshark(path, "-T", "pdml")):
        frames.append({(f.get("name"), int(f.get("pos")), int(f.get("size"))) for f in packet.iter("field")
                       if f.get("name", "").split(".")[0] in ("ip", "ipv6", "icmp", "icmpv6")
                       and int(f.get("size") or 0) > 0 and f.get("name") not in OTHER_NAMES
                       and not f.get("name").endswith(("_host", ".host"))
                       and not f.get("name").startswith(("ip.options.", "ipv6.src_", "ipv6.dst_"))})
    return frames


def ours(path):
    done = subprocess.run([CAPTURE, "decode", "-r", path, "-T", "json", "--lang", "en"], capture_output=True,
                          text=True, timeout=program.SECONDS_MAX, env=dict(os.environ, LC_ALL="C.UTF-8"))
    assert done.returncode == 0, done.stderr
    return [{(f["key"], f["first_byte"], f["n_bytes"]) for f in json.loads(line)["fields"]}
            for line in done.stdout.splitlines()]


def hold_same_fields(path, at_least):
    compared = 0
    for number, (wanted, got) in enumerate(zip(theirs(path), ours(path)), 1):
        # of flags and half octets ours name the octets that hold the bits, tshark the whole word
        missing = [w for w in wanted if not any(key == w[0] and at >= w[1] and at + n <= w[1] + w[2]
                                                for key, at, n in got)]
        assert not missing, (number, sorted(missing))
        compared += len(wanted)
    assert compared >= at_least, compared


def test_the_mail_journey_over_ipv6_has_nothing_to_remark():
    path = program.saved(PLACE, "mail-journey-v6")
    remarks = program.tshark(path, "-Y", "_ws.malformed || tcp.analysis.flags || _ws.expert.severity >= 6291456 "
                             "|| icmpv6.checksum.status == 0 || tcp.checksum.status == 0 "
                             "|| udp.checksum.status == 0")
    assert remarks == "", remarks
    for protocol in ("smtp", "pop", "imap", "dns", "icmpv6.nd.ra.cur_hop_limit"):
        assert program.tshark(path, "-Y", protocol), protocol
    assert program.tshark(path, "-Y", "ip || arp") == ""


def test_the_fields_of_the_mail_journey_over_ipv6():
    hold_same_fields(program.saved(PLACE, "mail-journey-v6"), 1000)


def test_the_fields_of_packets_made_by_hand():
    hold_same_fields(made(), 300)


tap.main(globals())
