# SPDX-License-Identifier: GPL-3.0-or-later
"""login_table.py -- conversations in which somebody logs in, and who does, in which way, with what.

The digests come from the RFCs' own examples or from Python's hashlib; the NTLM responses are those of
MS-NLMP section 4.2. `wire` is what the secret looks like on the wire: the evidence of its finding.
"""
import base64
import hashlib
import hmac
import struct

INCOMPLETE = 4                     # the program's exit code when it saw one direction only
PORTS = {"smtp": 25, "pop3": 110, "imap": 143}
THAI = "สมชาย"
BEARER = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class Login:
    def __init__(self, mechanism, user, secret, kind="password", outcome="accepted", wire=None):
        self.mechanism, self.user, self.secret, self.kind = mechanism, user, secret, kind
        self.outcome = outcome
        self.wire = wire.encode() if isinstance(wire, str) else wire

    def key(self):
        return self.mechanism, self.user, self.secret, self.kind, self.outcome


class Talk:
    def __init__(self, protocol, name, text, *logins, confidence="high", **options):
        self.protocol, self.name, self.text, self.logins = protocol, f"{protocol} {name}", text, logins
        self.confidence, self.options = confidence, options


# ---- the exchanges of SASL: who says what, in clear; the verdict is put behind it ----

def cram(user, password, challenge="<1896.697170952@postoffice.reston.mci.net>"):
    digest = hmac.new(password.encode(), challenge.encode(), "md5").hexdigest()
    return [None, challenge, f"{user} {digest}"], digest


def scram(name, user, password, gs2="n,,", i=4096, binding=b""):
    """RFC 5802 section 3: the proof, computed step by step."""
    make = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}[name.removesuffix("-PLUS")]
    salt, nonce = b"A%\xc2G\xe4:\xb1\xe9<m\xffv", "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
    bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r=fyko+d2lbbFgONRv9qkxdawL"
    first = f"r={nonce},s={b64(salt)},i={i}"
    final = f"c={b64(gs2.encode() + binding)},r={nonce}"
    salted = hashlib.pbkdf2_hmac(make, password.encode(), salt, i)
    client_key = hmac.new(salted, b"Client Key", make).digest()
    whole = f"{bare},{first},{final}".encode()
    signature = hmac.new(hashlib.new(make, client_key).digest(), whole, make).digest()
    proof = b64(bytes(a ^ b for a, b in zip(client_key, signature)))
    server = hmac.new(hmac.new(salted, b"Server Key", make).digest(), whole, make).digest()
    return [gs2 + bare, first, f"{final},p={proof}", f"v={b64(server)}", ""], proof


def ntlm_type3(user, response, unicode=True):
    """MS-NLMP section 2.2.1.3: fields of length, length, offset; then flags and what they point at."""
    encode = (lambda t: t.encode("utf-16-le")) if unicode else (lambda t: t.encode("ascii"))
    parts = [bytes(24), response, encode("Domain"), encode(user), encode("COMPUTER"), b""]
    at, fields = 64, b""
    for p in parts:
        fields += struct.pack("<HHI", len(p), len(p), at)
        at += len(p)
    return b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", 1 if unicode else 2) + b"".join(parts)


NTLM_V1 = bytes.fromhex("67c43011f30298a2ad35ece64f16331c44bdbed927841f94")
NTLM_V2 = bytes.fromhex("68cd0ab851e51c96aabc927bebef6a1c0101000000000000000000000000000000aaaaaaaaaaaaaa00000000"
                        "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000")
NTLM_1 = b"NTLMSSP\0" + struct.pack("<II", 1, 0x207) + bytes(16)
NTLM_2 = b"NTLMSSP\0" + struct.pack("<IHHII", 2, 0, 0, 48, 0x207) + bytes.fromhex("0123456789abcdef") + bytes(16)


