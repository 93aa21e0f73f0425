#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files dropped on the window: a real drag (XDND) with a real pointer (XTEST), read back from the bus.

    display.py /usr/bin/python3 test_drop.py ENVELOSCOPE

The source is another process (drag_source.py) that offers what file managers offer. With
ENVELOSCOPE_PICTURES=FOLDER, pictures of the screen are left there (needs ImageMagick's `import`)."""
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

from bus import App, Atspi, case, plan, poll, write_login

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "drag_source.py")
SOURCE_X, SOURCE_Y = 1450, 850  # beside the window, which is 1200 x 700 at the upper left
HINT = "Drop the file to open it here"
FRAMES = 10  # of write_login
program = sys.argv[1]
app = None


def picture(name):
    folder = os.environ.get("ENVELOSCOPE_PICTURES")
    if folder:
        subprocess.run(["import", "-window", "root", os.path.join(folder, name + ".png")], check=True)


def pointer(x, y, what="abs"):
    assert Atspi.generate_mouse_event(int(x), int(y), what)


def middle(node):
    box = Atspi.Component.get_extents(node, Atspi.CoordType.SCREEN)
    return box.x + box.width / 2, box.y + box.height / 2


class Source:
    """The window that is dragged from, for one drag."""

    def __init__(self, *uris):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", SOURCE, str(SOURCE_X), str(SOURCE_Y), *uris],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("ready")

    def expect(self, *words):
        said = self.process.stdout.readline().strip()
        assert said in words, f"the source says {said!r} and not {words}"
        return said

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


def drag(uris, onto, name=None):
    """Drags the URIs onto the middle of a node and lets go; "done" or "refused"."""
    source = Source(*uris)
    x, y = SOURCE_X + 50, SOURCE_Y + 50
    to_x, to_y = middle(onto)
    try:
        pointer(x, y)
        pointer(x, y, "b1p")
        for step in (4, 8, 16, 24):
            pointer(x - step, y - step)
        source.expect("begun")
        for part in range(1, 6):
            pointer(x + (to_x - x) * part / 5, y + (to_y - y) * part / 5)
        try:
            shake = itertools.cycle((0, 1))  # as a hand does: GTK tells of a drag as it moves
            poll("the hint", lambda: (pointer(to_x + next(shake), to_y),
                                      app.find(Atspi.Role.LABEL, HINT))[1])
            if name:
                picture(name + "-during")
        finally:
            pointer(to_x, to_y, "b1r")
        return source.expect("done", "refused")
    finally:
        source.end()


def title():
    return app.window.get_name()


def message(part):
    return app.wait(Atspi.Role.LABEL, test=lambda n: part in n.get_name()).get_name()


def packets():
    return Atspi.Table.get_n_rows(app.find(Atspi.Role.TABLE, "Packet list"))


def shows(name):
    poll(f"{name} in the title", lambda: title() == f"{name} — Enveloscope")
    poll("its packets", lambda: packets() == FRAMES)


def lesson():
    return app.wait(Atspi.Role.LIST, "Network")


def opens_capture(folder):
    path = os.path.join(folder, "login.pcap")
    write_login(path)
    assert drag([pathlib.Path(path).as_uri()], lesson(), "capture") == "done"
    shows("login.pcap")
    poll("the hint to go", lambda: not app.find(Atspi.Role.LABEL, HINT))
    picture("capture-after")


def keeps_what_was_shown(folder):
    path = os.path.join(folder, "notes.txt")
    pathlib.Path(path).write_text("shopping list: tea\n", encoding="utf-8")
    drag([pathlib.Path(path).as_uri()], app.wait(Atspi.Role.TABLE, "Packet list"), "notes")
    assert "notes.txt" in message("notes.txt")
    picture("notes-after")
    shows("login.pcap")


