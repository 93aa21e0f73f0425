/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_BUILD_H
#define SIM_MAIL_BUILD_H

/* clang-format off */
/* The reference below is laid out by hand. */
/* The mail hosts of a scenario: its `services`, `users` and `actions` become servers that listen
 * and clients that start at their virtual time.
 *
 *   services:                         which host serves what
 *     HOST:                           a host of `hosts`
 *       name: mail.bob.test           what the servers call themselves (default: the host's name)
 *       domains: [bob.test]           mail for these is delivered here
 *       smtp: {port: 25}              the relaying MTA; `{}` or `true` takes the default port
 *       submission: {port: 587, auth: true}
 *       lmtp: {port: 24}              takes mail for its mailboxes from another host's queue (RFC 2033)
 *                                     smtp, submission and lmtp have these switches too:
 *                                       without: [CHUNKING, SMTPUTF8]    keywords that EHLO does not offer
 *                                       vrfy: vague       252; answer: says who it is; off: 502. Also expn and help
 *                                       greet_pause: 2s   who speaks before the greeting is sent away
 *                                       smuggling: strict     a CR, LF or NUL alone refuses the message. Weak on
 *                                         purpose, for lessons: relay (lets them through, also on the way out),
 *                                         lenient (every look-alike of sim/mail/smtp_end.h ends the data), or
 *                                         those that do: [LF.LF, CR.CR]
 *       pop3: {port: 110}             also expire, login_delay, utf8 (sim/mail/pop.h)
 *       imap: {port: 143, compress: true, literal_minus: false}
 *                                     COMPRESS=DEFLATE is offered; LITERAL- in place of LITERAL+ (RFC 7888)
 *       shared:                       mailboxes Shared/NAME that several users see
 *         - {name: team, members: [alice, bob], readers: [carol],      members may change it (default: everybody),
 *            messages: [{from: a@b.test, subject: text, text: text}]}  readers only read it
 *       submissions: {port: 465}      the same with implicit TLS (RFC 8314); pop3s: {port: 995}, imaps: {port: 993}
 *       tls: true                     STARTTLS and STLS are offered, with a good certificate for `name`; or a map:
 *         starttls: offered           none, offered, or needed: nothing of value is taken in clear
 *         certificate: good           good, expired, early, self-signed, wrong-name, weak (RSA with 1024 bits)
 *         key: p256                   p256, rsa, ed25519
 *         name: mail.bob.test         whom the certificate is for (default: `name` above)
 *         also: [localhost, 127.0.0.1]    more names and addresses that it is for
 *         min: 1.2                    versions of TLS: 1.0, 1.1, 1.2, 1.3
 *         max: 1.3
 *         client_certificate: none    none, optional or required
 *         relay: opportunistic        what the host's own queue does where it sends mail on: never,
 *                                     opportunistic, or required with a good certificate
 *         keeps_clear: false          true, for a lesson: commands in clear behind STARTTLS are obeyed under TLS
 *       size_max: 10485760            octets of one message (advertised by SIZE)
 *       sessions: 1000                connections at once of all services; more are told to come back later
 *       relay: false                  true makes an open relay, for the lesson about it
 *       relay_networks: [10.0.1.0/24] whose mail is passed on without a login
 *       relay_domains: [friend.test]  mail for these is taken from anybody and passed on
 *       relay_host: HOST[:25]         all mail that is not local goes there, not by MX
 *       lmtp_to: HOST[:24]            mailboxes are on another host: mail goes there by LMTP; `users` of both, here as
 *                                     the list of addresses
 *       sends: {pipelining: false, chunking: false, chunk: 0}
 *                                     how the queue speaks to a host that offers these; chunk: octets of one
 *                                     BDAT (0: the whole message)
 *       retry: 1min                   first wait of the queue; it doubles up to an hour. Or a list, whose last
 *                                     wait repeats: [1min, 5min, 30min]
 *       warn: 4h                      the sender is told once that a message is late; 0: never
 *       expire: 120h                  after this a message is returned to its sender
 *       connections: 20               of the queue at once, at most 5 of them to one domain
 *       full: later                   a full mailbox: later (452, mail waits) or refuse (552, returned)
 *       aliases: {team: [alice, b@other.test], bob: [bob, b@other.test]}
 *                                     a name among its own members is the mailbox
 *       lists: {club: {owner: alice, members: [bob, c@other.test]}}
 *                                     as an alias, with the sender club-owner@domain, who is the owner
 *       virtual: {other.test: {info: bob, "*": alice}}      domains where users have no addresses of their own
 *       catch_all: bob                who gets what is for nobody
 *       subaddress: "+"               bob+news is bob; subaddress_folders: true puts it into his mailbox "news"
 *       policy:                       all off when absent
 *         own_sender: false           true: who logged in may write as himself only (also his aliases)
 *         complete: true              a submission without Date or Message-ID gets one (RFC 6409 8)
 *         greylist: {delay: 5min, window: 24h, keep: 840h}
 *         rate: {window: 1min, connections: 10, messages: 20, recipients: 50, at_once: 5}      of one peer
 *         dnsbl: [bl.test]            blocklists: zones of the DNS, 5.0.0.10.bl.test A 127.0.0.2, TXT why
 *         check: [helo, reverse, sender]
 *                                     by the DNS: the name of EHLO exists, the peer's name leads back to it,
 *                                     the sender's domain takes mail
 *       auth: {mechanisms: [PLAIN], clear: tls, delay: 2s, lockout: {after: 5, for: 15min}}
 *                                     who may log in, and how: the keys stand in sim/mail/auth.h
 *   users:                            accounts; mail for NAME@each domain of HOST reaches them
 *     - {name: bob, password: secret, host: HOST, mailboxes: [Sent, Work],
 *        quota: 1000000, quota_messages: 100,      octets and messages; 0: no limit
 *        messages: [{from: a@b.test, subject: text, text: text, mailbox: INBOX, seen: false}],
 *        maildir: folder              a Maildir++ beside the scenario: mailboxes, messages, flags
 *        mbox: file}                  an mbox beside the scenario, into INBOX (sim/mail/mailfile.h); or its text as
 *                                     mbox_text, which is how a saved run keeps it. A Maildir it cannot keep.
 *        token: ya29.abc              for XOAUTH2 and OAUTHBEARER, or {value: ya29.abc, expires: 10min}
 *        account: good                disabled, or expired: right passwords do not help
 *   actions:                          the timeline (sim/net/action.h); of mail, beside sim/net/traffic.h:
 *                                     and the attackers of sim/attack/attack.h
 *     - do: send                      send, fetch-pop, read-imap; talk below
 *       server: mail.alice.test       resolved by DNS (an address in digits also works)
 *       port: 587                     default 587 (25 without user) / 110 / 143
 *       user: alice                   for send: without it, no AUTH
 *       password: secret
 *       tls: never                    never, opportunistic (by STARTTLS when offered), required (or nothing is said),
 *                                     implicit (port 465, 995, 993); or a map: {use: required, min: 1.2, max: 1.3,
 *                                     certificate: alice@alice.test (shown to the server), keeps_clear: false}
 *       verify: true                  false goes on with a bad certificate and says so (default when opportunistic)
 *       auth: PLAIN                   a mechanism of `services`' auth, or best: the strongest that is offered.
 *                                     Default: PLAIN for send, USER for fetch-pop and read-imap
 *       token: ya29.abc               for XOAUTH2 and OAUTHBEARER, in place of a password
 *       authzid: carol                whom to act for (PLAIN, SCRAM, EXTERNAL)
 *       clear: true                   false: never a readable password or token without TLS
 *       from: {name: Alice, address: alice@alice.test}     or just the address
 *       to: [bob@bob.test]            one or a list, as `from`
 *       subject: สวัสดี
 *       text: |                       or text_file: letter.txt beside the scenario
 *         …
 *       attachment: {name: plan.txt, text: …}    or size: 2000 (that many octets), type: text/plain
 *       attachments: [{name: …, …}, {name: logo.png, type: image/png, size: 800, inline: logo}]   any number;
 *                                     inline parts are shown by <img src="cid:logo"> of the HTML
 *       html: <p>สวัสดี</p>             a second form of the text (multipart/alternative); or html_file
 *       encoding: base64              how text beyond ASCII travels: base64, quoted-printable, or 8bit (as it
 *                                     is, which needs 8BITMIME)
 *       charset: utf-8                or tis-620, for text and header
 *       cc: [carol@bob.test]          as `to`; reply_to: a person
 *       in_reply_to: id@bob.test      the letter that this one answers; references: "<a@b> …" before it
 *       copies: 1                     send: so many over one connection
 *       pipelining: false             send: commands leave together where the server offers it (RFC 2920)
 *       chunking: false               send: BDAT in place of DATA where it is offered; chunk: octets of each
 *       notify: [failure, delay]      send: what the sender wants to be told (RFC 3461): never, or a list of
 *                                     success, failure, delay
 *       return: headers               … and how much of the message comes back: full or headers
 *       envelope_id: QQ314            … and under which name
 *       keep: false                   fetch-pop: true leaves the messages on the server, and fetches unknown UIDLs only
 *       delete_after: 168h            fetch-pop: keeps them there, and deletes what is here for so long
 *       headers: false                fetch-pop: looks at headers by TOP first; wanted: plan fetches only those with
 *                                     this in their subject
 *       size_max: 0                   fetch-pop: leaves larger messages where they are
 *       pipeline: false               fetch-pop: several commands at once, when CAPA says PIPELINING
 *       quit: true                    fetch-pop: false hangs up in the place of QUIT: nothing is deleted
 *
 *     - do: read-imap                 what somebody does with an IMAP account; the keys of the account as above
 *       mode: online                  online: headers, texts when they are read; offline: all is downloaded, then deleted
 *                                     there unless `keep: true`; disconnected: the device's cache stays, and is brought up
 *                                     to date when there is a line (sim/mail/imap_client.h)
 *       mailbox: INBOX
 *       line: true                    false: no connection; the steps are done on the cache and reach the server at the
 *                                     next `sync` of this device and account
 *       chunk: 0                      octets of one partial fetch; 0: parts come whole
 *       pipeline: false               several commands at once
 *       compress: false               COMPRESS=DEFLATE when offered
 *       identify: false               ID and NAMESPACE
 *       ignore: QRESYNC CONDSTORE     capabilities that this program does not know
 *       steps:                        default: what a user of that mode does first
 *         - folders                   LIST; also close, sync (of `mailbox`)
 *         - open: INBOX               also examine, sync, create, remove, subscribe, unsubscribe: a folder
 *         - rename: {from: A, to: B}
 *         - read: unseen              the text, then \Seen. Which: all, unseen, new (not whole here), downloaded,
 *                                     found (by the last search), a UID, words of the subject. Also attachments,
 *                                     download (whole), delete
 *         - flag: {which: plan, flags: \Flagged $Work}         also unflag
 *         - move: {which: found, to: Archive}                  also copy
 *         - append: {to: \Drafts, subject: …, text: …, from: a@b.test, flags: \Draft \Seen}     to: a folder, or
 *                                     a special use
 *         - upload: INBOX             every message of the device's own store (what fetch-pop brought)
 *         - search: {key: SUBJECT, text: plan}                 or criteria in one text: UNSEEN SINCE 1-Jan-2026
 *         - idle: 10min               also wait
 *     - do: talk                      types a dialogue, legal or not; needs no account
 *       server: mail.bob.test
 *       port: 143
 *       protocol: imap                smtp, lmtp, pop3 or imap: how answers end (default: by the port)
 *       lines:                        each leaves when the answers before it are complete
 *         - a1 LOGIN bob secret       CRLF is put behind it; several lines in one text leave together
 *         - {say: "a2 NOOP", end: "\n", repeat: 3, early: true, expect: a2 OK}
 *                                     its line end; so many times; without waiting for answers; what must
 *                                     stand in the answer (else the dialogue ends as failed)
 *         - {fill: 70000}             so many octets "x" and no line end
 *         - {wait: 2s}                silence
 *         - {closed: true}            waits until the server hangs up
 *         - {drop: true}              hangs up at once, without QUIT or LOGOUT
 *         - {starttls: true}          the handshake, behind the go-ahead (with `tls: opportunistic` or `required`);
 *                                     {compress: true}: DEFLATE, behind the OK of COMPRESS
 *       pace: 0s                      between an answer and the next line
 *       patience: 30s                 after it a line leaves without the answers before it
 *
 * Attackers are actions too: sim/attack/on_path.h, sim/attack/spray.h,
 * sim/attack/sniffer.h.
 *
 *     - do: smuggle                   sim/attack/smuggle.h; spray: sim/attack/spray.h; strip-starttls and
 *                                     inject-starttls: sim/attack/on_path.h
 *
 * An action counts as done for `after` when its connection is over (send: when the server has taken
 * or refused the message). */
