#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole program through the accessibility bus, as a screen reader sees it.

    display.py /usr/bin/python3 test_window.py ENVELOSCOPE

Opens the first lesson, steps, plays, answers, scrubs back, switches the language and filters; then
opens a capture of a plaintext login and reads its risk pane, and a file that is no capture."""
import os
import sys
import tempfile

from bus import App as Program, Atspi, case, plan, poll, showing, walk, write_login

program = sys.argv[1]


def App(*arguments):
    return Program(program, *arguments)


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
    plan()


main()
