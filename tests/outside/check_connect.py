#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_connect.py -- `enveloscope-sim connect`: our simulated clients against Dovecot and Postfix.

    check_connect.py ENVELOSCOPE-SIM SERVER-CERTIFICATE       prints TAP; skips what is not installed

Both servers run as ordinary processes on ports of 127.0.0.1, with a configuration and mail of their own
in a temporary folder. What our clients did is asked of the servers by Python's imaplib, poplib and the
files of the Maildir, never of our events alone."""
import atexit
import contextlib
import imaplib
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

PROGRAM, CERTIFICATE = sys.argv[1], sys.argv[2]
ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
FOLDER = tempfile.mkdtemp(prefix="enveloscope-connect-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
SECONDS_MAX = 60
ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", ENVELOSCOPE_LESSONS=os.path.join(ROOT, "lessons"))

NETWORK = """
until: 600s
hosts:
  phone: {kind: phone, address: 10.0.0.2/24}
  laptop: {kind: pc, address: 10.0.0.3/24}
  mail: {kind: server, address: 10.0.0.25/24}
  switch: {kind: switch}
links:
  a: {ends: [phone, switch], rate: 20Mbit/s, delay: 2ms}
  b: {ends: [laptop, switch], rate: 20Mbit/s, delay: 1ms}
  c: {ends: [mail, switch], rate: 100Mbit/s, delay: 1ms}
actions:
"""

DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
mail_max_userip_connections = 50
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
"""


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_for(port, program):
    for _ in range(300):
        if program.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens on port {port}")


def stop(program):
    program.terminate()
    try:
        program.wait(20)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


class Dovecot:
    """One for all cases; each case has a user of its own."""
    instance = None

    def __init__(self):
        if not all(os.path.exists(f"/usr/lib/dovecot/{name}") for name in ("imap", "pop3")):
            raise tap.Skip("Dovecot is not installed (Debian packages dovecot-imapd, dovecot-pop3d)")
        self.folder = os.path.join(FOLDER, "dovecot")
        os.makedirs(os.path.join(self.folder, "mail"))
        me = pwd.getpwuid(os.getuid())
        is_root = me.pw_uid == 0
        owner = pwd.getpwnam("nobody") if is_root else me
        os.chmod(FOLDER, 0o755)
        os.chown(os.path.join(self.folder, "mail"), owner.pw_uid, owner.pw_gid)
        self.owner = owner
        ports = free_ports(4)
        self.imap, self.imaps, self.pop3, self.pop3s = ports
        with open(os.path.join(self.folder, "server.pem"), "wb") as f:
            f.write(subprocess.run([CERTIFICATE, "mail"], check=True, capture_output=True).stdout)
        config = os.path.join(self.folder, "dovecot.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(DOVECOT.format(folder=self.folder, internal="dovecot" if is_root else me.pw_name,
                                   internal_group="dovecot" if is_root else me.pw_gid,
                                   login="dovenull" if is_root else me.pw_name, uid=owner.pw_uid,
                                   gid=owner.pw_gid, imap=self.imap, imaps=self.imaps, pop3=self.pop3,
                                   pop3s=self.pop3s))
        self.program = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(stop, self.program)
        wait_for(self.imap, self.program)

    def box(self, user):
        box = imaplib.IMAP4("127.0.0.1", self.imap, timeout=SECONDS_MAX)
        box.login(user, "secret")
        return box

    def ways(self):
        return [f"--to={name}=127.0.0.1:{getattr(self, name)}"
                for name in ("imap", "imaps", "pop3", "pop3s")]


def dovecot():
    if Dovecot.instance is None:
        Dovecot.instance = Dovecot()
    return Dovecot.instance


