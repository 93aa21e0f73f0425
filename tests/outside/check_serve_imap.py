#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_serve_imap.py -- programs that read and synchronise by IMAP: mbsync, offlineimap, mutt, s-nail, imapflow,
Python. Synchronisers run twice: the second run transfers nothing.
"""
import base64
import datetime
import hashlib
import imaplib
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import ssl
import subprocess
import tarfile
import time
import urllib.request
from urllib.parse import quote

from serve import CLEAR, IMPLICIT, MODES, PASSWORD, PROGRAM, ROOT, STARTTLS, USER, Serve, is_clean, need, path, run
import tap

MESSAGES = [b"Subject: one\r\nMessage-ID: <1@x>\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\r\nhello\r\n",
            b"Subject: =?utf-8?b?4Liq4Lit4LiH?=\r\nMessage-ID: <2@x>\r\n\r\n" + "สวัสดี\r\n".encode(),
            b"Subject: three\r\nMessage-ID: <3@x>\r\n\r\n" + b"line\r\n" * 8000]
BOXES = {"INBOX": MESSAGES, "Work": MESSAGES[:1], "Work/2026": MESSAGES[1:], "งาน": MESSAGES[:1]}


def served(**more):
    return Serve(imap=0, imaps=0, **more)


def door(server, mode):
    return server.port["imaps" if mode == IMPLICIT else "imap"]


def connect(server, mode=CLEAR):
    context = ssl.create_default_context(cafile=server.authority)
    other = (imaplib.IMAP4_SSL("localhost", door(server, mode), ssl_context=context) if mode == IMPLICIT
             else imaplib.IMAP4("localhost", door(server, mode)))
    if mode == STARTTLS:
        assert other.starttls(ssl_context=context)[0] == "OK"
    other.login(USER, PASSWORD)
    return other


def coded(name):
    """Modified UTF-7 of the one name here that needs it (RFC 3501 5.1.3)."""
    return {"งาน": "&DgcOMg4Z-"}.get(name, name)


def fill(server):
    other = connect(server)
    for box, messages in BOXES.items():
        if box != "INBOX":
            assert other.create(coded(box))[0] == "OK"
            other.subscribe(coded(box))
        for message in messages:
            assert other.append(coded(box), "(\\Flagged)", None, message)[0] == "OK"
    other.logout()


def counts(place):
    """Messages of every Maildir below a folder, by the name it has there."""
    found = {}
    for top, folders, _names in os.walk(place):
        if "cur" in folders:
            found[os.path.relpath(top, place)] = sum(len(os.listdir(os.path.join(top, part))) for part in ("cur", "new"))
    return found


# ---- Python ----

APPENDED = datetime.datetime(2026, 2, 1, 3, 20, 30, tzinfo=datetime.timezone.utc)

def test_imaplib_reads_back_what_it_appended():
    with served(frames="imaplib.pcapng") as server:
        for mode in MODES:
            other = connect(server, mode)
            box = f"by-{mode}"
            other.create(box)
            for message in MESSAGES:
                assert other.append(box, "(\\Seen $Label1)", '"01-Feb-2026 10:20:30 +0700"', message)[0] == "OK"
            assert other.select(box)[1] == [b"3"]
            for number, message in enumerate(MESSAGES, 1):
                (head, octets), tail = other.fetch(str(number), "(UID RFC822.SIZE FLAGS INTERNALDATE BODY.PEEK[])")[1]
                assert octets == message and f"RFC822.SIZE {len(message)} ".encode() in head + b" ", head
                date = re.search(rb'INTERNALDATE "([^"]+)"', head + tail).group(1).decode()    # RFC 3501: " 1-Feb" or "01-Feb"
                assert datetime.datetime.strptime(date.strip(), "%d-%b-%Y %H:%M:%S %z") == APPENDED, date
                assert b"$Label1" in head + tail, head
                part = other.fetch(str(number), "(BODY.PEEK[TEXT]<2.10>)")[1][0][1]
                assert part == message[message.index(b"\r\n\r\n") + 4:][2:12]
            assert other.search(None, "HEADER", "Message-ID", "3@x")[1] == [b"3"]
            other.literal = "สวัสดี".encode()
            assert other.search("UTF-8", "BODY")[1] == [b"2"]
            other.store("1", "+FLAGS", "\\Deleted")
            assert other.expunge()[1] == [b"1"]
            other.close()
            other.logout()
        server.end()
    assert is_clean(server.frames)


def test_what_one_client_does_another_sees_while_idling():
    with served() as server:
        one, two = connect(server), connect(server)
        one.select()
        tag = one._new_tag()
        one.send(tag + b" IDLE\r\n")
        assert one.readline().startswith(b"+")
        two.append("INBOX", None, None, MESSAGES[0])
        assert one.readline() == b"* 1 EXISTS\r\n"
        two.select()
        two.store("1", "+FLAGS", "\\Answered")
        seen = b""
        while b"\\Answered" not in seen:
            seen = one.readline()
        two.store("1", "+FLAGS", "\\Deleted")
        two.expunge()
        while b"EXPUNGE" not in seen:
            seen = one.readline()
        one.send(b"DONE\r\n")
        while not seen.startswith(tag):
            seen = one.readline()
        assert b"OK" in seen


# ---- synchronisers ----

def test_mbsync_synchronises_once_and_both_ways():
    need("mbsync")
    with served() as server:
        fill(server)
        for mode in MODES:
            place = path(f"mbsync-{mode}")
            os.makedirs(place)
            kind = {CLEAR: "None", STARTTLS: "STARTTLS", IMPLICIT: "IMAPS"}[mode]
            rc = path(f"mbsyncrc-{mode}")
            with open(rc, "w") as file:
                file.write(f"IMAPAccount a\nHost localhost\nPort {door(server, mode)}\nUser {USER}\nPass \"{PASSWORD}\"\nSSLType {kind}\n"
                           f"CertificateFile {server.authority}\nSystemCertificates no\n"
                           f"AuthMechs {'LOGIN' if mode == CLEAR else '*'}\n\nIMAPStore far\nAccount a\n\n"
                           f"MaildirStore near\nPath {place}/\nInbox {place}/INBOX\nSubFolders Verbatim\n\n"
                           "Channel c\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n")
            done = run("mbsync", "-c", rc, "-a", home=place)
            assert done.returncode == 0, (mode, done.stdout, done.stderr)
            got = counts(place)
            assert sorted(got.values()) == sorted(len(m) for m in BOXES.values()), (mode, got)
            done = run("mbsync", "-c", rc, "-a", "-V", home=place)
            assert done.returncode == 0 and counts(place) == got, (mode, done.stderr)
            # What changes here arrives there: a flag, a deletion, a new message.
            inbox = os.path.join(place, "INBOX")
            part, name = sorted((part, name) for part in ("cur", "new") for name in os.listdir(os.path.join(inbox, part)))[0]
            os.rename(os.path.join(inbox, part, name), os.path.join(inbox, "cur", name.split(":")[0] + ":2,FRS"))
            with open(os.path.join(inbox, "new", "1767300000.local.me"), "w") as file:
                file.write(f"Subject: from {mode}\nMessage-ID: <{mode}@x>\n\nhi\n")
            done = run("mbsync", "-c", rc, "-a", home=place)
            assert done.returncode == 0, (mode, done.stdout, done.stderr)
            other = connect(server)
            other.select()
            assert other.search(None, "SUBJECT", f'"from {mode}"')[1] != [b""]
            assert other.search(None, "ANSWERED")[1] != [b""]
            other.store(other.search(None, "SUBJECT", f'"from {mode}"')[1][0], "+FLAGS", "\\Deleted")
            other.expunge()
            other.logout()


def test_offlineimap_synchronises_once():
    need("offlineimap")
    with served(events="offlineimap.jsonl") as server:
        fill(server)
        for mode in (CLEAR, IMPLICIT):
            place, home = path(f"offlineimap-{mode}"), path(f"offlineimap-home-{mode}")
            os.makedirs(home)
            rc = os.path.join(home, "rc")
            tls = f"ssl = yes\nsslcacertfile = {server.authority}" if mode == IMPLICIT else "ssl = no\nstarttls = no"
            with open(rc, "w") as file:
                file.write(f"[general]\naccounts = a\nmetadata = {home}/state\nui = quiet\n[Account a]\nlocalrepository = near\n"
                           f"remoterepository = far\n[Repository near]\ntype = Maildir\nlocalfolders = {place}\n[Repository far]\n"
                           f"type = IMAP\nremotehost = localhost\nremoteport = {door(server, mode)}\nremoteuser = {USER}\n"
                           f"remotepass = {PASSWORD}\n{tls}\nauth_mechanisms = PLAIN\n")
            done = run("offlineimap", "-c", rc, "-o", "-u", "quiet", home=home)
            if "Traceback" in done.stderr and "imaplib2" in done.stderr and "import" in done.stderr:
                raise tap.Skip("offlineimap lacks imaplib2")
            assert done.returncode == 0, (mode, done.stdout[-500:], done.stderr[-1500:])
            got = counts(place)
            assert sorted(got.values()) == sorted(len(m) for m in BOXES.values()), (mode, got)
            done = run("offlineimap", "-c", rc, "-o", "-u", "basic", home=home)
            assert done.returncode == 0 and counts(place) == got, (mode, done.stderr[-500:])
            assert "Copy message" not in done.stdout + done.stderr, "the second run transfers nothing"


# ---- readers ----

def at_a_terminal(home, *words):
    """Runs a program that wants a terminal until it ends by itself; what it wrote there."""
    child, fd = pty.fork()
    if child == 0:
        os.environ.update(LC_ALL="C.UTF-8", HOME=home, TERM="xterm", COLUMNS="80", LINES="24")
        os.execvp(words[0], words)
    seen, until = b"", time.monotonic() + 30
    while time.monotonic() < until:
        if select.select([fd], [], [], 0.5)[0]:
            try:
                seen += os.read(fd, 65536)
            except OSError:
                break
    else:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(fd)
    return seen


def test_mutt_reads_and_saves():
    need("mutt")
    with served() as server:
        fill(server)
        for mode in MODES:
            place = path(f"mutt-{mode}")
            os.makedirs(place)
            url = f"imap{'s' if mode == IMPLICIT else ''}://{USER}@localhost:{door(server, mode)}/INBOX"
            rc = os.path.join(place, "rc")
            with open(rc, "w") as file:
                file.write(f"set folder={place}\nset imap_pass=\"{PASSWORD}\"\nset ssl_force_tls={'no' if mode == CLEAR else 'yes'}\n"
                           f"set ssl_starttls={'no' if mode == CLEAR else 'yes'}\nset certificate_file={server.authority}\n"
                           "set header_cache=\"\"\nset confirmappend=no\nset confirmcreate=no\nset delete=no\nset mbox_type=mbox\n"
                           f"set wait_key=no\npush '<tag-pattern>~A<enter><tag-prefix><copy-message>{place}/saved<enter><exit>'\n")
            seen = at_a_terminal(place, "mutt", "-n", "-F", rc, "-f", url)
            assert os.path.exists(os.path.join(place, "saved")), (mode, seen[-400:])
            with open(os.path.join(place, "saved"), "rb") as file:
                saved = file.read()
            assert saved.count(b"\nSubject: ") == 3 and saved.count(b"line\n") == 8000, (mode, len(saved))


def test_s_nail_reads():
    need("s-nail")
    with served() as server:
        fill(server)
        for mode in MODES:
            url = f"imap{'s' if mode == IMPLICIT else ''}://{USER}:{quote(PASSWORD, safe='')}@localhost:{door(server, mode)}/INBOX"
            settings = [f"tls-ca-file={server.authority}", "v15-compat", "imap-auth=login", "tls-verify=strict"]
            if mode == STARTTLS:
                settings.append("imap-use-starttls")
            words = [word for setting in settings for word in ("-S", setting)]
            done = run("s-nail", "-n", *words, "-R", "-f", url, input="from *\nexit\n")
            if "IMAP" in done.stderr and "not compiled" in done.stderr or "unsupported" in done.stderr.lower():
                raise tap.Skip("this s-nail has no IMAP")
            assert done.returncode == 0 and "three" in done.stdout, (mode, done.stdout, done.stderr)


# ---- imapflow ----

IMAPFLOW = """
const { ImapFlow } = require('imapflow');
const crypto = require('crypto');
const [port, mode, pass, ca] = [+process.argv[2], process.argv[3], process.argv[4], require('fs').readFileSync(process.argv[5])];
const options = {host: 'localhost', port, secure: mode === 'implicit', doSTARTTLS: mode === 'starttls', auth: {user: 'ann', pass},
  tls: {ca}, logger: false, qresync: true, verifyOnly: false};
