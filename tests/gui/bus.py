#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the whole program share: the program on the accessibility bus, and cases in TAP.

Nothing waits by the clock: every expectation is polled until it holds or a bound is reached."""
import os
import struct
import subprocess
import sys
import time

try:
    import gi
    gi.require_version("Atspi", "2.0")
    from gi.repository import Atspi, GLib
    import pyatspi  # noqa: F401  (the package that says the bus is meant to be used from python)
except (ImportError, ValueError) as trouble:
    print(f"1..0 # SKIP pyatspi is not there: {trouble}")
    sys.exit(0)

BOUND_S = 25
results = []


def poll(what, test):
    """The first true value of test(), or an error that says what was waited for."""
    until = time.monotonic() + BOUND_S
    while True:
        last = ""
        try:
            value = test()
        except Exception as trouble:  # an object may vanish while it is looked at
            value, last = None, f" ({trouble})"
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {BOUND_S} s for {what}{last}")
        time.sleep(0.05)


def children(node):
    """Those that are there: some may vanish while they are counted."""
    try:
        count = min(node.get_child_count(), 300)
    except GLib.Error:
        return
    for i in range(count):
        try:
            child = node.get_child_at_index(i)
        except GLib.Error:
            continue
        if child is not None:
            yield child


def walk(node, depth=0):
    if node is None or depth > 40:
        return
    yield node
    for child in children(node):
        yield from walk(child, depth + 1)


def showing(node):
    return node.get_state_set().contains(Atspi.StateType.SHOWING)


class App:
    """One running program and its window."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, *arguments])
        self.root = poll("the program on the bus", self._find_root)
        self.window = poll("its window", lambda: next(
            (n for n in walk(self.root) if n.get_role() == Atspi.Role.FRAME), None))

    def _find_root(self):
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(i)
            if child and child.get_process_id() == self.process.pid:
                return child
        return None

    def find(self, role, name=None, test=None, visible=True):
        for node in walk(self.window):
            try:
                if node.get_role() == role and (name is None or node.get_name() == name) and \
                        (not visible or showing(node)) and (test is None or test(node)):
                    return node
            except GLib.Error:  # vanished
                continue
        return None

    def wait(self, role, name=None, test=None):
        def look():
            node = self.find(role, name, test)
            if not node:  # this side remembers names; it may have missed that one changed
                self.window.clear_cache()
            return node
        return poll(f"a {role.value_nick} named {name!r}", look)

    def click(self, role, name):
        node = self.wait(role, name)
        assert Atspi.Action.do_action(node, 0), name
        return node

    def sentence(self):
        node = self.find(Atspi.Role.STATUS_BAR)
        return node.get_name() if node else ""

    def frame(self):
        """The number in "Frame 12 of 120", 0 before the first."""
        words = self.sentence().split()
        return int(words[1]) if words and words[0] in ("Frame", "เฟรม") else 0

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def case(name, function):
    try:
        function()
        results.append(f"ok {len(results) + 1} {name}")
    except Exception as trouble:
        results.append(f"not ok {len(results) + 1} {name}\n# {trouble}")
    print(results[-1], flush=True)


def plan():
    """The last line of a test's output."""
    print(f"1..{len(results)}")


def write_login(path):
    """A POP3 login in the clear, octet by octet: pcap, Ethernet, IPv4, TCP (checksums left at 0)."""
    sequence = {0: 1000, 1: 5000}
    frames = []

    def tcp(side, flags, data=b""):
        ports, addresses = [(50000, 110), (110, 50000)][side], [(1, 2), (2, 1)][side]
        segment = struct.pack("!HHIIBBHHH", *ports, sequence[side], sequence[1 - side], 0x50, flags,
                              65535, 0, 0) + data
        packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), len(frames), 0, 64, 6, 0,
                             bytes([192, 0, 2, addresses[0]]), bytes([192, 0, 2, addresses[1]]))
        ether = bytes([2, 0, 0, 0, 0, addresses[1], 2, 0, 0, 0, 0, addresses[0], 8, 0])
        frames.append(ether + packet + segment)
        sequence[side] += len(data) + (flags & 3 != 0)

    syn, ack, push = 2, 16, 24
    tcp(0, syn)
    tcp(1, syn | ack)
    tcp(0, ack)
    for side, line in ((1, "+OK ready"), (0, "USER somchai"), (1, "+OK"), (0, "PASS mali-2569"),
                       (1, "+OK 1 message"), (0, "QUIT"), (1, "+OK bye")):
        tcp(side, push, line.encode() + b"\r\n")
    with open(path, "wb") as out:
        out.write(struct.pack("!IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            out.write(struct.pack("!IIII", 1700000000, i * 1000, len(frame), len(frame)) + frame)