def connect(actions, *ways, expect=0):
    """Runs the actions; the events as a list of dictionaries."""
    number = len(os.listdir(FOLDER))
    path = os.path.join(FOLDER, f"{number}.yaml")
    events = os.path.join(FOLDER, f"{number}.jsonl")
    with open(path, "w", encoding="utf-8") as f:
        f.write(NETWORK + actions)
    done = subprocess.run([PROGRAM, "connect", path, "--host", "mail", *ways, "--events", events,
                           "--for", str(SECONDS_MAX), "--lang", "en"], capture_output=True, text=True,
                          timeout=2 * SECONDS_MAX, env=ENVIRONMENT)
    told = []
    if os.path.exists(events):
        with open(events, encoding="utf-8") as f:
            told = [json.loads(line) for line in f]
    interesting = "\n".join(f"{e['host']} {e['key']} {e['value']}" for e in told
                            if e["key"] in ("log", "step", "suspicion", "conflict", "sync", "tls"))
    assert done.returncode == expect, (done.returncode, done.stdout, done.stderr, interesting)
    assert done.stdout.startswith("ready\n"), done.stdout
    assert not [e for e in told if e["key"] == "suspicion"], interesting
    return told


def values(told, key):
    return [e["value"] for e in told if e["key"] == key]


def letter(subject, text="Hello."):
    return (f"From: a@a.test\r\nTo: b@b.test\r\nSubject: {subject}\r\nMessage-ID: <{subject}@a.test>\r\n"
            f"\r\n{text}\r\n").encode()


def fill(server, user, *subjects):
    box = server.box(user)
    for subject in subjects:
        assert box.append("INBOX", None, None, letter(subject))[0] == "OK"
    return box


def flags(box, mailbox="INBOX"):
    """{subject: set of flags} as the server has it."""
    assert box.select(f'"{mailbox}"', readonly=True)[0] == "OK"
    answer = box.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
    found = {}
    for item in answer:
        if isinstance(item, tuple):
            subject = item[1].decode().split(":", 1)[1].strip()
            found[subject] = set(imaplib.ParseFlags(item[0])) - {b"\\Recent"}
    box.close()
    return found


def account(user, verb, **keys):
    text = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"    do: {verb}\n    server: 10.0.0.25\n    user: {user}\n    password: secret\n{text}"


# ---- POP3 ----

def test_pop3_downloads_octet_for_octet_and_deletes():
    server = dovecot()
    box = fill(server, "pop", "one", "two")
    octets = letter("dots", "..\r\n.\r\n.x")
    box.append("INBOX", None, None, octets)
    told = connect("  - id: a\n    at: 0\n    host: laptop\n" + account("pop", "fetch-pop"), *server.ways())
    kept = [e["value"] for e in told if e["subject"] == "store laptop"]
    assert len(kept) == 3 and f"size={len(octets)} " in kept[2], kept
    assert box.select("INBOX")[1] == [b"0"]


def test_pop3_leaves_on_the_server_and_fetches_once_by_uidl():
    server = dovecot()
    box = fill(server, "popkeep", "one", "two")
    told = connect("  - id: a\n    at: 0\n    host: laptop\n" + account("popkeep", "fetch-pop", keep="true")
                   + "  - after: a\n    host: laptop\n"
                   + account("popkeep", "fetch-pop", keep="true", pipeline="true"), *server.ways())
    assert len([e for e in told if e["subject"] == "store laptop"]) == 2
    assert box.select("INBOX")[1] == [b"2"]


def test_pop3_dropped_line_deletes_nothing():
    server = dovecot()
    box = fill(server, "popdrop", "one")
    connect("  - id: a\n    at: 0\n    host: laptop\n" + account("popdrop", "fetch-pop", quit="false"),
            *server.ways(), expect=1)
    assert box.select("INBOX")[1] == [b"1"]


def test_pop3_headers_first_and_every_mechanism():
    server = dovecot()
    box = fill(server, "popmech", "wanted", "other")
    actions = ("  - id: a0\n    at: 0\n    host: laptop\n"
               + account("popmech", "fetch-pop", headers="true", wanted="wanted"))
    mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "best"]
    for i, mechanism in enumerate(mechanisms, 1):
        actions += (f"  - id: a{i}\n    after: a{i - 1}\n    host: laptop\n"
                    + account("popmech", "fetch-pop", keep="true", auth=mechanism))
    told = connect(actions, *server.ways())
    assert len(values(told, "header")) == 2
    assert values(told, "auth") == ["USER"] + mechanisms[:-1] + ["SCRAM-SHA-256"], values(told, "auth")
    assert box.select("INBOX")[1] == [b"1"]