const sha = (b) => crypto.createHash('sha256').update(b).digest('hex');
(async () => {
  const out = {}, client = new ImapFlow(options), other = new ImapFlow({...options, disableCompression: true});
  await client.connect(); await other.connect();
  out.secure = client.secureConnection; out.enabled = [...client.enabled];
  out.capabilities = [...client.capabilities.keys()];
  out.compressed = !!client._inflate;
  out.list = (await client.list({statusQuery: {messages: true}})).map((b) => [b.path, b.status && b.status.messages]);
  await client.mailboxCreate(['Flow', mode]);
  const box = 'Flow/' + mode, text = Buffer.from('Subject: flow\\r\\nMessage-ID: <f@x>\\r\\n\\r\\n' + 'สวัสดี\\r\\n'.repeat(3000));
  const lock = await client.getMailboxLock(box);
  const news = new Promise((done) => client.once('exists', done));
  client.idle().catch(() => {});
  await new Promise((done) => setTimeout(done, 100));
  const put = await other.append(box, text, ['\\\\Seen', '$Work'], new Date('2026-02-01T10:00:00Z'));
  out.uid = put.uid; out.exists = (await news).count;
  const got = await client.fetchOne('1', {uid: true, flags: true, envelope: true, bodyStructure: true, source: true, size: true, threadId: true, labels: false});
  out.same = sha(got.source) === sha(text); out.flags = [...got.flags].sort(); out.subject = got.envelope.subject; out.size = got.size;
  out.modseq = String(client.mailbox.highestModseq);
  out.found = await client.search({header: {'message-id': '<f@x>'}}, {uid: true});
  await client.messageFlagsAdd('1', ['\\\\Answered']);
  const part = await client.download('1', '1');
  let n = 0; for await (const chunk of part.content) n += chunk.length; out.downloaded = n;
  out.quota = !!(await client.getQuota());
  await client.messageCopy('1', 'INBOX'); await client.messageMove('1', 'INBOX');
  out.left = (await client.status(box, {messages: true})).messages;
  await client.messageDelete({all: true}).catch(() => {});
  lock.release();
  await client.mailboxDelete(box);
  await client.logout(); await other.logout();
  console.log(JSON.stringify(out));
})().catch((e) => { console.error(e, e.response, e.responseText); process.exit(1); });
"""


REGISTRY = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")


def fetch_package(place, key, pinned):
    """One package of the lock file, unpacked where node looks for it; refused when its checksum differs."""
    name = key.rsplit("node_modules/", 1)[1]
    address = f"{REGISTRY}/{name}/-/{name.rsplit('/', 1)[-1]}-{pinned['version']}.tgz"
    with urllib.request.urlopen(address, timeout=20) as answer:
        octets = answer.read()
    kind, _, digest = pinned["integrity"].partition("-")
    assert kind == "sha512" and base64.b64encode(hashlib.sha512(octets).digest()).decode() == digest, name
    with tarfile.open(fileobj=io.BytesIO(octets)) as archive:
        for member in archive.getmembers():
            inside = member.name.split("/", 1)[-1]
            if not member.isfile() or ".." in inside.split("/"):
                continue
            target = os.path.join(place, key, inside)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(archive.extractfile(member).read())


def imapflow():
    """node_modules with imapflow as the lock file pins it, checksums and all; made once beside the build. Debian
    has no package of it, and its npm brings hundreds of others, so the files are fetched here."""
    need("node")
    place = os.path.join(os.path.dirname(os.path.dirname(PROGRAM)), "node-clients")
    done = os.path.join(place, "complete")
    if not os.path.exists(done):
        with open(os.path.join(ROOT, "tests", "outside", "node", "package-lock.json"), encoding="utf-8") as file:
            packages = json.load(file)["packages"]
        try:
            for key, pinned in packages.items():
                if key:
                    fetch_package(place, key, pinned)
        except OSError as error:
            raise tap.Skip(f"imapflow cannot be fetched from {REGISTRY}: {error}")
        with open(done, "w", encoding="utf-8"):
            pass
    return os.path.join(place, "node_modules")


def test_imapflow_idles_compresses_and_resynchronises():
    modules = imapflow()
    with open(path("flow.js"), "w") as file:
        file.write(IMAPFLOW)
    with served() as server:
        fill(server)
        for mode in MODES:
            done = run("node", path("flow.js"), door(server, mode), mode, PASSWORD, server.authority,
                       env=dict(os.environ, NODE_PATH=modules))
            assert done.returncode == 0, (mode, done.stdout, done.stderr[-2000:])
            out = json.loads(done.stdout)
            assert out["secure"] == (mode != CLEAR), (mode, out)
            assert dict(out["list"])["Work/2026"] == 2 and "งาน" in dict(out["list"]), out["list"]
            assert out["same"] and out["uid"] == 1 and out["exists"] == 1 and out["found"] == [1] and out["left"] == 0, out
            assert set(out["flags"]) - {"\\Recent"} == {"\\Seen", "$Work"} and out["subject"] == "flow", out
            assert out["downloaded"] == len("สวัสดี\r\n".encode()) * 3000, out
            for capability in ("IDLE", "COMPRESS=DEFLATE", "CONDSTORE", "ENABLE", "QUOTA", "MOVE", "UIDPLUS"):
                assert capability in out["capabilities"], (mode, capability, out["capabilities"])
            assert out["compressed"] and out["quota"] and "CONDSTORE" in out["enabled"], out


tap.main(globals())
