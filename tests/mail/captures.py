# SPDX-License-Identifier: GPL-3.0-or-later
"""captures.py -- small captures of raw IPv4 for scripts of tests, octet by octet, checksums right."""
import os
import struct


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip(source, target, payload, ident=0, offset=0, more=False):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, offset // 8 | more << 13, 64,
                       6, 0, source, target)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


ENDS = [bytes([10, 0, 0, 5]), bytes([10, 0, 0, 2])]


def tcp(server, seq, ack, flags, text, port):
    """A TCP segment between 10.0.0.5:50112 (server False) and 10.0.0.2:port."""
    ports = (port, 50112) if server else (50112, port)
    head = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65000, 0, 0)
    pseudo = ENDS[server] + ENDS[not server] + struct.pack(">HH", 6, 20 + len(text))
    return head[:16] + struct.pack(">H", checksum(pseudo + head + text)) + head[18:] + text


def segment(server, seq, ack, flags, text, port):
    return ip(ENDS[server], ENDS[not server], tcp(server, seq, ack, flags, text, port))


def conversation(script, port):
    """Frames of a handshake and of lines "C: …" and "S: …", one segment each."""
    frames, seq = [], [1000, 2000]
    for server, flags in ((0, 2), (1, 0x12), (0, 0x10)):
        frames.append(segment(server, seq[server], seq[1 - server] if flags & 16 else 0, flags, b"",
                              port))
        seq[server] += flags & 2 and 1
    for line in script:
        server = line.startswith("S")
        text = line[3:].encode() + b"\r\n"
        frames.append(segment(server, seq[server], seq[not server], 0x18, text, port))
        seq[server] += len(text)
    return frames


def write(folder, name, frames):
    """The frames as pcap, a microsecond apart from 2026-01-01; its path."""
    path = os.path.join(folder, name)
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for i, frame in enumerate(frames):
            out.write(struct.pack("<IIII", 1767225600, i, len(frame), len(frame)) + frame)
    return path
