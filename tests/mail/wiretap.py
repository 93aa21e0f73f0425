# SPDX-License-Identifier: GPL-3.0-or-later
"""wiretap.py -- conversations as captures, cut into segments in every way, for the tests of logins.

A conversation is text, a line each:

    S: 220 mx ESMTP         the server says this with CRLF        C: the client
    C1: AUTH PLAIN ...      the same, and the line belongs to the first login (its frames); C12: to two of them
    c1: a\\tb                without CRLF, with Python's escapes   s:
    l1: octets              without CRLF: a literal, all of whose frames belong to the login

Each cutting of it becomes a connection of its own in one capture of raw IPv4 (link type 101), so that the
program under test runs once for hundreds of cuttings.
"""
import struct

HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)
FIN, SYN, PUSH, ACK = 1, 2, 8, 16
EPOCH = 1767225600                 # 2026-01-01T00:00:00Z


class Line:
    def __init__(self, side, logins, octets, literal):
        self.side, self.logins, self.octets, self.literal = side, logins, octets, literal


def parse(text):
    lines = []
    for row in text.split("\n"):
        if not row:
            continue
        head, _, rest = row.partition(":")
        rest = rest[1:]
        logins = [int(digit) for digit in head[1:]]
        if head[0] in "CS":
            octets = rest.encode("utf-8", "surrogateescape") + b"\r\n"
        else:
            octets = rest.encode("latin-1").decode("unicode_escape").encode("latin-1")
        lines.append(Line("S" if head[0] in "Ss" else "C", logins, octets, head[0] == "l"))
    return lines


class Segment:
    """Octets and where they begin in their side's stream."""

    def __init__(self, side, offset, octets):
        self.side, self.offset, self.octets = side, offset, octets


def placed(lines):
    """(line, offset in its side) of each line."""
    at = {"C": 0, "S": 0}
    for line in lines:
        yield line, at[line.side]
        at[line.side] += len(line.octets)


def whole(lines):
    return [Segment(line.side, at, line.octets) for line, at in placed(lines)]


def joined(lines):
    """What one side says in a row comes in one segment."""
    out = []
    for s in whole(lines):
        if out and out[-1].side == s.side and len(out[-1].octets) + len(s.octets) < 60000:
            out[-1].octets += s.octets
        else:
            out.append(s)
    return out


def one_by_one(lines):
    return [Segment(s.side, s.offset + i, s.octets[i:i + 1]) for s in whole(lines) for i in range(len(s.octets))]


def cuts(lines):
    """Every segmentation with a name. The cut goes through the octets of both sides in order."""
    yield "whole", whole(lines)
    yield "joined", joined(lines)
    yield "octets", one_by_one(lines)
    segments = whole(lines)
    for n, s in enumerate(segments):
        other = bytes(o ^ 1 if o > 0x20 else o for o in s.octets)
        yield f"repeated with other octets {n}", segments[:n + 1] + [Segment(s.side, s.offset, other)] + \
            segments[n + 1:]
        for k in range(1, len(s.octets)):
            a, b = Segment(s.side, s.offset, s.octets[:k]), Segment(s.side, s.offset + k, s.octets[k:])
            before, after = segments[:n], segments[n + 1:]
            yield f"cut {n}.{k}", before + [a, b] + after
            yield f"swapped {n}.{k}", before + [b, a] + after
            yield f"repeated {n}.{k}", before + [a, s, b] + after


def wanted_frames(lines, segments, first_frame):
    """Login -> 1-based frames of its lines: where the first and last octet of what the client says came first,
    and the last octet of what the server says."""
    came = {}
    for number, s in enumerate(segments, first_frame):
        for i in range(len(s.octets)):
            came.setdefault((s.side, s.offset + i), number)
    frames = {}
    for line, at in placed(lines):
        if line.logins:
            last = len(line.octets) - 1
            span = range(last + 1) if line.literal else (last,) if line.side == "S" else (0, last)
            for login in line.logins:
                frames.setdefault(login, set()).update(came[line.side, at + i] for i in span)
    return {login: sorted(found) for login, found in frames.items()}


class Capture:
    """Connections one after the other, a millisecond between frames."""

    def __init__(self, path):
        self.file, self.n_frames, self.n_streams = open(path, "wb"), 0, 0
        self.payloads = []             # of each frame, behind the headers of 40 octets
        self.file.write(HEAD)

    def frame(self, client, server, side, port, seq, ack, flags, octets):
        source, target = (client, server) if side == "C" else (server, client)
        ports = (1024 + self.n_streams % 60000, port)
        ports = ports if side == "C" else ports[::-1]
        n = 40 + len(octets)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, n, 0, 0, 64, 6, 0, source, target)
        tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65000, 0, 0)
        ms = self.n_frames
        self.file.write(struct.pack("<IIII", EPOCH + ms // 1000, ms % 1000 * 1000, n, n) + ip + tcp + octets)
        self.payloads.append(octets)
        self.n_frames += 1

    def talk(self, segments, port, client=b"\x0a\0\0\x05", server=b"\x0a\0\0\x02", begun=False, closed=True):
        """One connection; the number of the first segment's frame. begun: its start is not captured."""
        next_of, base = {"C": 0, "S": 0}, {"C": 0xffffff00, "S": 5000}   # numbers wrap on the way

        def seq(side, offset):
            return base[side] + offset

        if not begun:
            self.frame(client, server, "C", port, seq("C", -1), 0, SYN, b"")
            self.frame(client, server, "S", port, seq("S", -1), seq("C", 0), SYN | ACK, b"")
            self.frame(client, server, "C", port, seq("C", 0), seq("S", 0), ACK, b"")
        first = self.n_frames + 1
        for s in segments:
            other = "S" if s.side == "C" else "C"
            self.frame(client, server, s.side, port, seq(s.side, s.offset), seq(other, next_of[other]),
                       ACK | PUSH, s.octets)
            next_of[s.side] = max(next_of[s.side], s.offset + len(s.octets))
        if closed:
            self.frame(client, server, "C", port, seq("C", next_of["C"]), seq("S", next_of["S"]), ACK | FIN, b"")
            self.frame(client, server, "S", port, seq("S", next_of["S"]), seq("C", next_of["C"] + 1), ACK | FIN,
                       b"")
        self.n_streams += 1
        return first

    def close(self):
        self.file.close()
