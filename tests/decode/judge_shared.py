#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_shared.py -- tshark reads the same captures, file by file, and every key that both programs
have must have the same values in every frame.

    captures: frames written here (links, options, headers, tunnels), TLS by Python's ssl module with
              and without its key log, and the corpus of ENVELOSCOPE_CORPUS

Where the two differ on purpose, a row of EXCEPTIONS says so and why; a row that no capture of its
group needs fails."""
import fnmatch
import glob
import os
import ssl
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from wire import (ACK, ADDR4, ADDR6, CLIENT, PSH, SERVER, SYN, Session, TSHARK,  # noqa: E402
                  ethernet, ipv4, ipv6, our_fields, run, tcp, tshark_fields, udp, with_checksum,
                  write_pcap)

CAPTURE = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
CHECKS = ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE")

MAIL = ("smtp.*", "pop.*", "imap.*", "imf.*", "mime_multipart.*", "media*")

# file, frame (0: any), key, reason
EXCEPTIONS = [
    # ---- by design, whatever the capture ----
    ("*", 0, "frame.interface_id", "we number the one interface of a pcap file, too"),
    ("*", 0, "frame.protocols", "protocols that only tshark reads, and ASN.1 modules by name"),
    ("*", 0, "tcp.segment*", "tshark joins whole segments, we join the lines that they bring"),
    ("*", 0, "tcp.reassembled*", "the same"),
    ("*", 0, "data.*", "what a protocol is that only tshark reads, is data to us"),
    ("*", 0, "dns.response_in", "tshark knows later frames only when it reads the file twice"),
    ("network*", 0, "ip*.reassembled*in", "tshark knows later frames only in a second reading"),
    ("*", 0, "tls.handshake.extension.data", "tshark writes <MISSING> for no octets"),
    ("tls-*", 0, "x509sat.uTF8String", "control characters of Latin-1 are escaped"),
    # ---- frames by hand ----
    ("control-ppp.pcap", 17, "ipv6cp.interface_identifier", "tshark writes it with colons"),
    ("source-route*", 0, "*", "tshark puts the end of the prescribed way in place of the header's "
     "destination, and so into the flow; the checksum here was made over the header's"),
    ("network*", 0, "ip.fragments", "tshark's value is all the octets, ours has none"),
    ("network*", 0, "ipv6.opt.padn", "tshark writes <none> for no octets"),
    ("control.pcap", 0, "tcp.*", "what ICMPv6 quotes, tshark counts as a segment of its stream"),
    ("names*", 0, "dns.resp.name", "tshark shows the owner of SRV only as three parts"),
    ("tunnel-*", 0, "socks.*", "a request is shown where the proxy's answer confirms it; tshark "
     "repeats it in every frame that follows, and reads 4.1.0.110 out of its own header there"),
    ("tunnel-*", 0, "tcp.payload", "tshark has it twice inside a tunnel"),
    # ---- the corpus ----
    ("zeek__smtp.pcap", 0, "tcp.*", "what ICMP quotes, tshark counts as a segment of its stream"),
    ("suricata-verify__smtp-bug-59*.pcap", 0, "eth.trailer",
     "tshark guesses that the last four octets of a trailer are a checksum"),
    ("zeek__pop3_pop3.pcap", 0, "eth.trailer", "the same"),
    ("zeek__tls_pop3-starttls.pcap", 13, "ber.bitstring.padding",
     "the extension of Netscape is shown as octets"),
]


def keys():
    """Keys of both programs that have a value, but for the mail protocols, which test-tshark.c and
    check_weak.py judge one by one."""
    theirs = {line.split("\t")[2] for line in run([TSHARK, "-G", "fields"]).splitlines()
              if line.startswith("F\t")}
    ours = [line.split()[0] for line in run([CAPTURE, "fields"]).splitlines() if line.strip()]
    return [key for key in ours if key in theirs
            and not any(fnmatch.fnmatch(key, glob_) for glob_ in MAIL)]


def excused(name, frame, key, needed):
    for i, (file, number, pattern, _) in enumerate(EXCEPTIONS):
        if (fnmatch.fnmatch(name, file) and number in (0, frame)
                and fnmatch.fnmatch(key, pattern)):
            needed.add(i)
            return True
    return False


def differences(path, names, needed, keylog=None):
    """What differs in one capture without an excuse."""
    name = os.path.basename(path)
    ours = our_fields(CAPTURE, path, names, keylog)
    theirs = tshark_fields(path, names, keylog, CHECKS)
    assert len(ours) == len(theirs), f"{name}: {len(ours)} and {len(theirs)} frames"
    found = []
    for frame, (mine, other) in enumerate(zip(ours, theirs), 1):
        assert len(mine) == len(other) == len(names), f"{name} frame {frame}: a tab in a value"
        found += [f"{name} frame {frame}: {key} is “{a[:90]}”, tshark says “{b[:90]}”"
                  for key, a, b in zip(names, mine, other)
                  if a != b and not excused(name, frame, key, needed)]
    return found


def judge(paths, keylogs=None):
    if not TSHARK:
        raise tap.Skip("tshark is not installed")
    needed, found, names = set(), [], keys()
    assert len(names) > 300, len(names)
    for path in paths:
        found += differences(path, names, needed, (keylogs or {}).get(path))
    assert not found, "\n".join([f"{len(found)} values differ", *found[:60]])
    return needed


def made(name, frames, link=1):
    path = os.path.join(PLACE, name + ".pcap")
    write_pcap(path, frames, link)
    return path


# ---- frames by hand ----

def segment(side, payload=b"", flags=ACK, options=b"", seq=100, ack=200, version=4):
    addresses = ADDR4 if version == 4 else ADDR6
    return tcp(addresses[side], addresses[1 - side], 40000 + side, 25 - side, seq, ack, flags,
               payload, options)


def packet4(payload, proto=6, **more):
    return ipv4(ADDR4[0], ADDR4[1], proto, payload, **more)


def packet6(payload, proto=6):
    return ipv6(ADDR6[0], ADDR6[1], proto, payload)


def udp4(sport, dport, payload):
    return packet4(udp(ADDR4[0], ADDR4[1], sport, dport, payload), 17)


def tag(kind, value):
    return struct.pack(">HH", kind, len(value)) + value


def pppoe(code, session, payload, kind=0x8863):
    return ethernet(0, kind, struct.pack(">BBHH", 0x11, code, session, len(payload)) + payload)


def test_links():
    four, six = packet4(segment(0)), packet6(segment(0, version=6))
    macs = bytes.fromhex("020000000001")
    paths = [
        made("link-ethernet", [
            ethernet(0, 0x0800, four), ethernet(0, 0x86dd, six),
            ethernet(0, 0x8100, struct.pack(">HH", 0x2005, 0x0800) + four),
            ethernet(0, 0x88a8, struct.pack(">HHHH", 0x0064, 0x8100, 0xb005, 0x86dd) + six),
            ethernet(0, 0x9100, struct.pack(">HHHH", 0x0064, 0x8100, 5, 0x0800) + four),
            ethernet(0, 8 + len(four), b"\xaa\xaa\3\0\0\0\x08\0" + four),
            ethernet(0, 0x0800, four) + bytes(6),
        ]),
        made("link-sll", [struct.pack(">HHH", side, 1, 6) + macs + b"\0\0" + struct.pack(">H", kind)
                          + packet for side, kind, packet in ((0, 0x800, four), (4, 0x86dd, six))]
             + [struct.pack(">HHH", 4, 530, n) + bytes(range(1, 9)) + b"\x08\0" + four
                for n in (0, 1, 7)], 113),
        made("link-sll2", [struct.pack(">HHIHBB", kind, 0, 2, 1, side, 6) + macs + b"\0\0" + packet
                           for side, kind, packet in ((0, 0x800, four), (4, 0x86dd, six))], 276),
        made("link-null", [struct.pack("<I", 2) + four, struct.pack("<I", 30) + six,
                           struct.pack("<I", 24) + six, struct.pack("<I", 28) + six], 0),
        made("link-loop", [struct.pack(">I", 2) + four, struct.pack(">I", 24) + six], 108),
        made("link-raw", [four, six], 101),
        made("link-raw4", [four], 228),
        made("link-raw6", [six], 229),
        made("link-ppp", [b"\xff\3\0\x21" + four, b"\0\x57" + six, b"\x21" + four], 9),
        made("link-pppoe", [
            pppoe(9, 0, tag(0x0101, b"mail") + tag(0x0103, b"\1\2\3\4")),
            pppoe(7, 0, tag(0x0101, b"") + tag(0x0102, b"ac-1") + tag(0x0104, b"cookie")
                  + tag(0x0110, b"relay") + tag(0x0120, b"\5\xdc")),
            pppoe(0x65, 0x1234, tag(0x0201, b"no") + tag(0x0202, b"err") + tag(0x0203, b"bye")),
            pppoe(0xa7, 0x1234, tag(0, b"")),
            pppoe(0, 0x1234, b"\0\x21" + four, 0x8864), pppoe(0, 0x1234, b"\0\x57" + six, 0x8864),
            pppoe(0, 0x1234, b"\xc0\x23\1\7\0\x12\5alice\7pass wd", 0x8864),
            pppoe(0, 0x1234, b"\xc0\x23\2\7\0\7\2OK", 0x8864),
        ]),
    ]
    judge(paths)


def extension(following, body):
    """A hop-by-hop, destination or routing header (RFC 8200 4.2): filled up with PadN."""
    rest = -(len(body) + 2) % 8
    fill = b"" if rest == 0 else b"\0" if rest == 1 else bytes([1, rest - 2]) + bytes(rest - 2)
    octets = body + fill
    return bytes([following, (len(octets) + 2) // 8 - 1]) + octets


def test_network_headers():
    four = segment(0, b"EHLO pc\r\n", PSH | ACK)
    six = segment(0, b"EHLO pc\r\n", PSH | ACK, version=6)
    long_ = udp(ADDR4[0], ADDR4[1], 4000, 4001, bytes(range(48)))
    long6 = udp(ADDR6[0], ADDR6[1], 4000, 4001, bytes(range(48)))
    times = b"\x44\x0c\x05\x00" + bytes(8)
    frames = [
        packet4(four, options=b"\x94\4\0\0"),
        packet4(four, options=b"\7\x0b\4" + bytes(8) + b"\0"),
        packet4(four, options=times),
        packet4(four, options=b"\x44\x0c\x0d\x11\x0a\0\0\5\0\0\0\x64"),
        packet4(long_[:24], 17, ident=7, fragment=0x2000),
        packet4(long_[24:48], 17, ident=7, fragment=0x2003),
        packet4(long_[48:], 17, ident=7, fragment=6),
        packet6(extension(6, b"\5\2\0\0\1\0") + six, 0),
        packet6(extension(60, b"\1\4\0\0\0\0") + extension(6, b"\x3e\3abc") + six, 0),
        packet6(bytes([17, 0, 0, 1, 0, 0, 0, 9]) + long6[:24], 44),
        packet6(bytes([17, 0, 0, 24 | 1, 0, 0, 0, 9]) + long6[24:48], 44),
        packet6(bytes([17, 0, 0, 48, 0, 0, 0, 9]) + long6[48:], 44),
        packet6(struct.pack(">BBHII", 6, 4, 0, 1, 1) + bytes(12) + six, 51),
        packet6(b"\x3b\0\1\4\0\0\0\0", 0),
    ]
    routes = [packet4(four, options=b"\x83\x0b\x08\x0a\0\0\5\x0a\0\0\6\0"),
              packet4(four, options=b"\x89\7\4\x0a\0\0\5\1")]
    judge([made("network", frames, 101), made("source-route", routes, 101)])


def icmp(kind, code, rest):
    octets = struct.pack(">BBH", kind, code, 0) + rest
    from wire import sum16
    return packet4(octets[:2] + struct.pack(">H", sum16(octets)) + octets[4:], 1)


def icmp6(kind, code, rest):
    octets = struct.pack(">BBH", kind, code, 0) + rest
    return packet6(with_checksum(ADDR6[0], ADDR6[1], 58, octets, 2), 58)


def test_control_messages():
    quoted = packet4(segment(0, b"x" * 8))[:28]
    quoted6 = packet6(segment(0, b"x" * 8, version=6))
    frames = [icmp(8, 0, b"\0\1\0\1ping"), icmp(0, 0, b"\0\1\0\1ping"),
              icmp(3, 4, b"\0\0\5\x78" + quoted), icmp(3, 1, bytes(4) + quoted),
              icmp(11, 0, bytes(4) + quoted), icmp(5, 1, b"\x0a\0\0\5" + quoted),
              icmp6(128, 0, b"\0\1\0\1ping"), icmp6(129, 0, b"\0\1\0\1ping"),
              icmp6(2, 0, b"\0\0\5\0" + quoted6), icmp6(1, 4, bytes(4) + quoted6),
              icmp6(3, 0, bytes(4) + quoted6),
              icmp6(135, 0, bytes(4) + ADDR6[1] + b"\1\1\2\0\0\0\0\1"),
              icmp6(143, 0, b"\0\0\0\1\4\0\0\0" + ADDR6[1]),
              icmp6(136, 0, b"\x60\0\0\0" + ADDR6[1] + b"\2\1\2\0\0\0\0\2")]
    arp = [ethernet(0, 0x0806, struct.pack(">HHBBH", 1, 0x800, 6, 4, op) + bytes.fromhex(
        "020000000001") + ADDR4[0] + bytes(6) + ADDR4[1]) for op in (1, 2)]
    judge([made("control", frames, 101), made("control-arp", arp)])


def option(kind, contents):
    """One option, filled up with NOP to words."""
    octets = bytes([kind, len(contents) + 2]) + contents
    return octets + b"\1" * (-len(octets) % 4)


def test_tcp_options():
    keys = bytes(range(16))
    lists = [b"\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7",
             b"\1\1\x05\x0a\0\0\0\x64\0\0\0\xc8",
             b"\1\1\5\x12\0\0\0\x64\0\0\0\xc8\0\0\1\x2c\0\0\1\x90",
             option(19, keys), option(19, b""), option(28, b"\x80\x3c"), option(28, b"\0\x3c"),
             option(29, b"\1\2" + keys[:12]), option(29, b"\1\2"), option(34, keys[:8]),
             option(34, b""), option(27, b"\1\2\0\0\0\4"), option(172, keys[:9]),
             option(174, keys[:9]), option(172, keys[:3]), option(253, b"\xf9\x89\1\2"),
             option(253, b"\xf9\x89"), option(254, b"\1\2\3\4"), b"\2\4\5\xb4\0\0\0\0",
             option(77, b"\1\2"), option(2, b"\5"), option(3, b"\7\7"), option(4, b"\0"),
             option(8, keys[:4]), option(27, b"\1\2"), option(28, b"\0")]
    frames = [packet4(tcp(ADDR4[0], ADDR4[1], 41000 + i, 25, 100, 200, ACK, b"", o))
              for i, o in enumerate(lists)]
    judge([made("options", frames, 101)])


def under_way(path, rows, step_us=10000):
    """Rows (side, sequence number, receipt, octets, flags, options[, window]) of one connection."""
    frames = []
    for side, seq, ack, n, flags, options, *window in rows:
        src, dst = ADDR4[side], ADDR4[1 - side]
        octets = tcp(src, dst, 40000 + side, 40001 - side, seq, ack, flags, b"x" * n, options,
                     *(window or (8192,)))
        frames.append(ipv4(src, dst, 6, octets))
    write_pcap(path, frames, 101, step_us)
    return path


def test_octets_under_way():
    """Round trips, octets under way and repeated ACKs where segments come late, twice or not at all."""
    def sack(*edges):
        return b"\1\1\5" + bytes([2 + 4 * len(edges)]) + struct.pack(f">{len(edges)}I", *edges)

    start = [(0, 99, 0, 0, SYN, b""), (1, 499, 100, 0, SYN | ACK, b""), (0, 100, 500, 0, ACK, b"")]
    many = [(0, 100 + 10 * i, 500, 10, ACK, b"") for i in range(60)]
    rows = {
        "a-long-window": start + many + [(1, 500, 700, 0, ACK, b""), (0, 700, 500, 5, ACK | PSH, b""),
                                         (0, 705, 500, 5, ACK, b"")],
        "a-hole": start + [(0, 100, 500, 10, ACK | PSH, b""), (0, 120, 500, 10, ACK | PSH, b""),
                           (0, 130, 500, 10, ACK, b""), (1, 500, 110, 0, ACK, sack(120, 140)),
                           (0, 110, 500, 10, ACK, b""), (0, 140, 500, 10, ACK, b""),
                           (1, 500, 150, 0, ACK, b""), (0, 150, 500, 7, ACK | PSH, b"")],
        "the-first-again": start + [(0, 100 + 10 * i, 500, 10, ACK, b"") for i in range(4)]
        + [(0, 100, 500, 10, ACK, b""), (1, 500, 110, 0, ACK, b""), (1, 500, 120, 0, ACK, b""),
           (1, 500, 140, 0, ACK, b""), (0, 100, 500, 10, ACK, b""),
           (1, 500, 140, 0, ACK, sack(100, 110)), (0, 140, 500, 10, ACK, b"")],
        "all-was-sacked": start + [(0, 100, 500, 10, ACK | PSH, b""),
                                   (0, 100, 500, 10, ACK | PSH, b""),
                                   (1, 500, 110, 0, ACK, sack(100, 110)),
                                   (0, 110, 500, 10, ACK | PSH, b""), (0, 120, 500, 3, ACK, b"")],
        "acks-again": start + [(0, 100, 500, 10, ACK, b""), (1, 500, 110, 0, ACK, b""),
                               (1, 500, 110, 0, ACK, b""), (1, 500, 110, 0, ACK, b"", 9000),
                               (1, 500, 110, 0, ACK, b"", 9000), (1, 500, 110, 4, ACK, b"", 9000),
                               (1, 504, 110, 0, ACK, b"", 9000), (0, 110, 504, 9, ACK | 1, b""),
                               (1, 504, 120, 3, ACK, b""), (0, 120, 507, 0, ACK, b"")],
        "keep-alive": start + [(0, 100, 500, 10, ACK, b""), (1, 500, 110, 0, ACK, b""),
                               (0, 109, 500, 1, ACK, b""), (1, 500, 110, 0, ACK, sack(109, 110)),
                               (0, 109, 500, 1, ACK, b""), (1, 500, 110, 0, ACK, b"")],
    }
    judge([under_way(os.path.join(PLACE, name_ + ".pcap"), row) for name_, row in rows.items()]
          + [under_way(os.path.join(PLACE, "no-time.pcap"), rows["acks-again"], 0)])


def test_multipath_options():
    """Each subtype in each of its forms (RFC 8684 section 3, RFC 6824 section 3)."""
    eight, four = bytes(range(8)), b"\1\2\3\4"
    join, data = b"\5" + four + four, b"\0\0\0\1\0\x10"
    lists = [(SYN, b"\0\x81" + eight), (ACK, b"\0\1" + eight * 2), (SYN, b"\1\xe1"),
             (ACK, b"\1\x81" + eight), (ACK, b"\1\x9f" + eight * 2 + b"\0\x64"),
             (ACK, b"\1\x81" + eight * 2 + b"\0\x64\x12\x34"),
             (SYN, b"\x11" + join), (ACK, b"\x10\5" + eight + four),
             (ACK, b"\x1a\xbc" + bytes(range(20))),
             (ACK, b"\x20\1" + four), (ACK, b"\x20\3" + eight), (ACK, b"\x20\4" + four + data),
             (ACK, b"\x20\5" + four * 2 + data), (ACK, b"\x20\x1f" + eight * 2 + data),
             (ACK, b"\x34\7" + ADDR4[1]), (ACK, b"\x34\7" + ADDR4[1] + b"\0\x19"),
             (ACK, b"\x30\7" + ADDR4[1] + eight), (ACK, b"\x30\7" + ADDR4[1] + b"\0\x19" + eight),
             (ACK, b"\x31\7" + ADDR4[1] + b"\0\x19"), (ACK, b"\x36\7" + ADDR6[1]),
             (ACK, b"\x40\7\x08"), (ACK, b"\x51\7"), (ACK, b"\x50"),
             (ACK, b"\x60\0" + eight), (ACK, b"\x70\0" + eight), (ACK, b"\x8d\1"), (ACK, b"\x90\1")]
    frames = [packet4(tcp(ADDR4[0], ADDR4[1], 41000 + i, 25, 100, 200, flags, b"", option(30, o)))
              for i, (flags, o) in enumerate(lists)]
    judge([made("multipath", frames, 101)])


def test_octets_under_way_in_fragments():
    """The numbers stand in the first fragment, the segment is whole in the last one's frame."""
    def segments(side, *numbers):
        return tcp(ADDR4[side], ADDR4[1 - side], 40000 + side, 40001 - side, *numbers)

    whole = segments(0, 100, 500, ACK | PSH, b"x" * 60)
    frames = [packet4(segments(0, 99, 0, SYN)),
              ipv4(ADDR4[1], ADDR4[0], 6, segments(1, 499, 100, SYN | ACK)),
              packet4(segments(0, 100, 500, ACK)), packet4(whole[:40], ident=9, fragment=0x2000),
              packet4(whole[40:], ident=9, fragment=5),
              packet4(segments(0, 160, 500, ACK, b"y" * 7)),
              ipv4(ADDR4[1], ADDR4[0], 6, segments(1, 500, 160, ACK))]
    judge([made("network-tcp", frames, 101)])


