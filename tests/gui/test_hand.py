#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typing by hand in the window, through the accessibility bus and with keys alone: connect, type, read the reply and
its frames, take a line back, speak TLS, be the server.

With ENVELOSCOPE_PICTURES=FOLDER, pictures of the screen are left there (needs ImageMagick's `import`)."""
import os
import subprocess
import sys

from bus import App, Atspi, case, plan, poll, showing, walk

program = sys.argv[1]
app = None


def picture(name):
    folder = os.environ.get("ENVELOSCOPE_PICTURES")
    if folder:
        subprocess.run(["import", "-window", "root", os.path.join(folder, name + ".png")], check=True)


def key(symbol, control=False):
    """One key, as a person presses it."""
    down, up = Atspi.KeySynthType.PRESS, Atspi.KeySynthType.RELEASE
    if control:
        Atspi.generate_keyboard_event(37, None, down)          # the left Control key of every X keyboard
    Atspi.generate_keyboard_event(symbol, None, Atspi.KeySynthType.SYM)
    if control:
        Atspi.generate_keyboard_event(37, None, up)


def focused(role, name=None):
    return poll(f"focus on a {role.value_nick}", lambda: next(
        (n for n in walk(app.window) if n.get_role() == role and (name is None or n.get_name() == name)
         and n.get_state_set().contains(Atspi.StateType.FOCUSED)), None))


def transcript():
    """In either language."""
    node = next((n for n in walk(app.window) if n.get_role() == Atspi.Role.TEXT
                 and n.get_name() in ("Dialogue by hand", "บทสนทนาที่พิมพ์เอง")), None)
    return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node)) if node else ""


def said():
    return [line for line in transcript().split("\n") if line[:3] in ("C: ", "S: ")]


def press(name):
    Atspi.Action.do_action(app.wait(Atspi.Role.PUSH_BUTTON, name), 0)


def type_line(text):
    entry = app.wait(Atspi.Role.TEXT, "Line to send")
    Atspi.EditableText.set_text_contents(entry, text)
    Atspi.Action.do_action(entry, 0)


def choose(combo, entry):
    """An entry of a chooser, by its place in the list."""
    box = app.wait(Atspi.Role.COMBO_BOX, combo)
    assert Atspi.Selection.select_child(box, entry), combo


def connects_with_keys_alone():
    global app
    app = App(program, "--lang", "en", "--lesson", "office")
    poll("the frames", lambda: "of" in app.sentence())
    key(0x74, control=True)                                    # Ctrl+T
    focused(Atspi.Role.PUSH_BUTTON, "Connect")
    picture("hand-form")
    key(0xff0d)                                                # Return
    focused(Atspi.Role.TEXT, "Line to send")
    poll("the greeting", lambda: said() and said()[-1].startswith("S: 220 "))
    assert "#" in transcript() and "→ 25" in transcript(), transcript()


def a_line_is_answered():
    type_line("EHLO me.test")
    poll("the reply", lambda: said()[-1].startswith("S: 250 "))
    assert "C: EHLO me.test␍␊" in said(), said()
    focused(Atspi.Role.TEXT, "Line to send")
    type_line("NOOP")
    poll("the next reply", lambda: "C: NOOP␍␊" in said() and said()[-1].startswith("S: 250 2.0.0"))
    picture("hand-dialogue")


def up_brings_back_and_undo_takes_back():
    entry = focused(Atspi.Role.TEXT, "Line to send")
    key(0xff52)                                                # Up
    poll("the line before", lambda: Atspi.Text.get_text(entry, 0, -1) == "NOOP")
    Atspi.EditableText.set_text_contents(entry, "")
    press("Undo")
    poll("the line is gone", lambda: "C: NOOP␍␊" not in said() and "C: EHLO me.test␍␊" in said())


def the_dialogue_goes_on_inside_tls():
    type_line("STARTTLS")
    poll("the go-ahead", lambda: said()[-1].startswith("S: 220"))
    press("TLS")
    poll("the handshake", lambda: "TLS TLSv1.3" in transcript())
    type_line("EHLO me.test")
    poll("the reply inside", lambda: said()[-1].startswith("S: 250 ") and said().count("C: EHLO me.test␍␊") == 2)
    picture("hand-tls")


def a_line_leads_to_its_frame():
    before = app.frame()
    node = next(n for n in walk(app.window) if n.get_name() == "Dialogue by hand")
    text = transcript()
    Atspi.Text.set_caret_offset(node, text.index("C: STARTTLS"))
    Atspi.Component.grab_focus(node)
    focused(Atspi.Role.TEXT, "Dialogue by hand")
    key(0xff0d)
    poll("another frame", lambda: app.frame() not in (0, before))


def other_language_and_dark():
    key(0x6c, control=True)                                    # Ctrl+L
    poll("Thai", lambda: any(n.get_name() == "บทสนทนาที่พิมพ์เอง" for n in walk(app.window)))
    key(0x64, control=True)                                    # Ctrl+D, dark
    picture("hand-th")


def be_the_server():
    global app
    app.end()
    app = App(program, "--lang", "en", "--lesson", "mail-journey")
    poll("the frames", lambda: "of" in app.sentence())
    key(0x74, control=True)
    focused(Atspi.Role.PUSH_BUTTON, "Connect")
    choose("Your part", 1)
    choose("Service", 1)                                       # submission of mx-alice
    press("Wait for a client")
    poll("a client", lambda: "open" in transcript())
    assert any("waits for the greeting: 220" in n.get_name() for n in walk(app.window) if n.get_role() == Atspi.Role.LABEL)
    type_line("220 hello")
    poll("its EHLO", lambda: said()[-1].startswith("C: EHLO "))
    picture("hand-server")
    type_line("554 go away")
    # RFC 5321 3.2: a client may try HELO then, or it leaves
    poll("its consequence", lambda: said()[-1][:7] in ("C: HELO", "C: QUIT") or "closed" in transcript())


case("connects with keys alone", connects_with_keys_alone)
case("a line is answered", a_line_is_answered)
case("Up brings back, Undo takes back", up_brings_back_and_undo_takes_back)
case("the dialogue goes on inside TLS", the_dialogue_goes_on_inside_tls)
case("a line leads to its frame", a_line_leads_to_its_frame)
case("the other language", other_language_and_dark)
case("be the server", be_the_server)
if app:
    app.end()
plan()
