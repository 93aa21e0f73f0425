# SPDX-License-Identifier: GPL-3.0-or-later
"""check_sanitise.py PROGRAM -- copies without secrets: what changes, what stays, what is said.

The judges are octets (every frame beside its original), checksums computed here, tshark with checksum
validation, and the audit of the copy, which must tell the same story with masked secrets.
"""
import base64
import gzip
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import captures  # noqa: E402
import tap  # noqa: E402

PROGRAM = sys.argv[1]
FOLDER = tempfile.mkdtemp(prefix="sanitise-")
SECRET = "s3cretw0rd"


def b64(text):
    return base64.b64encode(text.encode()).decode()


def sanitise(source, name="out.pcap"):
    out = os.path.join(FOLDER, name)
    if os.path.exists(out):
        os.unlink(out)
    done = subprocess.run([PROGRAM, "sanitise", "--lang", "en", source, out], capture_output=True,
                          check=False, text=True)
    return done.returncode, out, done.stderr


def frames_of(path):
    with open(path, "rb") as file:
        data = file.read()
    frames, at = [], 24
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + n])
        at += 16 + n
    return data[:24], frames


def logins(path):
    out = os.path.join(FOLDER, "revealed.jsonl")
    if os.path.exists(out):
        os.unlink(out)
    subprocess.run([PROGRAM, "audit", "--format", "json", "--reveal", "-o", out, path],
                   capture_output=True, check=False)
    with open(out, encoding="utf-8") as lines:
        return [o for o in map(json.loads, lines) if o["type"] == "login"]


def is_right(frame):
    """Is the TCP checksum of this whole frame right?"""
    pseudo = frame[12:20] + struct.pack(">HH", 6, len(frame) - 20)
    return captures.checksum(pseudo + frame[20:]) == 0


CRAM = "alice 0123456789abcdef0123456789abcdef"
SESSIONS = [  # port, script, user, what audit --reveal says of the copy's secret
    (110, ["S: +OK", "C: USER alice", "S: +OK", f"C: PASS {SECRET}", "S: +OK"], "alice", "x" * 10),
    (143, ["S: * OK hi", f"C: a LOGIN alice {SECRET}", "S: a OK"], "alice", "x" * 10),
    (143, ["S: * OK hi", f'C: a LOGIN "alice" "{SECRET}"', "S: a OK"], "alice", "x" * 10),
    (143, ["S: * OK hi", "C: a LOGIN {5}", "S: + go", "C: alice {10}", "S: + go", f"C: {SECRET}",
           "S: a NO"], "alice", "x" * 10),
    (25, ["S: 220 mx", "C: EHLO pc", "S: 250 AUTH PLAIN", f"C: AUTH PLAIN {b64(chr(0) + 'alice' + chr(0) + SECRET)}",
          "S: 235 ok"], "alice", "x" * 10),
    (25, ["S: 220 mx", "C: EHLO pc", "S: 250 AUTH LOGIN", "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6",
          f"C: {b64('alice')}", "S: 334 UGFzc3dvcmQ6", f"C: {b64(SECRET)}", "S: 535 no"], "alice",
     "x" * 10),
    (25, ["S: 220 mx", "C: EHLO pc", "S: 250 AUTH CRAM-MD5", "C: AUTH CRAM-MD5", "S: 334 PDEuMkBteD4=",
          f"C: {b64(CRAM)}", "S: 235 ok"], "alice", "0" * 32),
    (143, ["S: * OK hi", "C: a AUTHENTICATE XOAUTH2 "
           + b64(f"user=alice\1auth=Bearer {SECRET}\1\1"), "S: a OK"], "alice", "x" * 10),
]