def name(text):
    return b"".join(bytes([len(part)]) + part for part in text.encode().split(b".")) + b"\0"


def answer(kind, octets, owner=b"\xc0\x0c"):
    return owner + struct.pack(">HHIH", kind, 1, 300, len(octets)) + octets


def reply(kind, octets, extra=b"", n_extra=0):
    return struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, n_extra) + name("bob.test") \
        + struct.pack(">HH", kind, 1) + answer(kind, octets) + extra


def test_names():
    records = [(1, ADDR4[0]), (2, name("ns.test")), (5, b"\1x\xc0\x0c"),
               (6, name("ns.test") + name("root.test") + struct.pack(">IIIII", 1, 2, 3, 4, 5)),
               (12, name("ptr.test")), (15, b"\0\x0a" + b"\2mx\xc0\x0c"), (16, b"\5v=spf\3all"),
               (28, ADDR6[0]), (33, struct.pack(">HHH", 1, 2, 25) + name("mx.test")),
               (257, b"\0\5issueca.test"),
               # RFC 4034 and 5155: keys of three algorithms, fingerprints, signatures, gaps
               (43, b"\x12\x34\x08\2" + bytes(range(32))), (59, b"\x12\x34\x0d\1" + bytes(range(20))),
               (46, struct.pack(">HBBIIIH", 15, 13, 2, 3600, 1800000000, 1700000000, 4660)
                + name("bob.test") + bytes(range(64))),
               (47, name("next.bob.test") + b"\0\6\x40\1\0\0\0\3"),
               (50, b"\1\1\0\x0a\4\xaa\xbb\xcc\xdd\x14" + bytes(range(20)) + b"\0\1\x40"),
               (51, b"\1\0\0\x0a\2\1\2"), (48, b"\1\1\3\x0d" + bytes(range(64))),
               (60, b"\1\0\3\5\1\3" + bytes(range(66))), (48, b"\1\x80\3\1\1\3" + bytes(range(66))),
               (52, b"\3\1\1" + bytes(range(32)))]
    messages = [reply(kind, octets) for kind, octets in records]
    messages.append(reply(1, ADDR4[0], b"\0" + struct.pack(">HHIH", 41, 1232, 0x8000, 0), 1))
    questions = [struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + name("bob.test")
                 + struct.pack(">HH", 15, 1)]
    frames = [udp4(4000, 53, m) for m in questions] + [udp4(53, 4000, m) for m in messages]
    judge([made("names", frames, 101)])


