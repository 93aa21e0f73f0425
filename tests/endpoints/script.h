/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_ENDPOINTS_SCRIPT_H
#define TESTS_ENDPOINTS_SCRIPT_H

/* A dialogue as a text file, played against a server machine.
 *
 *     # proves that …                  the name of the test
 *     server smtp                      smtp, submission, lmtp, pop3 or imap
 *     smtp {…}, envelope, received, content, messages, logged      see script_smtp.h
 *     user mrose tanstaaf              besides alice and bob, password "secret"
 *     stamp <1896.697170952@host>      of APOP and CRAM-MD5
 *     scram MORE SALT                  what SCRAM's server adds to the nonce, its salt in base64
 *     auth {delay: 2s}                 the policy, as in a scenario (sim/mail/auth.h)
 *     pop3 {expire: 0}                 the maildrops' policy, as in a scenario (sim/mail/pop.h)
 *     offers-tls, needs-tls            STLS, STARTTLS; no login before it
 *     expunge bob/INBOX 1              another session removes that UID
 *     token bob 300 abc                an OAuth token of bob for 300 seconds
 *     imap …, quota …, share …         see script_imap.h
 *     add bob/INBOX plain.eml [flags]  a file of tests/endpoints/messages
 *     mailbox bob/Work
 *     stepwise                         not to be sent whole at once (say why)
 *     C: EHLO client.test              a line, CRLF is put behind it unless it ends with \c
 *     S: 250-mail.test {*}             an expected line; {*} stands for any octets
 *     S: {reply 250}                   all lines of one SMTP reply with that code
 *     C2: …  S2: …                     the second connection (opened by its first line), up to 9
 *     wait 301                         seconds pass; deadlines are met
 *     eof                              connection 1 is closed by the client
 *     closed                           the server has asked to close connection 1
 *     shut-down                        the host of connection 1 stops serving
 *     tls                              the layer has made TLS, which connection 1 asked for
 *     has bob/INBOX 1:\Seen 3:         what the mailbox holds now
 *
 * In C and S: \r \n \t \xHH are octets. */
#include <glib.h>
#include <stdbool.h>

enum script_feed { SCRIPT_LINES, SCRIPT_OCTETS, SCRIPT_WHOLE, SCRIPT_N_FEEDS };

/* Plays the file; fails the running test with file and line at the first difference. */
void script_play(const char *folder, const char *file, enum script_feed feed);
/* The words behind "# proves". */
char *script_title(const char *path);
/* False for dialogues of several connections or with `stepwise`. */
bool script_may_be_whole(const char *path);
/* A message of tests/endpoints/messages with CRLF line ends. */
GBytes *script_message(const char *folder, const char *file);

#endif
