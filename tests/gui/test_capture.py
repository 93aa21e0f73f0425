#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live capture in the window, through the accessibility bus and with keys: consent, a filter that is not
understood, frames that appear while they are captured, stopping, again, a comment.

Captures on loopback only, and there only datagrams of this test's own port. Needs the right to capture;
skips without. With ENVELOSCOPE_PICTURES=FOLDER, pictures of the screen are left there."""
import json
import os
import socket
import subprocess
import sys
import tempfile

from bus import App, Atspi, case, plan, poll, showing, walk

program, capture = sys.argv[1:3]
folder = tempfile.TemporaryDirectory(prefix="enveloscope-capture-")
os.environ["XDG_STATE_HOME"] = folder.name + "/state"
os.environ["XDG_CACHE_HOME"] = folder.name + "/cache"
listed = subprocess.run([capture, "interfaces", "--format", "json"], capture_output=True, text=True).stdout
if not any(json.loads(line)["name"] == "lo" and json.loads(line)["may_capture"] for line in listed.splitlines()):
    print("1..0 # SKIP there is no right to capture on loopback")
    sys.exit(0)

sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)     # takes the datagrams: no ICMP errors
silent.bind(("127.0.0.1", 0))
PORT = silent.getsockname()[1]
app = None


def picture(name):
    place = os.environ.get("ENVELOSCOPE_PICTURES")
    if place:
        subprocess.run(["import", "-window", "root", os.path.join(place, name + ".png")], check=True)


CONTROL, ALT = 37, 64               # of every X keyboard


def key(symbol, *held):
    for code in held:
        Atspi.generate_keyboard_event(code, None, Atspi.KeySynthType.PRESS)
    Atspi.generate_keyboard_event(symbol, None, Atspi.KeySynthType.SYM)
    for code in held:
        Atspi.generate_keyboard_event(code, None, Atspi.KeySynthType.RELEASE)


def everywhere(role, test):
    """A node of any window of the program."""
    return next((n for n in walk(app.root) if n.get_role() == role and showing(n) and test(n)), None)


def dialog(title):
    return poll(f"the dialog {title}", lambda: everywhere(Atspi.Role.DIALOG, lambda n: n.get_name() == title))


def inside(node, role, name):
    return poll(f"{role.value_nick} {name}", lambda: next(
        (n for n in walk(node) if n.get_role() == role and n.get_name().startswith(name)), None))


def sensitive(node):
    node.clear_cache()
    return node.get_state_set().contains(Atspi.StateType.SENSITIVE)


def bar(start):
    """The text of the capture bar when it begins so."""
    app.window.clear_cache()
    node = app.find(Atspi.Role.LABEL, test=lambda n: n.get_name().startswith(start))
    return node.get_name() if node else None


def send(n):
    for i in range(n):
        sender.sendto(b"datagram %d" % i, ("127.0.0.1", PORT))


def asks_for_consent_and_looks_at_the_filter():
    global app
    app = App(program, "--lang", "en")
    app.wait(Atspi.Role.PUSH_BUTTON, "Open…")
    key(ord("k"), CONTROL)
    d = dialog("Capture from an interface")
    start = inside(d, Atspi.Role.PUSH_BUTTON, "Start")
    assert not sensitive(start), "consent comes first"
    picture("capture-dialog")
    Atspi.Action.do_action(inside(d, Atspi.Role.CHECK_BOX, "I may capture here"), 0)
    poll("Start to be possible", lambda: sensitive(start))
    box = inside(d, Atspi.Role.COMBO_BOX, "Interface")
    names = [n.get_name() for n in walk(box) if n.get_role() == Atspi.Role.MENU_ITEM]
    at = next(i for i, name in enumerate(names) if name.split(" ")[0] == "lo")
    assert Atspi.Selection.select_child(box, at)
    Atspi.Action.do_action(inside(d, Atspi.Role.RADIO_BUTTON, "what fits"), 0)
    Atspi.EditableText.set_text_contents(inside(d, Atspi.Role.TEXT, "Capture filter"), "udp prot 7")
    Atspi.Action.do_action(start, 0)
    poll("what is wrong with the filter", lambda: everywhere(
        Atspi.Role.LABEL, lambda n: "“udp prot 7” is not understood" in n.get_name()))
    Atspi.EditableText.set_text_contents(inside(d, Atspi.Role.TEXT, "Capture filter"), f"udp port {PORT}")
    Atspi.Action.do_action(start, 0)
    poll("the capture", lambda: bar("Capturing on lo"))


def frames_appear_while_they_are_captured():
    send(7)
    poll("seven frames", lambda: ": 7 frames, 0 lost" in (bar("Capturing on lo") or ""))
    poll("the newest to be selected", lambda: app.sentence().startswith("Frame 7 of 7"))
    send(3)
    poll("ten frames", lambda: app.sentence().startswith("Frame 10 of 10"))
    picture("capture-going")


def ctrl_e_stops_and_starts_again():
    key(ord("e"), CONTROL)
    poll("the end", lambda: "10 frames, none lost" in (bar("Captured on lo") or ""))
    send(5)                            # not captured
    key(ord("e"), CONTROL)
    poll("another capture", lambda: bar("Capturing on lo"))
    send(2)
    poll("two frames", lambda: app.sentence().startswith("Frame 2 of 2"))
    key(ord("e"), CONTROL)
    poll("its end", lambda: ": 2 frames" in (bar("Captured on lo") or ""))
    files = os.listdir(folder.name + "/cache/enveloscope")
    assert files and all(os.stat(f"{folder.name}/cache/enveloscope/{f}").st_mode & 0o777 == 0o600 for f in files)


def a_packet_gets_a_comment():
    key(ord("c"), CONTROL, ALT)
    d = dialog("Comment on packet 2")
    Atspi.EditableText.set_text_contents(inside(d, Atspi.Role.TEXT, "Comment on packet 2"), "look here")
    key(0xff0d)
    poll("the dialog to go", lambda: not everywhere(
        Atspi.Role.DIALOG, lambda n: n.get_name() == "Comment on packet 2"))
    key(ord("c"), CONTROL, ALT)
    text = inside(dialog("Comment on packet 2"), Atspi.Role.TEXT, "Comment on packet 2")
    assert Atspi.Text.get_text(text, 0, -1) == "look here"
    picture("capture-comment")
    key(0xff1b)                        # Escape
    poll("the dialog to go", lambda: not everywhere(Atspi.Role.DIALOG, lambda n: True))


def consent_is_asked_once():
    key(ord("k"), CONTROL)
    d = dialog("Capture from an interface")
    assert sensitive(inside(d, Atspi.Role.PUSH_BUTTON, "Start"))
    Atspi.Action.do_action(inside(d, Atspi.Role.PUSH_BUTTON, "Cancel"), 0)
    poll("the dialog to go", lambda: not everywhere(Atspi.Role.DIALOG, lambda n: True))
    app.end()


def in_thai_on_a_projector():
    global app
    app = App(program, "--lang", "th", "--projector")
    app.wait(Atspi.Role.PUSH_BUTTON, "เปิด…")
    key(ord("k"), CONTROL)
    d = dialog("ดักจับจากอินเทอร์เฟซ")
    picture("capture-dialog-th")
    box = inside(d, Atspi.Role.COMBO_BOX, "อินเทอร์เฟซ")
    names = [n.get_name() for n in walk(box) if n.get_role() == Atspi.Role.MENU_ITEM]
    assert Atspi.Selection.select_child(box, next(i for i, n in enumerate(names) if n.split(" ")[0] == "lo"))
    Atspi.Action.do_action(inside(d, Atspi.Role.RADIO_BUTTON, "ที่ตรงกับ"), 0)
    Atspi.EditableText.set_text_contents(inside(d, Atspi.Role.TEXT, "ตัวกรองการดักจับ"), f"udp port {PORT}")
    Atspi.Action.do_action(inside(d, Atspi.Role.PUSH_BUTTON, "เริ่ม"), 0)
    poll("the capture", lambda: bar("กำลังดักจับบน lo"))
    send(4)
    poll("four frames", lambda: "4 เฟรม" in (bar("กำลังดักจับบน lo") or ""))
    picture("capture-going-th")
    app.end()


case("asks for consent and looks at the filter", asks_for_consent_and_looks_at_the_filter)
case("frames appear while they are captured", frames_appear_while_they_are_captured)
case("Ctrl+E stops and starts again", ctrl_e_stops_and_starts_again)
case("a packet gets a comment", a_packet_gets_a_comment)
case("consent is asked once", consent_is_asked_once)
case("in Thai on a projector", in_thai_on_a_projector)
plan()