def control(protocol, code, options):
    """A frame of PPP with a message of LCP (0xc021), IPCP (0x8021) or IPV6CP (0x8057)."""
    return b"\xff\3" + struct.pack(">HBBH", protocol, code, 7, 4 + len(options)) + options


def test_control_of_ppp():
    """RFC 1661, 1332, 1877 and 5072; the last ones have wrong lengths. A list with a quality protocol
    and its period breaks tshark's reading off, and the packet within a Protocol-Reject tshark reads as
    if it were sent: these two are not judged."""
    lcp, ipcp, four = 0xc021, 0x8021, b"\x0a\0\0\1"
    judge([made("control-ppp", [
        control(lcp, 1, b"\1\4\5\xd4" + b"\2\6\0\x0a\0\0" + b"\3\4\xc0\x23" + b"\5\6\1\2\3\4"
                + b"\7\2\x08\2"),
        control(lcp, 2, b"\3\5\xc2\x23\5"), control(lcp, 3, b"\3\5\xc2\x23\x81"),
        control(lcp, 4, b"\x0d\3\6" + b"\x11\4\5\xdc" + b"\x12\2" + b"\x13\x09\3\1\2\3\4\5\6"
                + b"\x17\4\0\1"),
        control(lcp, 4, b"\x13\7\2" + four),
        control(lcp, 5, b"bye"), control(lcp, 6, b""), control(lcp, 7, b"\x0e\1\0\4"),
        control(lcp, 9, b"\1\2\3\4"), control(lcp, 10, b"\1\2\3\4hello"),
        control(lcp, 11, b"\1\2\3\4xx"), control(lcp, 12, b"\1\2\3\4PPP 1"),
        control(lcp, 13, b"\1\2\3\4\0\0\0\5msg"),
        control(ipcp, 1, b"\3\6" + four + b"\x81\6" + four + b"\x83\6" + four + b"\x82\6" + four
                + b"\x84\6" + four),
        control(ipcp, 3, b"\2\6\0\x2d\x0f\1" + b"\1\x0a" + four * 2 + b"\4\6" + four),
        control(ipcp, 5, b"end"), control(0x8057, 1, b"\1\x0a" + bytes(range(8))),
    ], 9)])