def exchanges():
    """(mechanism, what client and server say in turn, user, secret, kind, the secret's wire octets)."""
    yield "PLAIN", ["\0alice\0s3cret word"], "alice", "s3cret word", "password"
    yield "PLAIN", [f"boss\0{THAI}\0รหัสผ่าน ๑๒๓"], THAI, "รหัสผ่าน ๑๒๓", "password"
    yield "PLAIN", ["\0alice\0"], "alice", "", "password"
    yield "LOGIN", [None, "Username:", "alice", "Password:", "s3cret"], "alice", "s3cret", "password"
    yield "LOGIN", ["al ice", "Password:", "p w\t"], "al ice", "p w\t", "password"
    yield "LOGIN", [None, "User Name\0", THAI, "Password\0", ""], THAI, "", "password"
    said, digest = cram("tim", "tanstaaftanstaaf")
    assert digest == "b913a602c7eda7a495b4e6e7334d3890"      # RFC 2195 section 2
    yield "CRAM-MD5", said, "tim", digest, "digest"
    said, digest = cram(THAI + " ใจดี", "x", "<1.2@mail.test>")
    yield "CRAM-MD5", said, THAI + " ใจดี", digest, "digest"
    yield "DIGEST-MD5", [                                     # RFC 2831 section 4
        None, 'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8',
        'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,'
        'cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",'
        'response=d388dad90d4bbd760a152321f2143af7,qop=auth', "rspauth=ea40f60335c427b5527b84dbabcdfffd", ""], \
        "chris", "d388dad90d4bbd760a152321f2143af7", "digest"
    yield "DIGEST-MD5", [
        None, 'nonce="n"', 'username="od\\"d, \\\\name", realm="", nonce="n", cnonce="c", nc=00000001, qop=auth,'
        ' response=0123456789abcdef0123456789abcdef', "rspauth=0", ""], \
        'od"d, \\name', "0123456789abcdef0123456789abcdef", "digest"
    yield "NTLM", [NTLM_1, NTLM_2, ntlm_type3("User", NTLM_V1)], "User", NTLM_V1.hex(), "digest"
    yield "NTLM", [None, "NTLM supported", NTLM_1, NTLM_2, ntlm_type3(THAI, NTLM_V2)], THAI, NTLM_V2.hex(), \
        "digest"
    yield "NTLM", [NTLM_1, NTLM_2, ntlm_type3("USER", NTLM_V1, False)], "USER", NTLM_V1.hex(), "digest"
    said, proof = scram("SCRAM-SHA-1", "user", "pencil")
    assert proof == "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="           # RFC 5802 section 5
    yield "SCRAM-SHA-1", said, "user", proof, "digest"
    said, proof = scram("SCRAM-SHA-256", "al,i=ce", "pencil", "n,a=boss,")
    yield "SCRAM-SHA-256", said, "al,i=ce", proof, "digest"
    said, proof = scram("SCRAM-SHA-512", "alice", "x", "y,,", 1000)
    yield "SCRAM-SHA-512", said, "alice", proof, "digest"
    said, proof = scram("SCRAM-SHA-256-PLUS", "alice", "x", "p=tls-unique,,", 4096, b"0123456789ab")
    yield "SCRAM-SHA-256-PLUS", said, "alice", proof, "digest"
    yield "XOAUTH2", [f"user=someuser@example.com\1auth=Bearer {BEARER}\1\1"], "someuser@example.com", BEARER, \
        "token"
    yield "OAUTHBEARER", [f"n,a=user@example.com,\1host=server.example.com\1port=143\1auth=Bearer {BEARER}\1\1"], \
        "user@example.com", BEARER, "token"
    yield "EXTERNAL", ["fred@example.com"], "fred@example.com", "", "none"
    yield "EXTERNAL", [""], "", "", "none"
    yield "ANONYMOUS", ["sirhc@example.com"], "sirhc@example.com", "", "none"
    yield "GSSAPI", [b"\x60\x82\1\1token", b"\x60\x82\2\2", "", b"\5\4\5\xff\0\x0c\0\0", b"\5\4\4\xff\0\0\0\0"], \
        "", "", "none"
    yield "X-ODD_ONE", ["whatever it is"], "", "", "none"


