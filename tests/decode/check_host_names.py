#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_host_names.py -- names of addresses that a pcapng file brings (its name resolution blocks) stand
beside the addresses. The file is laid out here, octet by octet; tshark reads the same names from it."""
import os
import struct
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from wire import ACK, ADDR4, ADDR6, TSHARK, fields_of, ipv4, ipv6, our_fields, run, tcp  # noqa: E402

CAPTURE = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()
KEYS = ("enveloscope.ip.src_name", "enveloscope.ip.dst_name")


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def record(kind, octets, name):
    value = octets + name + b"\0"
    return struct.pack("<HH", kind, len(value)) + value + bytes(-len(value) % 4)


def names(*records):
    return block(4, b"".join(record(*r) for r in records) + bytes(4))


def packet(frame):
    return block(6, struct.pack("<IIIII", 0, 0, 0, len(frame), len(frame)) + frame)


def file(*blocks):
    path = os.path.join(FOLDER.name, "names.pcapng")
    head = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)) \
        + block(1, struct.pack("<HHI", 101, 0, 0))
    with open(path, "wb") as out:
        out.write(head + b"".join(blocks))
    return path


def frame(version, src, dst):
    a = ADDR4 if version == 4 else ADDR6
    segment = tcp(a[src], a[dst], 4000, 25, 1, 2, ACK)
    return packet(ipv4(a[src], a[dst], 6, segment) if version == 4 else ipv6(a[src], a[dst], 6, segment))


def theirs(path, version):
    """What tshark puts in place of an address that has a name; the address where it has none."""
    ip = "ip" if version == 4 else "ipv6"
    out = run([TSHARK, "-r", path, "-N", "n", "-T", "fields", "-e", f"{ip}.src_host", "-e", f"{ip}.dst_host"])
    return fields_of(out)


def test_names_beside_addresses():
    path = file(names((1, ADDR4[0], b"pc.a.test"), (2, ADDR6[1], b"mx6.b.test")),
                frame(4, 0, 1), frame(4, 1, 0), frame(6, 0, 1))
    assert our_fields(CAPTURE, path, KEYS) == [["pc.a.test", ""], ["", "pc.a.test"], ["", "mx6.b.test"]]
    if TSHARK:
        assert theirs(path, 4)[:2] == [["pc.a.test", "10.0.0.2"], ["10.0.0.2", "pc.a.test"]]
        assert theirs(path, 6)[2][1] == "mx6.b.test"


def test_no_names_no_fields():
    assert our_fields(CAPTURE, file(frame(4, 0, 1)), KEYS) == [["", ""]]


def test_hostile_names_are_escaped():
    path = file(names((1, ADDR4[0], "ev\til‮\x1b[31m".encode())), frame(4, 0, 1))
    assert our_fields(CAPTURE, path, KEYS) == [["ev\\til\\u202e\\x1b[31m", ""]]


def test_the_filter_knows_them():
    path = file(names((1, ADDR4[0], b"pc.a.test")), frame(4, 0, 1), frame(4, 1, 0))
    out = run([CAPTURE, "decode", "-r", path, "-Y", 'enveloscope.ip.dst_name contains "a.test"', "-T",
               "fields", "-e", "frame.number"])
    assert out == "2\n", out


tap.main(globals())
