#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_mailfile.py -- Python's mailbox module reads the Maildir and mbox files that we write, and we
read its own; Dovecot opens our Maildir.

    judge_mailfile.py MAILFILE-CONVERT            prints TAP
"""
import imaplib
import mailbox
import os
import pwd
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

CONVERT = sys.argv[1]
MESSAGES = [  # octets with LF, flags of a maildir
    (b"From: a@b.test\nSubject: one\n\nFrom the start\n\nFrom me to you\n>From quoted\nend\n", "S"),
    (b"Subject: =?utf-8?b?4Liq4Lin4Lix4Liq4LiU4Li1?=\n\n\xe0\xb8\xaa\xff\n", "FR"),
    (b"Subject: empty\n\n", "DT"),
]


def convert(kind_in, source, kind_out, target):
    subprocess.run([CONVERT, kind_in, source, kind_out, target], check=True, timeout=20)


def foreign_maildir(folder):
    box = mailbox.Maildir(folder, create=True)
    work = box.add_folder("Work.2026")
    for place, into in enumerate((box, work)):
        for index, (octets, flags) in enumerate(MESSAGES):
            message = mailbox.MaildirMessage(octets)
            message.set_subdir("cur")
            message.set_flags(flags)
            message.set_date(1767225600 + 60 * index + place)
            into.add(message)
            time.sleep(0.002)           # its names hold the time of writing, which orders them
    return box


def octets_of(box):
    return sorted(box.get_bytes(key).replace(b"\r\n", b"\n") for key in box.keys())


def test_python_reads_our_maildir():
    """What Python wrote, we read; what we write of it, Python reads: octets, flags, folders, dates."""
    with tempfile.TemporaryDirectory() as folder:
        foreign_maildir(f"{folder}/in")
        convert("maildir", f"{folder}/in", "maildir", f"{folder}/out")
        ours = mailbox.Maildir(f"{folder}/out", create=False)
        assert sorted(ours.list_folders()) == ["Work", "Work.2026"], ours.list_folders()
        for box in (ours, ours.get_folder("Work.2026")):
            assert octets_of(box) == sorted(octets for octets, _ in MESSAGES)
            assert sorted(message.get_flags() for message in box) == ["DT", "FR", "S"]
        for name in os.listdir(f"{folder}/out/cur"):
            path = f"{folder}/out/cur/{name}"
            assert os.stat(path).st_mtime == int(name.split(".")[0])


def test_python_reads_our_mbox():
    """mboxo is the kind that Python writes and reads: octets and flags of each message."""
    with tempfile.TemporaryDirectory() as folder:
        foreign_maildir(f"{folder}/in")
        convert("maildir", f"{folder}/in", "mboxo", f"{folder}/out")
        assert sorted(os.listdir(f"{folder}/out")) == ["INBOX.mbox", "Work", "Work.mbox"]
        for name in ("INBOX.mbox", "Work/2026.mbox"):
            box = mailbox.mbox(f"{folder}/out/{name}", create=False)
            got = list(box)
            assert len(got) == len(MESSAGES), len(got)
            for message, (octets, flags) in zip(got, MESSAGES):
                body = message.as_bytes().split(b"\n\n", 1)[1]
                wanted = octets.split(b"\n\n", 1)[1].replace(b"\nFrom ", b"\n>From ")
                if wanted.startswith(b"From "):
                    wanted = b">" + wanted
                assert body == wanted, (body, wanted)
                both = {"S": "RO", "FR": "OFA", "DT": "ODT"}[flags]
                assert sorted(message.get_flags()) == sorted(both), message.get_flags()


def test_we_read_pythons_mbox():
    """A file that Python wrote with flags and dates becomes the Maildir that it describes."""
    with tempfile.TemporaryDirectory() as folder:
        box = mailbox.mbox(f"{folder}/in.mbox")
        for index, (octets, flags) in enumerate(MESSAGES):
            message = mailbox.mboxMessage(octets)
            message.set_from("a@b.test", time.gmtime(1767225600 + 60 * index))
            message.set_flags({"S": "RO", "FR": "OFA", "DT": "ODT"}[flags])
            box.add(message)
        box.close()
        convert("mboxo", f"{folder}/in.mbox", "maildir", f"{folder}/out")
        ours = mailbox.Maildir(f"{folder}/out", create=False)
        # mboxo cannot tell ">From " of the message from its own quoting
        wanted = sorted(o.replace(b"\n>From quoted", b"\nFrom quoted") for o, _ in MESSAGES)
        assert octets_of(ours) == wanted, octets_of(ours)
        by_name = sorted(os.listdir(f"{folder}/out/cur"))
        assert [n.split(":2,")[1] for n in by_name] == ["S", "FR", "DT"], by_name
        assert [int(n.split(".")[0]) for n in by_name] == [1767225600 + 60 * i for i in range(3)]


def test_dovecot_opens_our_maildir():
    """UIDs, flags, keywords, octets and the folder's Thai name are those that we wrote."""
    dovecot = "/usr/lib/dovecot/imap"
    if not os.path.exists(dovecot):
        raise tap.Skip("Dovecot is not installed (Debian package dovecot-imapd)")
    with tempfile.TemporaryDirectory() as folder:
        box = foreign_maildir(f"{folder}/in")
        os.rename(f"{folder}/in/.Work.2026", f"{folder}/in/.Work.&DiwOMg4Z-")   # a Thai name
        with open(f"{folder}/in/dovecot-keywords", "w", encoding="ascii") as f:
            f.write("0 $Label1\n")
        first = sorted(os.listdir(f"{folder}/in/cur"))[0]
        os.rename(f"{folder}/in/cur/{first}", f"{folder}/in/cur/{first}a")
        assert len(box) == len(MESSAGES)
        convert("maildir", f"{folder}/in", "maildir", f"{folder}/out")
        with open(f"{folder}/conf", "w", encoding="ascii") as f:
            f.write(f"base_dir = {folder}/run\nmail_location = maildir:{folder}/out\nssl = no\n"
                    "protocols = imap\nfirst_valid_uid = 1\n")
        command = f"{dovecot} -c {folder}/conf"
        user = pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:            # Dovecot opens no mail as root
            user = "nobody"
            subprocess.run(["chown", "-R", user, folder], check=True)
            command = f"setpriv --reuid=nobody --regid=nogroup --clear-groups {command}"
        talk = imaplib.IMAP4_stream(f"HOME={folder} USER={user} {command} 2>/dev/null")
        assert talk.state == "AUTH"
        assert b" Work.&DiwOMg4Z-" in b" ".join(talk.list()[1]), talk.list()
        assert talk.select("INBOX")[1] == [b"3"]
        got = [g for g in talk.fetch("1:*", "(UID FLAGS BODY.PEEK[])")[1] if isinstance(g, tuple)]
        flags = [imaplib.ParseFlags(head) for head, _ in got]
        assert [set(f) - {b"\\Recent"} for f in flags] == [
            {b"\\Seen", b"$Label1"}, {b"\\Answered", b"\\Flagged"}, {b"\\Deleted", b"\\Draft"}], flags
        assert [octets.replace(b"\r\n", b"\n") for _, octets in got] == [o for o, _ in MESSAGES]
        assert b"UID 3" in got[2][0]
        talk.logout()


tap.main(globals())