# ---- IMAP ----

def test_imap_reads_flags_moves_deletes_and_searches():
    server = dovecot()
    box = fill(server, "imap", "read", "flagged", "moved", "deleted", "ธรรมดา")
    told = connect("  - id: a\n    at: 0\n    host: phone\n" + account(
        "imap", "read-imap", identify="true", chunk="5", steps="""
      - folders
      - {create: คลัง}
      - {subscribe: คลัง}
      - {open: INBOX}
      - {read: read}
      - {flag: {which: flagged, flags: \\Flagged $Work}}
      - {move: {which: moved, to: คลัง}}
      - {delete: deleted}
      - {search: {key: SUBJECT, text: flag}}
      - {copy: {which: found, to: คลัง}}
      - {append: {to: \\Drafts, subject: draft, text: later}}
      - {rename: {from: คลัง, to: Old}}
      - close"""), *server.ways())
    now = flags(box)
    assert set(now) == {"read", "flagged", "ธรรมดา"}, now
    assert now["read"] == {b"\\Seen"} and now["flagged"] == {b"\\Flagged", b"$Work"}, now
    assert set(flags(box, "Old")) == {"moved", "flagged"}
    assert set(flags(box, "Drafts")) == {"draft"}
    assert values(told, "found") == ["1: 2"], values(told, "found")
    assert any(b"&DgQOJQ4xDgc-" in line for line in box.lsub()[1])      # RENAME leaves subscriptions


def test_imap_partial_fetch_gives_the_same_octets():
    server = dovecot()
    box = server.box("partial")
    octets = letter("big", "\r\n".join(f"line {i}" for i in range(3000)))
    box.append("INBOX", None, None, octets)
    for i, keys in enumerate(({}, {"chunk": "4096"}, {"chunk": "4096", "pipeline": "true"},
                              {"compress": "true"})):
        told = connect("  - id: a\n    at: 0\n    host: phone\n" + account(
            "partial", "read-imap", steps="[{open: INBOX}, {download: all}]", **keys), *server.ways())
        kept = [e["value"] for e in told if e["subject"] == "store phone/INBOX"]
        assert f"held=whole size={len(octets)} " in kept[-1], (i, kept)


def test_imap_idle_hears_of_new_mail():
    server = dovecot()
    box = fill(server, "idle", "before")
    told = connect("  - id: a\n    at: 0\n    host: phone\n" + account(
        "idle", "read-imap", steps="[{open: INBOX}, {idle: 8s}]")
        + "  - id: b\n    at: 3s\n    host: laptop\n" + account(
        "idle", "read-imap", steps="[{append: {to: INBOX, subject: arrived, text: x}}]"), *server.ways())
    arrived = [e for e in told if e["subject"] == "store phone/INBOX" and "arrived" in e["value"]]
    ended = [e for e in told if e["key"] == "step" and e["value"].startswith("idle")]
    assert arrived and arrived[0]["time"] < ended[0]["time"], told
    assert set(flags(box)) == {"before", "arrived"}