VERDICTS = {
    ("smtp", "accepted"): "235 2.7.0 Authentication successful",
    ("smtp", "rejected"): "535 5.7.8 Authentication credentials invalid",
    ("pop3", "accepted"): "+OK maildrop locked and ready",
    ("pop3", "rejected"): "-ERR [AUTH] invalid",
    ("imap", "accepted"): "x.1 OK [CAPABILITY IMAP4rev1] done",
    ("imap", "rejected"): "x.1 NO [AUTHENTICATIONFAILED] no",
}
OPENINGS = {
    "smtp": "S: 220 mx.test ESMTP\nC: EHLO pc.test\nS: 250-mx.test\nS: 250 SIZE 1000\n",
    "pop3": "S: +OK POP3 ready\n",
    "imap": "S: * OK IMAP4rev1 ready\n",
}
CLOSINGS = {"smtp": "C: QUIT\nS: 221 bye\n", "pop3": "C: QUIT\nS: +OK bye\n", "imap": "C: z LOGOUT\nS: * BYE\nS: z OK\n"}
ASKS = {"smtp": "334 ", "pop3": "+ ", "imap": "+ "}
COMMANDS = {"smtp": "AUTH ", "pop3": "AUTH ", "imap": "x.1 AUTHENTICATE "}


def exchange(protocol, mechanism, said, initial, outcome="accepted", number=1):
    """One exchange as lines: `initial` puts the first message into the command."""
    said = list(said)
    rows = [f"C{number}: {COMMANDS[protocol]}{mechanism}"]
    first = said.pop(0)
    if first is not None and initial:
        rows[0] += " " + (b64(first) or "=")
    elif first is not None:
        rows += [f"S{number}: {ASKS[protocol]}", f"C{number}: {b64(first)}"]
    while said:
        rows += [f"S{number}: {ASKS[protocol]}{b64(said.pop(0))}", f"C{number}: {b64(said.pop(0))}"]
    return "\n".join(rows + [f"S{number}: {VERDICTS[protocol, outcome]}"]) + "\n"


def sasl_talks():
    for protocol in PORTS:
        for n, (mechanism, said, user, secret, kind) in enumerate(exchanges()):
            for initial in (False, True):
                if initial and said[0] is None:
                    continue
                outcome = "rejected" if n % 2 else "accepted"
                # the message that holds the secret, as it stands on the wire
                holder = 2 if mechanism == "NTLM" else -1
                if mechanism == "NTLM" and said[0] is None:
                    holder = 4
                if mechanism.startswith("SCRAM") or mechanism == "DIGEST-MD5":
                    holder = 2
                wire = None if kind == "none" else b64(said[holder])
                text = OPENINGS[protocol] + exchange(protocol, mechanism, said, initial, outcome) + CLOSINGS[protocol]
                yield Talk(protocol, f"{mechanism} {n}{' initial' if initial else ''}", text,
                           Login("AUTH " + mechanism, user, secret, kind, outcome, wire))