def refuses_other_computers(folder):
    for uri in ("https://example.org/login.pcap", "file://elsewhere.example/login.pcap"):
        drag([uri], app.wait(Atspi.Role.TABLE, "Packet list"))
        assert "not a file on this computer" in message(uri)
    picture("elsewhere-after")
    shows("login.pcap")


def names_a_folder(folder):
    drag([pathlib.Path(folder).as_uri()], app.wait(Atspi.Role.TABLE, "Packet list"))
    message("is a folder")
    shows("login.pcap")


def thai_name_with_spaces(folder):
    path = os.path.join(folder, "จดหมาย ของ สมชาย #1 100%.pcap")
    write_login(path)
    assert drag([pathlib.Path(path).as_uri()], app.wait(Atspi.Role.TABLE, "Packet list")) == "done"
    shows("จดหมาย ของ สมชาย #1 100%.pcap")
    picture("thai-after")


def first_of_several(folder):
    paths = [os.path.join(folder, name) for name in ("one.pcap", "two.pcap", "three.pcap")]
    for path in paths:
        write_login(path)
    drag([pathlib.Path(path).as_uri() for path in paths], app.wait(Atspi.Role.TABLE, "Packet list"))
    shows("one.pcap")
    said = message("3 files were dropped")
    assert "one.pcap is shown" in said, said
    picture("several-after")


def first_that_opens(folder):
    uris = [pathlib.Path(os.path.join(folder, name)).as_uri() for name in ("notes.txt", "two.pcap")]
    drag(uris, app.wait(Atspi.Role.TABLE, "Packet list"))
    shows("two.pcap")
    assert "two.pcap is shown" in message("2 files were dropped")


def onto_text(folder):
    """Octets and the filter take text; files that lie over them are still the window's."""
    tab = app.wait(Atspi.Role.PAGE_TAB, "Octets")  # a drag that rests on a tab may have turned the page
    Atspi.Selection.select_child(tab.get_parent(), tab.get_index_in_parent())
    for node, name in ((app.wait(Atspi.Role.TEXT, test=lambda n: n.get_name() == "Octets of the frame"), "one.pcap"),
                       (app.wait(Atspi.Role.TEXT, "Display filter"), "login.pcap")):
        assert drag([pathlib.Path(os.path.join(folder, name)).as_uri()], node) == "done"
        shows(name)
    entry = app.wait(Atspi.Role.TEXT, "Display filter")
    assert Atspi.Text.get_character_count(entry) == 0, "the file's name was typed into the filter"


def back_to_a_lesson(folder):
    path = os.path.join(folder, "tiny.yaml")
    pathlib.Path(path).write_text(SCENARIO, encoding="utf-8")
    drag([pathlib.Path(path).as_uri()], app.wait(Atspi.Role.TABLE, "Packet list"))
    poll("the scenario's title", lambda: "login.pcap" not in title())
    app.wait(Atspi.Role.LIST, "Network")


SCENARIO = ""


def main():
    global app, SCENARIO
    with tempfile.TemporaryDirectory(prefix="enveloscope-drop-") as folder:
        lessons = os.environ["ENVELOSCOPE_LESSONS"]
        SCENARIO = pathlib.Path(lessons, "scenarios", "lost-segment.yaml").read_text(encoding="utf-8")
        app = App(program, "--lang", "en", "--size", "1200x700")
        for name, function in (
                ("a capture dropped on a lesson opens", opens_capture),
                ("a file that is no capture is named, and what was shown stays", keeps_what_was_shown),
                ("a file of another computer is refused with a remedy", refuses_other_computers),
                ("a folder is named", names_a_folder),
                ("a name with spaces, Thai letters and escapes opens", thai_name_with_spaces),
                ("of several files the first is shown and the rest told of", first_of_several),
                ("of several files the first that opens is shown", first_that_opens),
                ("files open over text too", onto_text),
                ("a dropped scenario runs", back_to_a_lesson)):
            case(name, lambda function=function: function(folder))
        app.end()
    plan()


main()