def synchronise(user, ignore):
    """Phone and laptop share an account; the laptop works without a line meanwhile."""
    server = dovecot()
    box = fill(server, user, "one", "two", "three", "four")
    rest = {"mode": "disconnected"}
    if ignore:
        rest["ignore"] = ignore
    told = connect(
        "  - id: first\n    at: 0\n    host: laptop\n" + account(user, "read-imap", **rest)
        + "  - id: train\n    after: first\n    host: laptop\n"
        + account(user, "read-imap", mode="disconnected", line="false", steps="""
      - {read: one}
      - {flag: {which: two, flags: \\Flagged}}
      - {delete: three}
      - {move: {which: four, to: Sent}}
      - {append: {to: Drafts, subject: written on the train, text: x}}""")
        + "  - id: other\n    after: train\n    host: phone\n"
        + account(user, "read-imap", steps="""
      - {open: INBOX}
      - {flag: {which: three, flags: \\Answered}}
      - {delete: two}
      - {append: {to: INBOX, subject: five, text: new}}""")
        + "  - id: back\n    after: other\n    host: laptop\n" + account(user, "read-imap", **rest),
        *server.ways(), expect=0)
    now = flags(box)
    assert set(now) == {"one", "three", "five"}, now
    assert now["one"] == {b"\\Seen"} and now["three"] == {b"\\Answered"}, now
    assert set(flags(box, "Sent")) == {"four"} and set(flags(box, "Drafts")) == {"written on the train"}
    conflicts = values(told, "conflict")
    assert len(conflicts) == 2, conflicts
    sync = values(told, "sync")
    assert "INBOX new=1 changed=1 vanished=1" in sync, sync
    held = {}
    for e in told:
        if e["subject"] == "store laptop/INBOX":
            held[e["key"]] = e["value"]
    left = [v for v in held.values() if v]
    assert len(left) == 3 and all("held=whole" in v for v in left), held
    return told


def test_imap_resynchronises_by_qresync():
    synchronise("qresync", None)


def test_imap_resynchronises_by_condstore():
    synchronise("condstore", "QRESYNC")


def test_imap_resynchronises_by_all_flags():
    synchronise("plain", "QRESYNC CONDSTORE UIDPLUS MOVE LITERAL+ SPECIAL-USE")


# ---- TLS ----

def test_tls_is_verified_on_both_protocols_and_both_ways():
    server = dovecot()
    fill(server, "tls", "one")
    actions, before = "", None
    for verb in ("read-imap", "fetch-pop"):
        for use in ("required", "implicit"):
            name = f"{verb}-{use}"
            start = f"after: {before}" if before else "at: 0"
            actions += (f"  - id: {name}\n    {start}\n    host: laptop\n"
                        + account("tls", verb, tls=use, keep="true", auth="best").replace("10.0.0.25", "mail"))
            before = name
    zone = "zones:\n  .: {server: mail, records: [{name: mail, value: 10.0.0.25}]}\nactions:\n"
    global NETWORK
    plain, NETWORK = NETWORK, NETWORK.replace("{kind: pc, address: 10.0.0.3/24}",
                                              "{kind: pc, address: 10.0.0.3/24, dns: mail}").replace(
        "actions:\n", zone)
    try:
        told = connect(actions, *server.ways())
    finally:
        NETWORK = plain
    seen = [v for v in values(told, "tls") if v.startswith("TLSv")]
    assert len(seen) == 4 and all(v.startswith("TLSv1.") and v.endswith(" verified") for v in seen), seen


def test_tls_of_a_wrong_name_is_refused():
    server = dovecot()
    fill(server, "tlsbad", "one")
    told = connect("  - id: a\n    at: 0\n    host: laptop\n"
                   + account("tlsbad", "read-imap", tls="required"), *server.ways(), expect=1)
    assert not values(told, "auth"), told      # 10.0.0.25 is not in the certificate: nothing was said


# ---- Postfix ----

POSTFIX = """compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.real.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
virtual_mailbox_domains = real.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ bob@real.test=bob/ }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_recipient_restrictions = reject_unauth_destination
alias_maps =
alias_database =
"""


