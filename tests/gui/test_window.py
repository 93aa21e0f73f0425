#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole program through the accessibility bus, as a screen reader sees it.

    display.py /usr/bin/python3 test_window.py ENVELOSCOPE

Opens the first lesson, steps, plays, answers, scrubs back, switches the language and filters; then
opens a capture of a plaintext login and reads its risk pane, and a file that is no capture.
Nothing waits by the clock: every expectation is polled until it holds or a bound is reached."""
import os
import struct
import subprocess
import sys
import tempfile
import time

try:
    import gi
    gi.require_version("Atspi", "2.0")
    from gi.repository import Atspi
    import pyatspi  # noqa: F401  (the package that says the bus is meant to be used from python)
except (ImportError, ValueError) as trouble:
    print(f"1..0 # SKIP pyatspi is not there: {trouble}")
    sys.exit(0)

BOUND_S = 25
program = sys.argv[1]
results = []


def poll(what, test):
    """The first true value of test(), or an error that says what was waited for."""
    until = time.monotonic() + BOUND_S
    while True:
        try:
            value = test()
        except Exception:  # an object may vanish while it is looked at
            value = None
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {BOUND_S} s for {what}")
        time.sleep(0.05)


def walk(node, depth=0):
    if node is None or depth > 40:
        return
    yield node
    for i in range(min(node.get_child_count(), 300)):
        yield from walk(node.get_child_at_index(i), depth + 1)


def showing(node):
    return node.get_state_set().contains(Atspi.StateType.SHOWING)


class App:
    """One running program and its window."""

    def __init__(self, *arguments):
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
            if node.get_role() == role and (name is None or node.get_name() == name) and \
                    (not visible or showing(node)) and (test is None or test(node)):
                return node
        return None

    def wait(self, role, name=None, test=None):
        return poll(f"a {role.value_nick} named {name!r}", lambda: self.find(role, name, test))

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


app = None


def opens_lesson():
    global app
    app = App("--lang", "en")
    app.wait(Atspi.Role.LABEL, "How mail works")
    poll("the play button in focus", lambda: app.find(
        Atspi.Role.PUSH_BUTTON, "Play",
        lambda n: n.get_state_set().contains(Atspi.StateType.FOCUSED)))


def steps():
    app.click(Atspi.Role.PUSH_BUTTON, "Next frame")
    poll("frame 1", lambda: app.frame() == 1)
    app.click(Atspi.Role.PUSH_BUTTON, "Next frame")
    poll("frame 2", lambda: app.frame() == 2)
    app.click(Atspi.Role.PUSH_BUTTON, "Previous frame")
    poll("frame 1 again", lambda: app.frame() == 1)


def application_steps():
    before = app.frame()
    app.click(Atspi.Role.PUSH_BUTTON, "Next application line")
    poll("a later frame", lambda: app.frame() > before)


def plays_to_the_question():
    app.click(Atspi.Role.PUSH_BUTTON, "Play")
    poll("the question", lambda: app.sentence().startswith("A question"))
    app.wait(Atspi.Role.PUSH_BUTTON, "Play")  # it has paused by itself


def answers():
    choices = [n for n in walk(app.window) if n.get_role() == Atspi.Role.RADIO_BUTTON
               and showing(n) and n.get_name().startswith("SYN and ACK")]
    assert choices, "the right choice is not there"
    Atspi.Action.do_action(choices[0], 0)
    app.click(Atspi.Role.PUSH_BUTTON, "Answer")
    app.wait(Atspi.Role.LABEL, test=lambda n: n.get_name().startswith("✓ Right."))
    poll("the frame that was asked for", lambda: app.frame() > 0 and "SYN, ACK" in app.sentence())


def scrubs_back():
    slider = app.wait(Atspi.Role.SLIDER, "Time")
    assert app.frame() > 2
    Atspi.Value.set_current_value(slider, 2)
    poll("frame 2", lambda: app.frame() == 2)
    Atspi.Value.set_current_value(slider, 0)
    poll("the start", lambda: app.sentence().startswith("Before"))


def canvases_speak():
    network = app.wait(Atspi.Role.LIST, "Network")
    assert network.get_child_count() >= 8, network.get_child_count()
    names = [network.get_child_at_index(i).get_name() for i in range(network.get_child_count())]
    assert any("10.0.1.10" in n for n in names), names
    ladder = app.wait(Atspi.Role.LIST, "Ladder")
    assert ladder.get_child_count() > 2


def switches_language():
    step = app.frame()
    app.click(Atspi.Role.TOGGLE_BUTTON, "ไทย")
    app.wait(Atspi.Role.PUSH_BUTTON, "เล่น")
    app.wait(Atspi.Role.LIST, "เครือข่าย")
    assert app.frame() == step
    app.click(Atspi.Role.TOGGLE_BUTTON, "EN")
    app.wait(Atspi.Role.PUSH_BUTTON, "Play")


def set_filter(text):
    entry = app.wait(Atspi.Role.TEXT, test=lambda n: n.get_name() == "Display filter")
    Atspi.EditableText.set_text_contents(entry, text)
    Atspi.Action.do_action(entry, 0)


def filters():
    app.click(Atspi.Role.TOGGLE_BUTTON, "Inspect")
    table = app.wait(Atspi.Role.TABLE, "Packet list")
    everything = Atspi.Table.get_n_rows(table)
    assert everything > 50, everything
    set_filter("dns")
    poll("fewer rows", lambda: 0 < Atspi.Table.get_n_rows(table) < everything)
    set_filter("")
    poll("all rows", lambda: Atspi.Table.get_n_rows(table) == everything)


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


def reads_risk_of_capture(path):
    global app
    app.end()
    app = App("--lang", "en", path)
    app.wait(Atspi.Role.LABEL, test=lambda n: "can be read in this capture" in n.get_name())
    app.click(Atspi.Role.PUSH_BUTTON, "Show in Audit")
    tree = poll("the findings", lambda: app.find(Atspi.Role.TREE_TABLE, "Findings and logins")
                or app.find(Atspi.Role.TABLE, "Findings and logins"))
    cells = poll("a finding of somchai's login", lambda: [
        n.get_name() for n in walk(tree) if n.get_name() and
        "somchai" in n.get_name()])
    assert not any("mali-2569" in n.get_name() for n in walk(app.window)), "a secret is shown"
    assert cells


def says_what_is_wrong(folder):
    bad = os.path.join(folder, "notes.pcap")
    with open(bad, "w", encoding="utf-8") as out:
        out.write("no capture\n")
    global app
    app.end()
    app = App("--lang", "en", bad)
    app.wait(Atspi.Role.LABEL, test=lambda n: "notes.pcap" in n.get_name())


def main():
    with tempfile.TemporaryDirectory(prefix="enveloscope-e2e-") as folder:
        case("the first lesson opens with play in focus", opens_lesson)
        case("the canvases tell hosts and frames", canvases_speak)
        case("steps go forth and back", steps)
        case("an application step goes to a later frame", application_steps)
        case("playing stops at the question", plays_to_the_question)
        case("an answer is judged and shows its frame", answers)
        case("the slider scrubs back to the start", scrubs_back)
        case("the language switches at once and keeps the place", switches_language)
        case("a filter leaves fewer packets", filters)
        capture = os.path.join(folder, "login.pcap")
        write_login(capture)
        case("a capture opens, its risk is read, its secret is not",
             lambda: reads_risk_of_capture(capture))
        case("a file that is no capture is named", lambda: says_what_is_wrong(folder))
        if app:
            app.end()
    print(f"1..{len(results)}")


main()
