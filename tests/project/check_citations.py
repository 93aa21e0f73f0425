#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_citations.py -- every RFC that the project names exists, and so does the section.

The judge is the text itself, as Debian packs it: doc-rfc-std, doc-rfc-std-proposed, doc-rfc-old-std,
doc-rfc-informational, doc-rfc-experimental, doc-rfc-fyi-bcp, doc-rfc-misc (non-free). Where they are not
installed, or are older than an RFC, there is nothing to hold a citation against.

    check_citations.py --list       RFC, section, its title, and where it is cited: to read for sense
"""
import collections
import functools
import glob
import gzip
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TEXTS = "/usr/share/doc/RFC/links"
TEXT_FILES = (".c", ".h", ".py", ".md", ".txt", ".pkt", ".yaml", ".1", ".build", ".dict")
SECTION = r"(?:[A-Z]\.)?\d{1,2}(?:\.\d+)*"
# "RFC 5321 4.1.1.4", "RFC 3501 section 6.2.3", "RFC 9293 sections 3.4 and 3.8", "RFC 768"
CITED = re.compile(rf"RFC[ -](\d{{3,5}})((?:,? (?:sections? )?(?:and )?{SECTION}(?![\d\w])(?!, \d{{4}})){{0,4}})")


@functools.cache
def text(number):
    """The lines of an RFC; None when it is not there."""
    found = glob.glob(f"{TEXTS}/rfc{number}.txt*")
    if not found:
        return None
    with gzip.open(found[0]) if found[0].endswith(".gz") else open(found[0], "rb") as f:
        return f.read().decode("utf-8", "replace").replace("\f", "\n").split("\n")


@functools.cache
def title_of(number, section):
    """What stands behind the section's number where a line begins with it: its title, or the first words
    of a numbered rule ("(2.1)"), which RFC 6298 has. None: no line does."""
    begins = re.compile(rf"^ {{0,12}}\(?(?:Section |Appendix |APPENDIX )?{re.escape(section)}\)?\.?:?\s+(\S.*)$")
    found = [m.group(1).strip() for m in map(begins.match, text(number)) if m]
    titles = [t for t in found if not re.search(r"\. ?\. ?\.|\s\d+$", t)]
    return (titles or found or [None])[0]


def citations():
    """(RFC, section or None) -> the files that cite it."""
    if not os.path.isdir(f"{ROOT}/.git"):
        raise tap.Skip("this is no clone, so what belongs to the project is not known")
    listed = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"],
                            capture_output=True, text=True, check=True).stdout.split("\0")
    cited = collections.defaultdict(set)
    for name in listed:
        if not name.endswith(TEXT_FILES) or not os.path.exists(f"{ROOT}/{name}"):
            continue
        with open(f"{ROOT}/{name}", encoding="utf-8") as f:
            whole = re.sub(r'"\s*\n\s*"', "", f.read())
        whole = re.sub(r"\s*\n\s*(?:\*(?!/)|#|//|\")?\s*", " ", whole)
        for match in CITED.finditer(whole):
            cited[int(match[1]), None].add(name)
            for section in re.findall(SECTION, match[2]):
                cited[int(match[1]), section].add(name)
    return cited


def need_texts():
    """Raises tap.Skip where there is nothing to read."""
    if not glob.glob(f"{TEXTS}/rfc*.txt*"):
        raise tap.Skip("the texts of RFCs (packages doc-rfc-*) are not installed")


def test_enough_is_cited_to_be_judged():
    cited = citations()
    assert len({n for n, _ in cited}) > 200 and (8314, "3") in cited and (5321, "4.1.1.4") in cited


def test_every_cited_section_is_there():
    need_texts()
    wrong = [f"RFC {n} has no section {s}: {', '.join(sorted(where))}"
             for (n, s), where in sorted(citations().items(), key=str)
             if s and text(n) and not title_of(n, s)]
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_cited_rfc_is_there():
    """Those that are newer than the newest text are only counted."""
    need_texts()
    newest = max(int(re.search(r"rfc(\d+)", name)[1]) for name in glob.glob(f"{TEXTS}/rfc*.txt*"))
    wrong = [f"RFC {n}: {', '.join(sorted(where))}" for (n, s), where in sorted(citations().items(), key=str)
             if not s and n <= newest and not text(n)]
    assert not wrong, "\n" + "\n".join(wrong)


if "--list" in sys.argv:
    for (rfc, part), places in sorted(citations().items(), key=lambda item: (item[0][0], item[0][1] or "")):
        told = title_of(rfc, part) if part and text(rfc) else "" if text(rfc) else "(no text)"
        print(f"RFC {rfc} {part or ''}\t{told}\t{', '.join(sorted(places)[:4])}")
else:
    tap.main(globals())
