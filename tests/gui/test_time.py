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


def compares():
    app.click(Atspi.Role.TOGGLE_BUTTON, "Learn")
    press("Compare")
    ladders = app.wait(Atspi.Role.LIST, "Original and branch")
    press("First difference")

    def marked():
        names = [ladders.get_child_at_index(i).get_name() for i in range(ladders.get_child_count())]
        return next((n for n in names if n.startswith("≠") and "MAIL FROM" in n), None)
    row = poll("the changed row", marked)
    # the same octets on both sides, and another fate
    assert f"original: {original['frame']}  SMTP" in row and f"branch: {original['frame']}  SMTP" in row, row
    poll("its frame", lambda: app.frame() == original["frame"])
    picture("compare")
    app.click(Atspi.Role.TOGGLE_BUTTON, "Learn")


def takes_out():
    app.click(Atspi.Role.TOGGLE_BUTTON, "Changes (1)")
    picture("changes")
    press(f"Take out: frame {original['frame']} is lost on alice-lan")
    poll("as many frames as before", lambda: of_frames() == original["n"])
    press("Undo")
    poll("the branch again", lambda: of_frames() != original["n"])


def undoes():
    press("Undo")
    poll("the original", lambda: not bar() and of_frames() == original["n"])
    assert app.frame() == original["frame"]


def shown_frame(number, part):
    poll(f"frame {number}", lambda: app.frame() == number and part in app.sentence())


def menu(name):
    app.click(Atspi.Role.TOGGLE_BUTTON, "Menu")
    item = poll(name, lambda: next((n for n in walk(app.root) if n.get_name() == name and showing(n)
                                    and Atspi.Action.get_n_actions(n) > 0), None))
    Atspi.Action.do_action(item, 0)


def steps_out():
    """From MAIL to the line that answers it."""
    menu("To the end of this exchange")
    poll("the answer", lambda: "250 2.1.0" in app.sentence())


def stops_at_a_breakpoint():
    menu("Breakpoints…")
    text = anywhere(Atspi.Role.TEXT, "Stop at")
    Atspi.EditableText.set_text_contents(text, "smtp.req.command == ")
    press("Add")
    poll("what is wrong with it", lambda: next((n for n in walk(app.root) if n.get_role() ==
         Atspi.Role.LABEL and showing(n) and "operator" in n.get_name().lower() or
         "value" in n.get_name().lower()), None))
    Atspi.EditableText.set_text_contents(text, 'smtp.req.command == "QUIT"')
    press("Add")
    anywhere(Atspi.Role.PUSH_BUTTON, 'Take out: smtp.req.command == "QUIT"')
    picture("breakpoints")
    press("Run until the next")
    poll("QUIT", lambda: "C: QUIT" in app.sentence())
    app.wait(Atspi.Role.LABEL, 'Stopped at the breakpoint smtp.req.command == "QUIT"')
    picture("stopped")


def shows_layers():
    global app
    app.end()
    app = App(program, "--lang", "en", "--lesson", "mail-journey", "--size", "1500x900", "--select",
              "tcp.dstport == 25")
    tab = app.wait(Atspi.Role.PAGE_TAB, "Layers on the way")
    Atspi.Selection.select_child(tab.get_parent(), tab.get_index_in_parent())
    router = poll("the router on the journey", lambda: app.find(Atspi.Role.RADIO_BUTTON, "router"))
    Atspi.Action.do_action(router, 0)
    app.wait(Atspi.Role.LABEL, test=lambda n: n.get_name().startswith("ip.ttl  64 → 63"))
    picture("hops")


def main():
    case("what if a packet is lost: a branch that says so", loses_a_packet)
    case("the branch sends it again", branch_sends_it_again)
    case("compared, the first difference is the lost packet", compares)
    case("a change is taken out, and that is undone", takes_out)
    case("undo leads back to the original and its frame", undoes)
    case("a step out goes to the end of the exchange", steps_out)
    case("a breakpoint is judged, kept and stopped at", stops_at_a_breakpoint)
    case("a router takes one from the TTL", shows_layers)
    if app:
        app.end()
    plan()


main()