# ---- tunnels ----

POP = "S: +OK ready\nC: USER alice\nS: +OK\nC: PASS s3cret\nS: +OK in\n"


def test_tunnels():
    """Behind the proxy's answer tshark repeats the request's fields in every frame; we do not."""
    paths = []
    for name_, port, script in (
            ("tunnel-5", 1080, r"c: \x05\x02\x00\x02" "\n" r"s: \x05\x02" "\n"
             r"c: \x01\x03bob\x05pr0xy" "\n" r"s: \x01\x00" "\n"
             r"c: \x05\x01\x00\x03\x07mx.test\x00\x6e" "\n"
             r"s: \x05\x00\x00\x01\x01\x02\x03\x04\x00\x6e" "\n"),
            ("tunnel-4a", 1080, r"c: \x04\x01\x00\x6e\x00\x00\x00\x01joe\x00mx.test\x00" "\n"
             r"s: \x00\x5a\x00\x6e\x01\x02\x03\x04" "\n"),
            ("tunnel-http", 3128, r"c: CONNECT mx.test:110 HTTP/1.1\r\nHost: mx.test:110\r\n\r\n" "\n"
             r"s: HTTP/1.1 200 Connection established\r\n\r\n" "\n")):
        session = Session(port).talk(script + POP)
        paths.append(session.write(os.path.join(PLACE, name_ + ".pcap")))
    judge(paths)


