#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time machine through the accessibility bus: what if, the branch, what differs, and the way back.

    display.py /usr/bin/python3 test_time.py ENVELOSCOPE

With ENVELOSCOPE_PICTURES=FOLDER, pictures of the screen are left there (needs ImageMagick's `import`)."""
import os
import subprocess
import sys

from bus import App, Atspi, case, plan, poll, showing, walk

program = sys.argv[1]
app = None
original = {}


def picture(name):
    folder = os.environ.get("ENVELOSCOPE_PICTURES")
    if folder:
        subprocess.run(["import", "-window", "root", os.path.join(folder, name + ".png")], check=True)


def of_frames():
    """The M in "Frame N of M at …"."""
    words = app.sentence().split()
    return int(words[3]) if words[0] == "Frame" else 0


def anywhere(role, name):
    """In any window of the program: dialogs and popovers are windows of their own."""
    return poll(f"{role.value_nick} {name}", lambda: next(
        (n for n in walk(app.root) if n.get_role() == role and n.get_name() == name and showing(n)), None))


def press(name):
    Atspi.Action.do_action(anywhere(Atspi.Role.PUSH_BUTTON, name), 0)


def choose(combo, name):
    """An entry of a combo box."""
    box = anywhere(Atspi.Role.COMBO_BOX, combo)
    entry = poll(name, lambda: next((n for n in walk(box) if n.get_name() == name
                                     and n.get_role() == Atspi.Role.MENU_ITEM), None))
    Atspi.Action.do_action(entry, 0)


def bar():
    return app.find(Atspi.Role.LABEL, test=lambda n: n.get_name().startswith("Branch at"))


def filtered(text):
    app.click(Atspi.Role.TOGGLE_BUTTON, "Inspect")
    entry = app.wait(Atspi.Role.TEXT, "Display filter")
    Atspi.EditableText.set_text_contents(entry, text)
    Atspi.Action.do_action(entry, 0)
    return app.wait(Atspi.Role.TABLE, "Packet list")


def loses_a_packet():
    global app
    app = App(program, "--lang", "en", "--lesson", "mail-journey", "--select",
              'smtp.req.command == "MAIL"')
    poll("the frame", lambda: "MAIL" in app.sentence())
    original["frame"], original["n"] = app.frame(), of_frames()
    press("What if…")
    anywhere(Atspi.Role.COMBO_BOX, "What happens")
    picture("what-if")
    press("See what happens")
    text = poll("the bar", bar).get_name()
    assert f"frame {original['frame']} is lost on" in text, text
    # frames are the same up to and with the lost one: it was sent before it was lost
    assert f"The first {original['frame']} frames are as in the original" in text, text
    assert app.frame() == original["frame"], app.sentence()
    picture("branch")


def branch_sends_it_again():
    table = filtered("tcp.analysis.retransmission and ip.src == 10.0.1.10 and frame.number < 40")
    poll("one retransmission", lambda: Atspi.Table.get_n_rows(table) == 1)
    assert of_frames() != original["n"], "the branch has as many frames as the original"
    picture("branch-inspect")


def undoes():
    press("Undo")
    poll("the original", lambda: not bar() and of_frames() == original["n"])
    assert app.frame() == original["frame"]


def main():
    case("what if a packet is lost: a branch that says so", loses_a_packet)
    case("the branch sends it again", branch_sends_it_again)
    case("undo leads back to the original and its frame", undoes)
    if app:
        app.end()
    plan()


main()