def own_talks():
    """What the protocols have beside SASL."""
    yield Talk("pop3", "USER/PASS", "S: +OK ready\nC1: USER alice\nS: +OK\nC1: PASS s3cret word \nS1: +OK in\n"
               "C: STAT\nS: +OK 0 0\n", Login("USER/PASS", "alice", "s3cret word ", wire="s3cret word "))
    yield Talk("pop3", "user/pass thai", f"S: +OK ready\nC1: user {THAI}\nS: +OK\nC1: pass รหัส ผ่าน\nS1: -ERR no\n",
               Login("USER/PASS", THAI, "รหัส ผ่าน", outcome="rejected", wire="รหัส ผ่าน"))
    yield Talk("pop3", "USER/PASS empty", "S: +OK ready\nC1: USER alice\nS: +OK\nC1: PASS \nS1: -ERR [AUTH] no\n"
               "C2: USER bob\nS: +OK\nC2: PASS\nS2: +OK\n",
               Login("USER/PASS", "alice", "", outcome="rejected"), Login("USER/PASS", "bob", ""))
    yield Talk("pop3", "USER/PASS pipelined and repeated",
               "S: +OK ready\nC1: USER alice\nC1: PASS one\nC2: USER bob\nC2: PASS two\nC: STAT\n"
               "S: +OK\nS1: -ERR [AUTH] no\nS: +OK\nS2: +OK in\nS: +OK 0 0\n",
               Login("USER/PASS", "alice", "one", outcome="rejected", wire="one"),
               Login("USER/PASS", "bob", "two", wire="two"))
    yield Talk("pop3", "PASS again for the same user",
               "S: +OK ready\nC12: USER alice\nS: +OK\nC1: PASS one\nS1: -ERR [AUTH] no\nC2: PASS two\nS2: +OK in\n",
               Login("USER/PASS", "alice", "one", outcome="rejected"), Login("USER/PASS", "alice", "two"))
    challenge = "<1896.697170952@dbc.mtview.ca.us>"
    digest = hashlib.md5((challenge + "tanstaaf").encode()).hexdigest()
    assert digest == "c4c9334bac560ecc979e58001b3e22fb"      # RFC 1939 section 7
    yield Talk("pop3", "APOP", f"S: +OK POP3 server ready {challenge}\nC1: APOP mrose {digest}\nS1: +OK in\n",
               Login("APOP", "mrose", digest, "digest", wire=digest))
    yield Talk("pop3", "verdicts that judge nothing",
               "S: +OK ready\nC1: USER a\nS: +OK\nC1: PASS p\nS1: -ERR [SYS/TEMP/LDAP] later\n"
               "C2: USER b\nS: +OK\nC2: PASS q\nS2: -ERR [IN-USE] another session\n",
               Login("USER/PASS", "a", "p", outcome="rejected"), Login("USER/PASS", "b", "q"))
    yield from imap_talks()
    yield from smtp_talks()


def imap_talks():
    def login(name, arguments, user, secret, tag="a1", verdict="OK in", outcome="accepted", wire=None):
        return Talk("imap", "LOGIN " + name, f"S: * OK ready\n{arguments}S1: {tag} {verdict}\n",
                    Login("LOGIN", user, secret, outcome=outcome, wire=wire))

    yield login("atoms", "C1: a1 LOGIN alice s3cret\n", "alice", "s3cret", wire="s3cret")
    yield login("any case, any tag", "C1: *Z.9-/x login alice s3cret\n".replace("*", ""), "alice", "s3cret",
                "Z.9-/x")
    yield login("quoted", 'C1: a1 LOGIN "al\\"ice" "s3 \\\\ cret"\n', 'al"ice', "s3 \\ cret", wire="s3 \\\\ cret")
    yield login("quoted and empty", 'C1: a1 LOGIN "alice" ""\n', "alice", "", verdict="NO [AUTHENTICATIONFAILED]",
                outcome="rejected")
    yield login("atom and quoted", 'C1: a1 LOGIN alice "s3 cret"\n', "alice", "s3 cret")
    yield login("literals", "C1: a1 LOGIN {5}\nS: + go\nl1: alice\nC1:  {7}\nS: + go\nl1: s3 \\r\\nct\nC1: \n",
                "alice", "s3 \r\nct", wire="s3 \r\nct")
    yield login("LITERAL+", "C1: a1 LOGIN {5+}\nl1: alice\nC1:  {6+}\nl1: s3cret\nC1: \n", "alice", "s3cret")
    yield login("mixed", 'C1: a1 LOGIN "alice" {6+}\nl1: s3cret\nC1: \n', "alice", "s3cret")
    yield login("mixed the other way", "C1: a1 LOGIN {5+}\nl1: alice\nC1:  s3cret\n", "alice", "s3cret",
                wire="s3cret")
    yield login("thai", f'C1: a1 LOGIN "{THAI}" "รหัส"\n', THAI, "รหัส")
    yield login("an empty literal", "C1: a1 LOGIN alice {0}\nS: + go\nC1: \n", "alice", "")
    yield login("refused", "C1: a1 LOGIN alice s3cret\n", "alice", "s3cret", verdict="NO [PRIVACYREQUIRED] TLS first",
                outcome="refused")
    yield login("no verdict", "C1: a1 LOGIN alice s3cret\n", "alice", "s3cret", verdict="NO [UNAVAILABLE] later",
                outcome="rejected")
    yield Talk("imap", "LOGIN three in a row, answers in another order",
               "S: * OK ready\nC1: a LOGIN alice one\nC2: b LOGIN bob two\nC3: c LOGIN carol three\n"
               "S2: b NO no\nS1: a BAD no\nS3: c OK in\n", Login("LOGIN", "alice", "one", outcome="rejected"),
               Login("LOGIN", "bob", "two", outcome="rejected"), Login("LOGIN", "carol", "three"))


