#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a desktop reads, and the program's command line without a display.

    test_desktop.py FOLDER ENVELOSCOPE"""
import configparser
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

ID = "org.enveloscope.Enveloscope"
folder, program = sys.argv[1:3]
results = []


def case(name):
    def wrap(function):
        try:
            skip = function()
            results.append(f"ok {len(results) + 1} {name}" + (f" # SKIP {skip}" if skip else ""))
        except Exception as trouble:  # a failed case must not hide the others
            results.append(f"not ok {len(results) + 1} {name}\n# {trouble!r}")
        return function
    return wrap


def run(*arguments):
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env.update(LC_ALL="C.UTF-8", GDK_BACKEND="x11")
    return subprocess.run([program, *arguments], env=env, capture_output=True, text=True, timeout=30)


@case("the desktop file names the program, its icon and captures")
def desktop():
    entry = configparser.RawConfigParser()
    entry.optionxform = str
    entry.read(os.path.join(folder, ID + ".desktop"), encoding="utf-8")
    e = entry["Desktop Entry"]
    assert e["Exec"].split()[0] == "enveloscope" and e["Icon"] == ID
    assert "application/vnd.tcpdump.pcap" in e["MimeType"]
    assert e["Comment[th]"]


@case("desktop-file-validate is content")
def validate():
    if not shutil.which("desktop-file-validate"):
        return "desktop-file-validate is not installed"
    subprocess.run(["desktop-file-validate", os.path.join(folder, ID + ".desktop")], check=True)


@case("the metainfo has the id, both languages and the launchable")
def metainfo():
    root = ET.parse(os.path.join(folder, ID + ".metainfo.xml")).getroot()
    assert root.findtext("id") == ID
    assert root.findtext("launchable") == ID + ".desktop"
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert any(s.get(lang) == "th" for s in root.findall("summary"))


@case("appstreamcli is content")
def appstream():
    if not shutil.which("appstreamcli"):
        return "appstreamcli is not installed"
    subprocess.run(["appstreamcli", "validate", "--no-net", os.path.join(folder, ID + ".metainfo.xml")],
                   check=True, stdout=subprocess.DEVNULL)


@case("the icon is a picture with a view box")
def icon():
    root = ET.parse(os.path.join(folder, ID + ".svg")).getroot()
    assert root.tag.endswith("svg") and root.get("viewBox")


@case("--help shows an example, --version a number, both without a display")
def help_text():
    out = run("--help")
    assert out.returncode == 0 and "Example:" in out.stdout, out
    out = run("--version")
    assert out.returncode == 0 and out.stdout.startswith("enveloscope "), out


@case("a wrong flag exits 2 and says what to try")
def wrong_flag():
    out = run("--no-such-flag")
    assert out.returncode == 2 and "--help" in out.stderr, out


@case("without a display it exits 2 and names the way out")
def no_display():
    out = run()
    assert out.returncode == 2 and "enveloscope-sim" in out.stderr, out


print("\n".join(results))
print(f"1..{len(results)}")