# ---- TLS ----

def certificate(folder, kind, *options):
    base = os.path.join(folder, kind)
    made_ = subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", *options, "-keyout", base + ".key", "-out",
         base + ".pem", "-days", "30", "-subj", "/C=TH/O=Enveloscope/CN=mx.test", "-addext",
         "subjectAltName=DNS:mx.test,DNS:*.mail.test,IP:10.0.0.2,IP:fd00::2,email:a@b.test",
         "-addext", "keyUsage=critical,digitalSignature,keyEncipherment",
         "-addext", "extendedKeyUsage=serverAuth,clientAuth"], capture_output=True, text=True)
    assert made_.returncode == 0, made_.stderr
    return base + ".pem", base + ".key"


def conversation(name_, version, pair, ciphers=None, client_pair=None, port=46500):
    """A handshake and a few octets over TLS, segment by segment; its capture and its key log."""
    path, keylog = os.path.join(PLACE, name_ + ".pcap"), os.path.join(PLACE, name_ + ".keys")
    contexts = []
    for side in (CLIENT, SERVER):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if side == CLIENT
                                 else ssl.PROTOCOL_TLS_SERVER)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if ciphers:
            context.set_ciphers(ciphers)
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["imap", "smtp"])
        contexts.append(context)
    contexts[SERVER].load_cert_chain(*pair)
    contexts[CLIENT].keylog_filename = keylog
    if client_pair:
        contexts[CLIENT].load_cert_chain(*client_pair)
        contexts[SERVER].verify_mode = ssl.CERT_REQUIRED
        contexts[SERVER].load_verify_locations(client_pair[0])
    inputs = [ssl.MemoryBIO(), ssl.MemoryBIO()]
    outputs = [ssl.MemoryBIO(), ssl.MemoryBIO()]
    ends = [contexts[CLIENT].wrap_bio(inputs[0], outputs[0], server_hostname="mx.test"),
            contexts[SERVER].wrap_bio(inputs[1], outputs[1], server_side=True)]
    session = Session(port)

    def carry():
        moved = False
        for side in (CLIENT, SERVER):
            octets = outputs[side].read()
            for at in range(0, len(octets), 1200):
                session.say(side, octets[at:at + 1200])
            inputs[1 - side].write(octets)
            moved |= bool(octets)
        return moved

    done = [False, False]
    while not all(done):
        for side in (CLIENT, SERVER):
            try:
                done[side] = done[side] or ends[side].do_handshake() is None
            except ssl.SSLWantReadError:
                pass
        carry()
    carry()
    ends[SERVER].write(b"hello\n")
    carry()
    ends[CLIENT].read(10)
    return session.write(path), keylog


