# SPDX-License-Identifier: GPL-3.0-or-later
"""talk.py -- conversations over TCP as capture files, made without the project's own code.

    talk = Talk()
    talk.server(b"220 mx.test\\r\\n")
    talk.client(b"EHLO c\\r\\n")
    talk.save("x.pcap", segment=7)          # every segment has at most 7 octets

Every segment is acknowledged at once. Frames are raw IPv4 (link type 101); checksums of TCP are left at zero, as cards do that compute
them later.
"""
import struct

CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])


class Talk:
    def __init__(self, port=25, client_port=40000):
        self.ports = (client_port, port)
        self.said = []                 # (side, octets); side 0 is the client

    def client(self, octets):
        self.said.append((0, octets))

    def server(self, octets):
        self.said.append((1, octets))

    def packet(self, side, sequence, acknowledged, flags, payload):
        source, target = ((CLIENT, SERVER), (SERVER, CLIENT))[side]
        ports = self.ports if side == 0 else self.ports[::-1]
        tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 0x50, flags, 65535, 0, 0)
        header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, source,
                             target)
        total = sum(struct.unpack(">10H", header))
        total = (total & 0xffff) + (total >> 16)
        checksum = 0xffff & ~(total + (total >> 16))
        return header[:10] + struct.pack(">H", checksum) + header[12:] + tcp + payload

    def packets(self, segment, lose=()):
        """The frames; `lose` are numbers of segments with data that the capture missed."""
        position = [1000, 5000]
        frames = [self.packet(0, 999, 0, 0x02, b""), self.packet(1, 4999, 1000, 0x12, b""),
                  self.packet(0, 1000, 5000, 0x10, b"")]
        number = 0
        for side, octets in self.said:
            for at in range(0, len(octets), segment):
                part = octets[at:at + segment]
                if number not in lose:
                    frames.append(self.packet(side, position[side], position[1 - side], 0x18, part))
                number += 1
                position[side] += len(part)
                frames.append(self.packet(1 - side, position[1 - side], position[side], 0x10, b""))
        frames.append(self.packet(0, position[0], position[1], 0x11, b""))
        frames.append(self.packet(1, position[1], position[0] + 1, 0x11, b""))
        return frames

    def save(self, path, segment=1400, lose=(), step_us=1000):
        save_all(path, [self], segment, lose, step_us)


def save_all(path, talks, segment=1400, lose=(), step_us=1000):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        time = 0
        for talk in talks:
            for frame in talk.packets(segment, lose):
                time += step_us
                out.write(struct.pack("<IIII", time // 1000000, time % 1000000, len(frame),
                                      len(frame)) + frame)
