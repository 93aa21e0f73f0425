/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_FINDINGS_RIG_H
#define TESTS_FINDINGS_RIG_H

/* Conversations written as text become frames, a trace, and the findings of its rules.
 *
 *     @ 10.0.0.5:40001 > 10.0.0.2:25     a new connection with its handshake ("@ mid ..." without)
 *     S: 220 mx.example.net ready        a line of the server, CRLF added
 *     C: EHLO me                         a line of the client
 *     C! a\r\n.\nMAIL\0                  octets of the client, C escapes, nothing added
 *     S~ 250 SIZE                        the server's last octets again, as many, in one segment
 *     - S 40                             the server's next 40 octets are not in the capture
 *     L S 60                             from here on datagrams of the server have this TTL
 *     + 2.5                              seconds pass
 *     = 1                                goes on with the first connection of the script
 *     .                                  both ends close the current connection
 *     D! \x00\x01...                     a DNS message from 10.0.0.53:53 to 10.0.0.5, C escapes
 *     T /path/issuers.pem                certificates are held against these (in the first line)
 *
 * Addresses are IPv4. Segments are a millisecond apart, the first at 2026-01-01T00:00:00Z. */
#include <glib.h>

#include "capture/findings/findings.h"
#include "capture/trace/trace.h"

/* How what is said is cut into segments. */
enum rig_cut {
  RIG_LINES = 0,  /* a segment for each line of the script */
  RIG_WHOLE = -1, /* lines of one side that follow each other share a segment */
  RIG_OCTETS = -2 /* a segment for each octet */
  /* n > 0: each line in two segments, the first of n octets */
};

/* The finished trace; trace_free() it. A script that cannot be read aborts the test. */
struct trace *rig_play(const char *script, int cut);

/* One line for each finding whose rule begins with one of the prefixes ("SMUG,ENUM-001"), in the
 * order in which they were found:
 *
 *     SMUG-001 high high accepted x1 {subject} {evidence octets, escaped as in C}
 *              severity, confidence, outcome, conversations; behind the subject "5 in 8 s " where
 *              times are counted
 *
 * Free it. */
char *rig_findings(const struct trace *t, const char *prefixes);

/* Plays the script in every way of cutting (whole, lines, octets, and each line cut behind each of
 * its first 80 octets) and compares rig_findings() with `expected`, lines separated by \n; octet by
 * octet without the evidence, whose pieces are then too many to keep. */
void rig_expect(const char *script, const char *prefixes, const char *expected);

#endif
