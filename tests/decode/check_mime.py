#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_mime.py -- letters in the tree: Python's email package, which made them, is the judge.

Every letter travels in DATA with its dots doubled, cut into small segments; contents, names and
addresses of the tree are compared with what Python reads out of the same octets.
"""
import email
import email.message
import email.policy
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from talk import Talk  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()
COUNTER = iter(range(1000000))


def capture_of(octets, segment=500, chunks=0):
    """A capture in which these octets are sent, by DATA or in so many chunks."""
    talk = Talk()
    talk.server(b"220 mx.test ESMTP\r\n")
    talk.client(b"EHLO c\r\n")
    talk.server(b"250-mx.test\r\n250-CHUNKING\r\n250 8BITMIME\r\n")
    talk.client(b"MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\n")
    talk.server(b"250 ok\r\n250 ok\r\n")
    if chunks:
        size = -(-len(octets) // chunks)
        parts = [octets[at:at + size] for at in range(0, len(octets), size)]
        for number, part in enumerate(parts, 1):
            last = b" LAST" if number == len(parts) else b""
            talk.client(b"BDAT %d%s\r\n" % (len(part), last) + part)
            talk.server(b"250 ok\r\n")
    else:
        talk.client(b"DATA\r\n")
        talk.server(b"354 go on\r\n")
        talk.client(b"\r\n".join(b"." + line if line.startswith(b".") else line
                                 for line in octets.split(b"\r\n")) + b".\r\n")
        talk.server(b"250 ok\r\n")
    path = os.path.join(FOLDER.name, f"{next(COUNTER)}.pcap")
    talk.save(path, segment)
    return path


def tree(path, where="imf"):
    """The fields of the one frame in which the letter is read: dicts, as "decode -T json" says."""
    done = subprocess.run([PROGRAM, "decode", "-r", path, "-T", "json", "-Y", where, "--lang", "en"],
                          capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8"))
    assert done.returncode == 0, done.stderr
    frames = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(frames) == 1, len(frames)
    return frames[0]["fields"]


def values(fields, key):
    return [field["value"] for field in fields if field["key"] == key]


def shown(text):
    """Text as the values of fields escape it."""
    return text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")


def letter():
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"] = "ดวงใจ <duangjai@xn--12c1fe0br.test>"
    m["To"] = 'Bob <bob@b.test>, "Carol, C." <carol@c.test>'
    m["Subject"] = "แผนเที่ยว ทดสอบ"
    m.set_content("สวัสดี\n.\n.จุด\nlong " + "x" * 100 + "\n", cte="quoted-printable")
    m.add_attachment(bytes(range(256)) * 20, maintype="application", subtype="octet-stream",
                     filename="แผน.bin")
    inner = email.message.EmailMessage(policy=email.policy.SMTP)
    inner["From"] = "inner@i.test"
    inner["Subject"] = "inside"
    inner.set_content("inner text\n", cte="base64")
    inner.add_alternative("<p>inner</p>", subtype="html", cte="quoted-printable")
    m.add_attachment(inner)
    return m


def compare(octets, fields):
    judge = email.message_from_bytes(octets, policy=email.policy.SMTP)
    leaves = [part for part in judge.walk() if not part.is_multipart()
              and part.get("Content-Transfer-Encoding") in ("base64", "quoted-printable")]
    sizes = [len(part.get_payload(decode=True)) for part in leaves]
    assert values(fields, "enveloscope.mime.size") == [str(size) for size in sizes], (
        values(fields, "enveloscope.mime.size"), sizes)
    texts = [shown(part.get_payload(decode=True).decode()) for part in leaves
             if part.get_content_maintype() == "text"]
    assert values(fields, "enveloscope.mime.text") == texts
    data = [part.get_payload(decode=True).hex() for part in leaves
            if part.get_content_maintype() != "text"]
    assert values(fields, "enveloscope.mime.data") == data
    names = [part.get_filename() for part in judge.walk() if part.get_filename()]
    assert values(fields, "enveloscope.mime.name") == names
    return judge


def test_parts_names_and_contents_are_what_python_reads():
    octets = letter().as_bytes()
    for segment in (37, 1400):
        fields = tree(capture_of(octets, segment))
        judge = compare(octets, fields)
        parts = [part.get_content_type() for part in judge.walk()][1:]
        ours = [value.split(";")[0] for value in values(fields, "mime_multipart.part")]
        outside = [part for part in parts]
        # the letter inside is a part whose own root has no line of its own in a multipart
        outside.remove("multipart/alternative")
        assert ours == outside, (ours, outside)
        assert values(fields, "imf.subject")[1] == "inside"


def test_addresses_and_encoded_words():
    octets = letter().as_bytes()
    fields = tree(capture_of(octets))
    judge = email.message_from_bytes(octets, policy=email.policy.SMTP)
    addresses = [a.addr_spec for field in ("From", "To") for a in judge[field].addresses]
    assert values(fields, "enveloscope.imf.address") == addresses + ["inner@i.test"]
    names = [a.display_name for field in ("From", "To") for a in judge[field].addresses]
    assert values(fields, "enveloscope.imf.address.name") == names
    assert str(judge["Subject"]) in values(fields, "enveloscope.imf.decoded")
    assert values(fields, "enveloscope.imf.domain.ascii") == ["xn--12c1fe0br.test"]
    # RFC 3492 by Python's own codec
    assert values(fields, "enveloscope.imf.domain.unicode") == [
        b"12c1fe0br".decode("punycode") + ".test"]


def test_chunks_and_dots_give_the_same_tree():
    octets = letter().as_bytes()
    one = tree(capture_of(octets))
    keys = ("imf", "mime_multipart", "enveloscope.mime", "enveloscope.imf")
    plain = [(f["key"], f["value"]) for f in one if f["key"].startswith(keys)]
    for chunks in (1, 2, 7):
        other = tree(capture_of(octets, 100, chunks))
        assert [(f["key"], f["value"]) for f in other if f["key"].startswith(keys)] == plain, chunks


def test_ranges_of_a_letter_with_doubled_dots_hold_its_own_octets():
    """The source of the letter has the dots undone: n_bytes of its layer is the letter's size."""
    octets = b"From: a@a.test\r\nSubject: dots\r\n\r\n.\r\n..\r\n...x\r\nend\r\n"
    fields = tree(capture_of(octets, 11))
    layer = [f for f in fields if f["key"] == "imf"]
    assert [f["n_bytes"] for f in layer] == [len(octets)] and layer[0]["source"] > 0
    text = [f for f in fields if f["key"] == "imf.message_text"][0]
    assert (text["first_byte"], text["n_bytes"]) == (33, len(octets) - 33)


def test_hostile_letters_end_in_marks():
    deep = b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
    for level in range(40):
        deep += b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (level, level + 1)
    fields = tree(capture_of(b"Subject: deep\r\n" + deep))
    assert len(values(fields, "enveloscope.mime.too_deep")) == 1
    many = b"Subject: many\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(
        b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n" for _ in range(500))
    fields = tree(capture_of(many, 1400))
    assert 20 < len(values(fields, "enveloscope.mime.size")) < 50
    assert len(values(fields, "enveloscope.mime.bad")) > 20
    fields = tree(capture_of(b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n"))
    assert values(fields, "enveloscope.mime.bad") == ["1"]
    headers = b"".join(b"X-%d: y\r\n" % n for n in range(600)) + b"\r\nbody\r\n"
    assert len(values(tree(capture_of(headers, 1400)), "imf.extension")) == 500


def test_a_letter_longer_than_is_read_says_so():
    octets = b"Subject: long\r\n\r\n" + (b"y" * 76 + b"\r\n") * 20000
    fields = tree(capture_of(octets, 1400))
    assert values(fields, "enveloscope.imf.cut") == [str(len(octets) + 0)]
    assert values(fields, "imf.subject") == ["long"]


tap.main(globals())