def test_each_login_keeps_its_story_and_loses_its_secret():
    for i, (port, script, user, secret) in enumerate(SESSIONS):
        path = captures.write(FOLDER, f"s{i}.pcap", captures.conversation(script, port))
        code, out, said = sanitise(path)
        assert code == 0, said
        before, after = logins(path), logins(out)
        assert len(before) == len(after) == 1, script
        assert before[0]["user"] == after[0]["user"] == user, script
        assert before[0]["secret"] in (SECRET, CRAM[6:], f"Bearer {SECRET}"), before
        assert after[0]["secret"].removeprefix("Bearer ") == secret, after
        for key in ("mechanism", "outcome", "frames", "stream", "client", "server", "time"):
            assert before[0][key] == after[0][key]


def test_only_secrets_and_checksums_change():
    for i, (port, script, _, _) in enumerate(SESSIONS):
        path = captures.write(FOLDER, f"c{i}.pcap", captures.conversation(script, port))
        _, out, _ = sanitise(path)
        head, old = frames_of(path)
        head_out, new = frames_of(out)
        assert head == head_out and len(old) == len(new)
        changed = [(a, b) for a, b in zip(old, new) if a != b]
        assert len(changed) == 1, script
        for a, b in zip(old, new):
            assert len(a) == len(b) and a[:36] == b[:36] and is_right(a) and is_right(b)
        spellings = (SECRET.encode(), b64(SECRET).encode(), CRAM[6:].encode())
        assert not any(s in frame for frame in new for s in spellings)


def test_repetitions_with_other_cuts_and_other_octets():
    frames = captures.conversation(["S: +OK", "C: USER alice", "S: +OK", f"C: PASS {SECRET}", "S: +OK"], 110)
    seq = 1001 + len("USER alice\r\n")
    frames.insert(7, captures.segment(False, seq + 7, 2011, 0x18, b"cretw", 110))  # a part again
    frames.insert(8, captures.segment(False, seq, 2011, 0x18, b"PASS otherpass\r\n", 110))
    path = captures.write(FOLDER, "again.pcap", frames)
    code, out, said = sanitise(path)
    assert code == 0, said
    new = frames_of(out)[1]
    assert new[7][40:] == b"xxxxx" and new[8][40:50] == b"PASS xxxxx" and all(map(is_right, new))


def test_a_secret_in_fragments():
    frames = captures.conversation(["S: +OK", "C: USER alice", "S: +OK"], 110)
    whole = captures.tcp(False, 1001 + len("USER alice\r\n"), 2011, 0x18,
                         f"PASS {SECRET}\r\n".encode(), 110)
    ends = captures.ENDS
    frames += [captures.ip(ends[0], ends[1], whole[:24], 7, 0, True),
               captures.ip(ends[0], ends[1], whole[24:32], 7, 24, True),
               captures.ip(ends[0], ends[1], whole[32:], 7, 32, False)]
    path = captures.write(FOLDER, "fragments.pcap", frames)
    code, out, said = sanitise(path)
    assert code == 0, said
    new = frames_of(out)[1]
    again = new[-3][20:] + new[-2][20:] + new[-1][20:]
    assert again[20:] == b"PASS xxxxxxxxxx\r\n"
    pseudo = ends[0] + ends[1] + struct.pack(">HH", 6, len(again))
    assert captures.checksum(pseudo + again) == 0


def test_a_wrong_checksum_stays_wrong():
    frames = captures.conversation(SESSIONS[0][1], 110)
    bad = bytearray(frames[6])
    bad[36] ^= 0x55
    frames[6] = bytes(bad)
    _, out, _ = sanitise(captures.write(FOLDER, "wrong.pcap", frames))
    new = frames_of(out)[1][6]
    assert b"xxxxxxxxxx" in new and not is_right(new)

    def error_of(frame):
        pseudo = frame[12:20] + struct.pack(">HH", 6, len(frame) - 20)
        return captures.checksum(pseudo + frame[20:])
    assert error_of(new) == error_of(frames[6])  # off by as much as before