def smtp_talks():
    opening = OPENINGS["smtp"]
    yield Talk("smtp", "AUTH PLAIN pipelined with MAIL",
               opening + f"C1: AUTH PLAIN {b64(chr(0) + 'a' + chr(0) + 'b')}\nC: MAIL FROM:<a@b.test>\n"
               "S1: 235 ok\nS: 250 ok\n", Login("AUTH PLAIN", "a", "b"))
    wrong, right = b64("\0alice\0wrong"), b64("\0bob\0right")
    yield Talk("smtp", "cancelled, then rejected, then accepted",
               opening + "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: *\nS: 501 5.7.0 cancelled\n"
               f"C1: AUTH PLAIN {wrong}\nS1: 535 5.7.8 no\nC2: auth plain\nS2: 334 \nC2: {right}\nS2: 235 ok\n",
               Login("AUTH PLAIN", "alice", "wrong", outcome="rejected", wire=wrong),
               Login("AUTH PLAIN", "bob", "right", wire=right))
    for code, outcome in (("530 5.7.0 STARTTLS first", "refused"), ("538 5.7.11 encrypt", "refused"),
                          ("534 5.7.9 too weak", "refused"), ("535 5.7.11 encrypt", "refused")):
        yield Talk("smtp", "refused before the secret " + code, opening + f"C1: AUTH LOGIN\nS1: {code}\n",
                   Login("AUTH LOGIN", "", "", "none", outcome))
    for code, outcome in (("454 4.7.0 later", "rejected"), ("421 closing", "rejected"), ("432 4.7.12 pass", "rejected"),
                          ("500 5.5.6 long", "rejected"), ("503 5.5.1 again", "rejected")):
        yield Talk("smtp", "verdict " + code[:3], opening + f"C1: AUTH PLAIN {wrong}\nS1: {code}\n",
                   Login("AUTH PLAIN", "alice", "wrong", outcome=outcome))
    yield Talk("smtp", "a verdict of two lines",
               opening + f"C1: AUTH PLAIN {wrong}\nS: 535-5.7.8 no\nS1: 535 5.7.8 at all\n",
               Login("AUTH PLAIN", "alice", "wrong", outcome="rejected"))
    token = f"user=a@b.test\1auth=Bearer {BEARER}\1\1"
    yield Talk("smtp", "XOAUTH2 with its error",
               opening + f"C1: AUTH XOAUTH2 {b64(token)}\nS1: 334 {b64('{}')}\nC1: \nS1: 535 5.7.8 no\n",
               Login("AUTH XOAUTH2", "a@b.test", BEARER, "token", "rejected", b64(token)))
    yield Talk("imap", "OAUTHBEARER with its error",
               OPENINGS["imap"] + f"C1: x.1 AUTHENTICATE OAUTHBEARER\nS1: + \nC1: "
               f"{b64('n,a=a@b.test,' + chr(1) + 'auth=Bearer ' + BEARER + chr(1) * 2)}\nS1: + {b64('{}')}\n"
               "C1: AQ==\nS1: x.1 NO [AUTHENTICATIONFAILED] no\n",
               Login("AUTH OAUTHBEARER", "a@b.test", BEARER, "token", "rejected"))
    yield Talk("smtp", "a message in two parts, no verdict at the end",
               opening + f"C1: AUTH PLAIN\nS1: 334 \nC1: {right}\n",
               Login("AUTH PLAIN", "bob", "right", outcome="unknown"))


