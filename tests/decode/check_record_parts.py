#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_record_parts.py -- parts that tshark has no key for, in records of DNS and options of PPP and TCP:
which octets they are and what they say, from examples of the RFCs."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from parts import rows  # noqa: E402
from wire import ACK, ADDR4, ipv4, tcp, udp, write_pcap  # noqa: E402

CAPTURE = os.path.abspath(sys.argv[1])


class Frames:
    """Frames of one link type, as parts.py takes them."""

    def __init__(self, frames, link):
        self.frames, self.link = frames, link

    def write(self, path):
        write_pcap(path, self.frames, self.link)
        return path


def places(frame, link, prefix):
    """(key, first octet, octets) of the fields with this prefix, and their values."""
    found = []
    for row in rows(CAPTURE, Frames([frame], link), (prefix,)):
        key, octets, *value = row.split("|")
        found.append((key, octets, *value))
    return found


def dns(kind, octets):
    name = b"\3bob\4test\0"
    message = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0) + name + struct.pack(">HH", kind, 1) \
        + b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 300, len(octets)) + octets
    return ipv4(ADDR4[1], ADDR4[0], 17, udp(ADDR4[1], ADDR4[0], 53, 4000, message))


def types(octets):
    return [(key.rsplit(".", 1)[1], value[-1]) for key, *value in
            places(dns(47, b"\4host\7example\3com\0" + octets), 101, "enveloscope.dns.types.")]


def test_types_of_nsec():
    """The example of RFC 4034 section 4.3: A MX RRSIG NSEC TYPE1234."""
    bitmap = bytes.fromhex("0006400100000003" "041b" + "00" * 26 + "20")
    assert types(bitmap) == [("window", "0"), ("length", "6"), ("type", "1"), ("type", "15"),
                             ("type", "46"), ("type", "47"), ("window", "4"), ("length", "27"),
                             ("type", "1234")], types(bitmap)


def bad(frame, link=101, key="enveloscope.dns.bad"):
    return len(places(frame, link, key))


def test_malformed_records():
    whole = b"\1\1\0\x0a\2\xaa\xbb\4abcd\0\1\x40"
    assert bad(dns(50, whole)) == 0
    for n in range(len(whole)):           # NSEC3 may end behind its hash: it then has no types
        assert bad(dns(50, whole[:n])) == (n != 12), n
    assert bad(dns(51, b"\1\0\0\x0a\0")) == 0 and bad(dns(51, b"\1\0\0\x0a\0\0")) == 1
    assert bad(dns(43, b"\0\1\x08")) == 1 and bad(dns(48, b"\1\1\3")) == 1
    assert bad(dns(47, b"\4host\0\0\0")) == 1      # a window without octets
    assert bad(dns(46, bytes(18))) == 1            # no signer


def ppp(protocol, code, octets):
    return b"\xff\3" + struct.pack(">HBBH", protocol, code, 7, 4 + len(octets)) + octets


def test_options_of_ppp():
    frame = ppp(0xc021, 3, b"\4\x08\xc0\x25\0\0\0\x64\x63\4\1\2\x13\4\1\x09")
    assert places(frame, 9, "lcp.opt.reporting_period") == [
        ("lcp.opt.reporting_period", "\\x00\\x00\\x00d", "100")]
    assert [value[-1] for _, *value in places(frame, 9, "enveloscope.ppp.option_data")] == ["0102"]
    assert [value[-1] for _, *value in places(frame, 9, "enveloscope.lcp.endpoint")] == ["09"]
    frame = ppp(0xc021, 8, b"\x80\xfd\1\1\0\4")
    assert [value[-1] for _, *value in places(frame, 9, "lcp.rej_proto")] == ["0x80fd"]
    assert [value[-1] for _, *value in places(frame, 9, "enveloscope.ppp.rejected")] == ["01010004"]


def test_lengths_of_ppp():
    """One mark each: wrong for the type, too short for any, out of the message."""
    for options, marks in ((b"\1\4\5\xd4", 0), (b"\1\3\5", 1), (b"\1\1", 1), (b"\1\x09\5", 1),
                           (b"\x09\4\1\2\x0a\2", 0), (b"\1\4\5\xd4\1", 1), (b"", 0)):
        assert len(places(ppp(0xc021, 1, options), 9, "ppp.opt.len.invalid")) == marks, options


def test_checksum_of_multipath():
    """A mapping with its checksum (RFC 8684 section 3.3); tshark shows it where it saw the handshake."""
    option = b"\x1e\x14\x20\x05\1\2\3\4\5\6\7\x08\0\0\0\1\0\x10\xab\xcd"
    frame = ipv4(ADDR4[0], ADDR4[1], 6, tcp(ADDR4[0], ADDR4[1], 4000, 25, 1, 2, ACK, b"", option))
    found = places(frame, 101, "tcp.options.mptcp.checksum")
    assert [(key, value[-1]) for key, *value in found] == [("tcp.options.mptcp.checksum", "0xabcd")]


tap.main(globals())
