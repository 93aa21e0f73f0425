/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_MAIL_TRANSCRIPT_H
#define TESTS_MAIL_TRANSCRIPT_H

/* A conversation as text, and what the session parsers make of it as text.
 *
 * Script, one line each:   "C: EHLO pc"   the client sends this line with CRLF
 *                          "S: 250 ok"    the server does
 *                          "c: AUT" / "s: ..."   the same without CRLF; \r \n \t \ooo \\ are
 * escapes "G C 12"       12 octets of the client are missing (G S 12: the server)
 *
 * Result, one line each:   "C command AUTH <3 POMTX !11+16 AUTH"
 *     side, kind, word; then, where they apply: the line of the result that it belongs to, flags
 *     (Pipelined, Odd, More, Tagged, X for cut), the secret as first+octets; last the state.
 *     Runs (message, literal, other, gap) show their octets in place of a word. Besides:
 *     "login AUTH PLAIN alice s3cret password accepted", "offer <2", "tls <7". */
#include <glib.h>

#include "capture/trace/appsession.h"

enum transcript_cut { CUT_NONE, CUT_OCTETS, CUT_AT, CUT_RANDOM };

struct transcript {
  const char *name; /* of the test */
  const char *script;
  const char *result;
  bool mid_stream;
  guint16 client_port, server_port; /* 0: 40000 and 4000 */
};

/* Plays the script, cut as asked (`at`: position of the one cut, or the seed); the result as text.
 * *n_octets (may be NULL) is the number of octets in the script. Free the result. */
char *transcript_play(const struct transcript *t, enum transcript_cut cut, guint at,
                      guint *n_octets);

/* Checks the result whole, octet by octet, cut at every position and in 20 random ways. */
void transcript_check(gconstpointer t);

#endif