def test_gzip_and_standard_input():
    path = captures.write(FOLDER, "plain.pcap", captures.conversation(SESSIONS[0][1], 110))
    _, out, _ = sanitise(path, "a.pcap")
    with open(path, "rb") as plain, gzip.open(path + ".gz", "wb") as packed:
        packed.write(plain.read())
    assert sanitise(path + ".gz", "b.pcap")[0] == 0
    piped = os.path.join(FOLDER, "c.pcap")
    with open(path, "rb") as plain:
        subprocess.run([PROGRAM, "sanitise", "-", piped], stdin=plain, capture_output=True, check=True)
    with open(out, "rb") as a, open(os.path.join(FOLDER, "b.pcap"), "rb") as b, open(piped, "rb") as c:
        assert a.read() == b.read() == c.read()


def test_key_logs_in_pcapng_are_blanked():
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    secrets = b"CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48 + b"\n"
    data = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    data += block(0x0a, struct.pack("<II", 0x544c534b, len(secrets)) + secrets)
    data += block(1, struct.pack("<HHI", 101, 0, 65535))
    for frame in captures.conversation(SESSIONS[0][1], 110):
        data += block(6, struct.pack("<IIIII", 0, 0, 0, len(frame), len(frame)) + frame)
    path = os.path.join(FOLDER, "keys.pcapng")
    with open(path, "wb") as out:
        out.write(data)
    code, out, said = sanitise(path, "keys-out.pcapng")
    with open(out, "rb") as file:
        new = file.read()
    assert code == 0 and "1 key logs" in said
    assert len(new) == len(data) and b"CLIENT_RANDOM" not in new and b"cdcd" not in new
    assert SECRET.encode() not in new


def test_the_same_octets_in_a_message_are_told():
    script = ["S: +OK", "C: USER alice", "S: +OK", f"C: PASS {SECRET}", "S: +OK", "C: RETR 1", "S: +OK",
              f"S: your password is {SECRET}", "S: ."]
    code, out, said = sanitise(captures.write(FOLDER, "told.pcap", captures.conversation(script, 110)))
    assert code == 4 and "1 secrets also stand elsewhere" in said
    assert f"your password is {SECRET}".encode() in b"".join(frames_of(out)[1])


def test_what_it_refuses_leaves_nothing_behind():
    path = captures.write(FOLDER, "keep.pcap", captures.conversation(SESSIONS[0][1], 110))
    with open(path, "rb") as file:
        before = file.read()
    assert subprocess.run([PROGRAM, "sanitise", path, path], capture_output=True,
                          check=False).returncode == 2
    assert subprocess.run([PROGRAM, "sanitise", path], capture_output=True,
                          check=False).returncode == 2
    assert sanitise("/nonexistent")[0] == 3
    assert sanitise(path, "no/such/folder.pcap")[0] == 3
    text = os.path.join(FOLDER, "text.pcap")
    with open(text, "w", encoding="ascii") as out:
        out.write("no capture at all, but long enough to be one")
    assert sanitise(text)[0] == 3
    with open(path, "rb") as file:
        assert file.read() == before
    assert not [name for name in os.listdir(FOLDER) if name.endswith(".part")]


def test_tshark_finds_every_checksum_right():
    if not shutil.which("tshark"):
        raise tap.Skip("tshark is not installed")
    corpus = os.environ.get("ENVELOSCOPE_CORPUS")
    if not corpus:
        raise tap.Skip("ENVELOSCOPE_CORPUS is not set")
    folder = os.path.join(corpus, "onefeature")
    command = ["tshark", "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-e", "tcp.checksum.status",
               "-e", "frame.len", "-e", "frame.time_epoch", "-r"]
    n_changed = 0
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        code, out, said = sanitise(path)
        assert code in (0, 4), said
        old, new = (subprocess.run(command + [p], capture_output=True, check=True).stdout
                    for p in (path, out))
        assert old == new, name
        with open(path, "rb") as a, open(out, "rb") as b:
            n_changed += a.read() != b.read()
    assert n_changed > 20


tap.main(globals())
