#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file manager's half of a drag: a small window from which a pointer can drag URIs (XDND).

    drag_source.py X Y URI...

Lies at X, Y, 100 pixels square, and offers the URIs as text/uri-list and, as file managers do, as text.
Says "ready", then "begun", and "done" or "refused" of each drag; ends with its standard input."""
import sys

import gi
gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

URIS, TEXT = 1, 2
refused = False


def say(word):
    print(word, flush=True)


def give(widget, context, data, info, time, uris):
    if info == URIS:
        data.set_uris(uris)
    else:
        data.set_text("\n".join(uris), -1)


def begun(widget, context):
    global refused
    refused = False
    say("begun")


def failed(widget, context, result):
    global refused
    refused = True
    return True  # no animation back


def main():
    x, y, uris = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    window = Gtk.Window(type=Gtk.WindowType.POPUP)
    window.set_size_request(100, 100)
    window.move(x, y)
    window.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY | Gdk.DragAction.MOVE)
    targets = Gtk.TargetList.new([])
    targets.add_uri_targets(URIS)
    targets.add_text_targets(TEXT)
    window.drag_source_set_target_list(targets)
    window.connect("drag-data-get", give, uris)
    window.connect("drag-begin", begun)
    window.connect("drag-failed", failed)
    window.connect("drag-end", lambda widget, context: say("refused" if refused else "done"))
    window.connect("map-event", lambda widget, event: say("ready"))
    window.add(Gtk.Label(label="files"))
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP | GLib.IOCondition.IN,
                      lambda *_: Gtk.main_quit())
    window.show_all()
    Gtk.main()


main()