/* clang-format on */
#include "sim/net/net.h"

struct mail;
struct store_user;

/* Reads the scenario, listens and plans the actions. NULL with error "FILE:LINE: message".
 * `scenario` must live as long as the mail. Without `services` and `actions` it returns an empty
 * mail. */
struct mail *mail_new(struct net *n, const struct tree_node *scenario, GError **error);
/* Plans the inputs of a person who types (see sim/mail/hand.h). Once, before the first event; the
 * log must live as long as the mail. */
struct input_log;
bool mail_plan(struct mail *m, const struct input_log *log, GError **error);
void mail_free(struct mail *m);
/* What TLS is made with; NULL when the scenario has none. */
struct tls;
const struct tls *mail_tls(const struct mail *m);

/* ---- for programs that open it to the outside ---- */

/* The program ends: servers tell their clients (421 in SMTP) and close. The world must run on for a
 * moment. */
void mail_shut_down(struct mail *m);

/* The mail hosts in the order of the scenario, from 0; UINT32_MAX behind the last. */
uint32_t mail_host(const struct mail *m, unsigned i);
/* The port on which that host serves "smtp", "submission", "pop3", "imap", … (a key of `services`);
 * 0 when it does not. */
uint16_t mail_service_port(const struct mail *m, uint32_t host, const char *service);
/* Actions of the timeline that are not finished. */
unsigned mail_n_actions_left(const struct mail *m);
/* The certificate of the authority that the servers' ones come from, PEM, borrowed; NULL when none of
 * them speaks TLS. */
const char *mail_authority_pem(const struct mail *m);
/* An account of that name and password on every mail host; where the name is known it gets the
 * password. False for a name that cannot be an address' left side: empty, longer than
 * MAIL_ACCOUNT_OCTETS_MAX, with a space or @. */
enum { MAIL_ACCOUNT_OCTETS_MAX = 64 }; /* RFC 5321 4.5.3.1.1 */
bool mail_account(struct mail *m, const char *name, const char *password);
/* The store's account of that name on that host, borrowed; NULL name: the first one. NULL when
 * there is none. */
struct store_user *mail_find_account(const struct mail *m, uint32_t host, const char *name);
/* Writes every account's mailboxes as a Maildir DIR/HOST/ACCOUNT (sim/mail/mailfile.h); none of
 * these may be there. *n_accounts (may be NULL) counts them. */
bool mail_save_maildirs(const struct mail *m, const char *dir, unsigned *n_accounts,
                        GError **error);

#endif