def test_tls():
    rsa, ec = certificate(PLACE, "rsa", "rsa:2048"), certificate(PLACE, "ec", "ec", "-pkeyopt",
                                                                 "ec_paramgen_curve:prime256v1")
    two, three = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    made_ = [conversation("tls-12-rsa", two, rsa, "AES128-GCM-SHA256"),
             conversation("tls-12-ecdhe", two, ec, "ECDHE-ECDSA-CHACHA20-POLY1305"),
             conversation("tls-12-dhe", two, rsa, "ECDHE-RSA-AES256-GCM-SHA384"),
             conversation("tls-12-client", two, rsa, "ECDHE", ec),
             conversation("tls-13", three, rsa), conversation("tls-13-ec", three, ec),
             conversation("tls-13-client", three, rsa, None, ec)]
    judge([path for path, _ in made_])
    judge([path for path, _ in made_], dict(made_))


# ---- the corpus ----

def test_corpus():
    corpus = os.environ.get("ENVELOSCOPE_CORPUS")
    if not corpus:
        raise tap.Skip("ENVELOSCOPE_CORPUS is not set")
    paths = [path for folder in ("real", "onefeature")
             for path in sorted(glob.glob(os.path.join(corpus, folder, "*.pcap*")))]
    needed = judge(paths)
    spare = [row for i, row in enumerate(EXCEPTIONS) if i not in needed
             and row[0].startswith(("zeek", "suricata", "pop-", "*"))]
    assert not spare, f"exceptions that nothing needs: {spare}"


tap.main(globals())