def halves():
    """One side alone, and connections whose start is not in the capture: less sure."""
    plain = b64("\0alice\0s3cret")
    yield Talk("smtp", "client alone", f"C: EHLO pc\nC1: AUTH PLAIN {plain}\nC: MAIL FROM:<a@b.test>\n",
               Login("AUTH PLAIN", "alice", "s3cret", outcome="unknown"), confidence="medium", begun=True, code=INCOMPLETE)
    yield Talk("smtp", "joined in the middle", f"C1: AUTH PLAIN {plain}\nS1: 235 2.7.0 ok\nC: MAIL FROM:<a@b>\n",
               Login("AUTH PLAIN", "alice", "s3cret"), confidence="medium", begun=True)
    yield Talk("pop3", "client alone", "C1: USER alice\nC1: PASS s3cret\nC: STAT\nC: UIDL\n",
               Login("USER/PASS", "alice", "s3cret", outcome="unknown"), confidence="medium", begun=True, code=INCOMPLETE)
    yield Talk("pop3", "joined behind USER", "C1: PASS s3cret\nS1: +OK in\nC: STAT\nS: +OK 0 0\n",
               Login("USER/PASS", "", "s3cret"), confidence="medium", begun=True)
    yield Talk("imap", "client alone", "C1: a1 LOGIN alice s3cret\nC: a2 SELECT INBOX\n",
               Login("LOGIN", "alice", "s3cret", outcome="unknown"), confidence="medium", begun=True, code=INCOMPLETE)
    yield Talk("imap", "joined in the middle", "C1: a1 LOGIN alice s3cret\nS1: a1 OK in\nC: a2 SELECT INBOX\n",
               Login("LOGIN", "alice", "s3cret"), confidence="medium", begun=True)
    yield Talk("imap", "joined behind a name that was a literal",
               "S: + go\nC1: alice {6}\nS: + go\nl1: s3cret\nC1: \nS1: a1 OK in\nC: a2 SELECT INBOX\n",
               Login("LOGIN", "alice", "s3cret"), confidence="medium", begun=True)


