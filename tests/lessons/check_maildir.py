#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_maildir.py -- mail of real files in and out of a run; Python's mailbox module wrote the one and
reads the other."""
import mailbox
import os
import tempfile

from program import sim
import tap

FOLDER = tempfile.TemporaryDirectory(prefix="enveloscope-maildir-")
PLACE = FOLDER.name

SCENARIO = """
hosts:
  mail: {kind: server, title: {en: m, th: m}, place: [1, 1], address: 10.0.0.1/24}
  pc: {kind: pc, title: {en: p, th: p}, place: [9, 9], address: 10.0.0.2/24}
links:
  wire: {ends: [mail, pc]}
services:
  mail: {name: mail.a.test, domains: [a.test], imap: true}
users:
  - {name: ann, password: secret, host: mail, maildir: in, mbox: in.mbox}
actions: []
until: 1s
"""


def test_what_goes_in_comes_out():
    """maildir: and mbox: of a user, then --maildir-out: octets, flags, folders; never over what is there."""
    box = mailbox.Maildir(f"{PLACE}/in", create=True)
    message = mailbox.MaildirMessage(b"Subject: one\n\n\xe0\xb8\xaa\n")
    message.set_subdir("cur")
    message.set_flags("FS")
    box.add_folder("Work").add(message)
    with open(f"{PLACE}/in.mbox", "wb") as f:
        f.write(b"From x@y Thu Jan  1 00:00:00 2026\nSubject: two\n\n>From me\n")
    with open(f"{PLACE}/a.yaml", "w", encoding="utf-8") as f:
        f.write(SCENARIO)
    done = sim("run", f"{PLACE}/a.yaml", "--quiet", "--maildir-out", f"{PLACE}/out")
    assert done.returncode == 0, done.stderr
    ours = mailbox.Maildir(f"{PLACE}/out/mail/ann", create=False)
    assert ours.list_folders() == ["Work"], ours.list_folders()
    assert [m.as_bytes().replace(b"\r\n", b"\n") for m in ours] == [b"Subject: two\n\nFrom me\n"]
    (work,) = ours.get_folder("Work")
    assert work.get_flags() == "FS" and work["Subject"] == "one"
    again = sim("run", f"{PLACE}/a.yaml", "--quiet", "--maildir-out", f"{PLACE}/out")
    assert again.returncode != 0 and "Maildir" in again.stderr, again.stderr


def test_a_run_leaves_its_mail():
    """office: the letter that is sent in the run lies in its reader's Maildir."""
    done = sim("run", "office", "--quiet", "--maildir-out", f"{PLACE}/office")
    assert done.returncode == 0, done.stderr
    accounts = os.listdir(f"{PLACE}/office/mail")
    assert "bob" in accounts and "malee" in accounts, accounts
    bob = mailbox.Maildir(f"{PLACE}/office/mail/bob", create=False)
    assert [m for m in bob if "malee@" in m["From"]], [m["From"] for m in bob]


def test_a_saved_run_holds_its_mbox():
    """replay reads no file beside the saved run: the mbox is in it, and a Maildir, which is not, is refused."""
    with open(f"{PLACE}/m.mbox", "wb") as f:
        f.write(b"From x@y Thu Jan  1 00:00:00 2026\nSubject: kept\n\nx\n")
    with open(f"{PLACE}/c.yaml", "w", encoding="utf-8") as f:
        f.write(SCENARIO.replace("maildir: in, mbox: in.mbox", "mbox: m.mbox"))
    done = sim("run", f"{PLACE}/c.yaml", "--quiet", "--save", f"{PLACE}/c.envrun")
    assert done.returncode == 0, done.stderr
    os.remove(f"{PLACE}/m.mbox")
    done = sim("replay", f"{PLACE}/c.envrun", "--quiet", "--maildir-out", f"{PLACE}/replayed")
    assert done.returncode == 0, done.stderr
    ours = mailbox.Maildir(f"{PLACE}/replayed/mail/ann", create=False)
    assert [m["Subject"] for m in ours] == ["kept"]
    box = mailbox.Maildir(f"{PLACE}/private", create=True)
    box.add(b"Subject: private\n\nx\n")
    with open(f"{PLACE}/d.yaml", "w", encoding="utf-8") as f:
        f.write(SCENARIO.replace("maildir: in, mbox: in.mbox", "maildir: private"))
    done = sim("run", f"{PLACE}/d.yaml", "--quiet", "--save", f"{PLACE}/d.envrun")
    assert done.returncode == 0, done.stderr
    done = sim("replay", f"{PLACE}/d.envrun", "--quiet")
    assert done.returncode != 0 and "private" in done.stderr, (done.returncode, done.stderr)


def test_what_cannot_be_is_told():
    """A missing Maildir is told with file and line; a scenario without accounts too."""
    with open(f"{PLACE}/b.yaml", "w", encoding="utf-8") as f:
        f.write(SCENARIO.replace("maildir: in", "maildir: nothing"))
    done = sim("run", f"{PLACE}/b.yaml", "--quiet")
    assert done.returncode == 3 and "b.yaml:" in done.stderr and "nothing" in done.stderr, done.stderr
    done = sim("run", "arp", "--quiet", "--maildir-out", f"{PLACE}/none")
    assert done.returncode == 2 and "--maildir-out" in done.stderr, done.stderr


tap.main(globals())