@contextlib.contextmanager
def postfix():
    if os.getuid() != 0:
        raise tap.Skip("Postfix's master must be started by root")
    if not shutil.which("postfix") or not os.path.exists("/usr/share/postfix/master.cf.dist"):
        raise tap.Skip("Postfix is not installed (Debian package postfix)")
    folder = os.path.join(FOLDER, "postfix")
    for name in ("etc", "spool", "data", "mail"):
        os.makedirs(os.path.join(folder, name))
    os.chmod(FOLDER, 0o755)
    os.chmod(folder, 0o755)
    owner = pwd.getpwnam("nobody")
    os.chown(os.path.join(folder, "mail"), owner.pw_uid, owner.pw_gid)
    os.chown(os.path.join(folder, "data"), pwd.getpwnam("postfix").pw_uid, -1)
    port, = free_ports(1)
    with open(os.path.join(folder, "etc", "main.cf"), "w", encoding="utf-8") as f:
        f.write(POSTFIX.format(folder=folder, uid=owner.pw_uid, gid=owner.pw_gid))
    with open("/usr/share/postfix/master.cf.dist", encoding="utf-8") as f:
        lines = [line.replace("smtp      inet", f"127.0.0.1:{port} inet", 1)
                 if line.startswith("smtp      inet") else line for line in f]
    with open(os.path.join(folder, "etc", "master.cf"), "w", encoding="utf-8") as f:
        # nothing of this test runs in a chroot
        f.writelines(" ".join(w if i != 4 else "n" for i, w in enumerate(line.split())) + "\n"
                     if line[:1].isalnum() else line for line in lines)
    config = os.path.join(folder, "etc")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if subprocess.run(["postfix", "-c", config, "start"], **quiet).returncode != 0:
        raise tap.Skip("Postfix does not start here with a configuration of its own")
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port, os.path.join(folder, "mail", "bob", "new")
    finally:
        subprocess.run(["postfix", "-c", config, "stop"], **quiet)


def test_smtp_to_postfix_arrives_octet_for_octet():
    with postfix() as (port, new):
        connect("""
  - id: letter
    at: 0
    host: laptop
    do: send
    server: 10.0.0.25
    from: {name: มาลี, address: malee@office.test}
    to: bob@real.test
    subject: สวัสดี
    text: ". a dot in front"
    pipelining: true
  - id: chunks
    after: letter
    host: laptop
    do: send
    server: 10.0.0.25
    from: malee@office.test
    to: bob@real.test
    subject: in chunks
    text: ".\\n. and สวัสดี as it is"
    encoding: 8bit
    chunking: true
    chunk: 90
    pipelining: true
    notify: [failure, delay]
    return: headers
    envelope_id: QQ 314
    copies: 2
  - id: refused
    after: chunks
    host: laptop
    do: send
    server: 10.0.0.25
    from: malee@office.test
    to: someone@elsewhere.test
    subject: relay
    text: no
""", f"--to=smtp=127.0.0.1:{port}", expect=1)
        for _ in range(100):
            if os.path.isdir(new) and len(os.listdir(new)) == 3:
                break
            time.sleep(0.1)
        letters = []
        for name in os.listdir(new):
            with open(os.path.join(new, name), "rb") as f:
                letters.append(f.read())
        chunks = [text for text in letters if b"Subject: in chunks" in text]
        assert len(letters) == 3 and len(chunks) == 2, letters
        assert all("\n.\n. and สวัสดี as it is".encode() in text for text in chunks), chunks
        octets = next(text for text in letters if text not in chunks)
        assert b"\n. a dot in front\n" in octets, octets
        assert b"From: =?" in octets and octets.count(b"\nReceived:") == 1, octets


# ---- the command itself ----

def test_wrong_words_are_explained():
    for words, part in ((["--to", "gopher=127.0.0.1:70"], "SERVICE=ADDRESS:PORT"),
                        (["--to", "imap=localhost:143"], "SERVICE=ADDRESS:PORT"),
                        (["--to", "imap=127.0.0.1:143", "--host", "nobody"], "no such host"),
                        ([], "--to imap=127.0.0.1:1143")):
        done = subprocess.run([PROGRAM, "connect", "mail-journey", *words, "--lang", "en"],
                              capture_output=True, text=True, timeout=SECONDS_MAX, env=ENVIRONMENT)
        assert done.returncode == 2 and part in done.stderr, (words, done.returncode, done.stderr)


def test_nobody_there_fails_and_says_so():
    port, = free_ports(1)
    told = connect("  - id: a\n    at: 0\n    host: laptop\n" + account("x", "read-imap"),
                   f"--to=imap=127.0.0.1:{port}", expect=1)
    assert "failed" in [e["value"] for e in told if e["subject"] == "action"], told


tap.main(globals())