def traps():
    """Talk that looks like logins and is none."""
    fake = b64("\0alice\0s3cret")
    lie = f"USER alice\nPASS s3cret\nAUTH PLAIN {fake}\na1 LOGIN alice s3cret\nAPOP alice 0123\n"

    def said_by(side):
        return "".join(f"{side}: {row}\n" for row in lie.splitlines())

    smtp = OPENINGS["smtp"] + "C: MAIL FROM:<a@b.test>\nS: 250 ok\nC: RCPT TO:<c@d.test>\nS: 250 ok\n"
    octets = lie.replace("\n", "\r\n")
    raw = octets.replace("\r\n", "\\r\\n")
    n = len(octets)
    yield Talk("smtp", "DATA", smtp + "C: DATA\nS: 354 go\n" + said_by("C") + "C: ..\nC: .\nS: 250 ok\nC: QUIT\n"
               "S: 221 bye\n")
    yield Talk("smtp", "DATA without an answer to it", smtp + "C: DATA\n" + said_by("C") + "C: .\nS: 354 go\nS: 250 ok\n")
    yield Talk("smtp", "BDAT", smtp + f"C: BDAT {n}\nc: {raw}\nS: 250 ok\nC: BDAT {n} LAST\nc: {raw}\nS: 250 ok\n")
    yield Talk("imap", "APPEND", f"S: * PREAUTH hi\nC: a APPEND INBOX {{{n}}}\nS: + go\nc: {raw}\nC: \nS: a OK\n"
               f"C: b APPEND INBOX {{{n}+}}\nc: {raw}\nC: \nS: b OK\n")
    yield Talk("imap", "APPEND from the middle", f"S: + go\nC: INBOX {{{n * 5}}}\nS: + go\nc: {raw * 5}\n", begun=True)
    yield Talk("imap", "SEARCH", 'S: * PREAUTH hi\nC: a SEARCH TEXT "a1 LOGIN alice s3cret"\nS: * SEARCH\nS: a OK\n'
               f"C: b SEARCH TEXT {{{n}}}\nS: + go\nc: {raw}\nC: \nS: b OK\n")
    yield Talk("imap", "FETCH", f"S: * PREAUTH hi\nC: a FETCH 1 BODY[]\nS: * 1 FETCH (BODY[] {{{n}}}\ns: {raw}\nS: )\n"
               "S: a OK\n")
    yield Talk("pop3", "RETR and TOP", "S: +OK hi\nC: RETR 1\nS: +OK 12 octets\n" + said_by("S") + "S: .\n"
               "C: TOP 1 9\nS: +OK\n" + said_by("S") + "S: .\nC: QUIT\nS: +OK\n")
    yield Talk("smtp", "FTP", "S: 220 ready\nC: USER alice\nS: 331 password\nC: PASS s3cret\nS: 230 in\nC: RETR x\n"
               "S: 150 here\nS: 226 done\n", port=21)
    yield Talk("smtp", "FTP on an odd port", "S: 220 files.test FTP server\nC: USER alice\nS: 331 password\n"
               "C: PASS s3cret\nS: 230 in\nC: LIST\nS: 150 here\n", port=2121)
    yield Talk("smtp", "FTP with AUTH", "S: 220 ready\nC: AUTH TLS\nS: 500 no\nC: AUTH SSL\nS: 500 no\nC: USER alice\n"
               "S: 331 password\nC: PASS s3cret\nS: 230 in\n", port=21)
    yield Talk("imap", "HTTP", "C: POST /x HTTP/1.1\nC: Host: www.test\nC: Authorization: Basic YWxpY2U6czNjcmV0\nC: \n"
               + said_by("C") + "S: HTTP/1.1 200 OK\nS: \n" + said_by("S"), port=80)
    yield Talk("imap", "HTTP on a mail port", "C: POST /x HTTP/1.1\nC: Host: www.test\nC: \n" + said_by("C") +
               "S: HTTP/1.1 200 OK\nS: \n" + said_by("S"), port=143)
    yield Talk("imap", "HTTP from the middle", "C: x=1&text=\n" + said_by("C") + "S: HTTP/1.1 200 OK\nS: \n", port=80,
               begun=True)
    yield Talk("smtp", "NNTP", "S: 200 news.test ready\nC: AUTHINFO USER alice\nS: 381 more\nC: AUTHINFO PASS s3cret\n"
               "S: 281 in\nC: LIST\nS: 215 here\nS: .\nC: QUIT\nS: 205 bye\n", port=119)
    yield Talk("pop3", "IRC", "C: PASS s3cret\nC: NICK alice\nC: USER alice 0 * :Alice\nS: :irc.test 001 alice :hi\n",
               port=6667)
    yield Talk("pop3", "telnet", "s: login: \nC: alice\ns: Password: \nC: s3cret\nS: Welcome\nC: ls\n", port=23)
    yield Talk("imap", "a file sent by FTP", "C: Dear Bob\n" + said_by("C") + "C: MAIL FROM:<a@b>\nC: EHLO x\n", port=20)


def all_talks():
    yield from sasl_talks()
    yield from own_talks()
