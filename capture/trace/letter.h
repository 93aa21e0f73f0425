/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_LETTER_H
#define CAPTURE_TRACE_LETTER_H

/* The messages that a trace holds: which elements they are made of, whether they are whole, and
 * their octets as the writer's program made them (doubled dots undone, chunks joined).
 *
 *   SMTP   DATA ... CRLF . CRLF (RFC 5321 4.1.1.4), BDAT chunks up to LAST (RFC 3030); LMTP alike
 *   POP3   what RETR and TOP bring (RFC 1939)
 *   IMAP   literals of APPEND; literals and quoted strings behind BODY[], BINARY[] and RFC822 of
 *          FETCH, or a part of them (RFC 3501) */
#include "capture/trace/trace.h"

enum letter_kind {
  LETTER_DATA,
  LETTER_BDAT,
  LETTER_RETR,
  LETTER_TOP, /* a header and some lines: never the whole */
  LETTER_APPEND,
  LETTER_FETCH,
  LETTER_N_KINDS
};

/* What a letter lacks; the first that fits. */
enum letter_lack {
  LETTER_WHOLE,
  LETTER_HOLE,   /* octets are missing in the capture */
  LETTER_NO_END, /* the connection or the capture ended within it */
  LETTER_PART,   /* only a part was asked for: TOP, BODY[]<100.100> */
};

struct letter {
  enum letter_kind kind;
  enum letter_lack lack;
  uint32_t flow;
  uint32_t command;                 /* element that asked for or announced it, or ELEMENT_NONE */
  uint32_t first_frame, last_frame; /* hold its first and its last octet, or its end */
  uint8_t app, side;
  bool has_dots;               /* lines that begin with a dot were sent with two */
  bool is_bare_lf;             /* lines may end without CR */
  uint64_t n_octets;           /* on the wire */
  uint64_t n_missing;          /* of them */
  uint64_t first_octet;        /* of the message, where a part begins: BODY[]<100> */
  uint64_t quoted_at;          /* with `is_quoted`: where in the run it stands */
  bool is_quoted;              /* between quotes in a line: a backslash guards the next octet */
  GArray *runs;                /* struct element: MESSAGE, LITERAL and GAP, in order */
  uint32_t end;                /* the element that letter_at() was asked for */
  uint32_t start, start_frame; /* the element before which it began, for letter_envelope() */
};

/* Zero-initialise before the first use; the same one may be filled again and again. */
void letter_clear(struct letter *l);

/* The letter that ends with element `index`, which came out while `frame` was taken (or anywhere
 * behind it when frame is TRACE_NONE): an ELEMENT_END, the last run of a literal or of the chunk
 * LAST, any run, which then is taken for the last one, or an answer of FETCH with the message in
 * quotes. False when it is no letter: another literal, a chunk before the last one. */
bool letter_at(const struct trace *t, uint32_t frame, uint32_t index, struct letter *l);

/* The next n octets of a letter, all from one frame; what was doubled or is missing is left out.
 * The piece says which frame and where in it; its `first` is 0. */
typedef void (*letter_take)(void *data, const uint8_t *p, uint32_t n,
                            const struct trace_piece *piece);
/* Hands out at most n_max octets, in order. */
void letter_each(const struct trace *t, const struct letter *l, uint64_t n_max, letter_take take,
                 void *data);

/* The first n_max octets and the pieces (struct trace_piece) they came from. */
void letter_octets(const struct trace *t, const struct letter *l, uint32_t n_max, GByteArray *out,
                   GArray *pieces);

/* ---- what SMTP said about it ---- */

/* The commands of its envelope: MAIL (ELEMENT_NONE when none was seen), and the RCPTs (uint32_t in
 * `recipients`, in order) that the server did not refuse; at most 1000 commands back. */
uint32_t letter_envelope(const struct trace *t, const struct letter *l, GArray *recipients);

/* The code of the server's answer to the message; 0 when none was seen. */
unsigned letter_reply(const struct trace *t, const struct letter *l);

/* The address of a MAIL or RCPT command, without its angle brackets; g_free(). Never NULL. */
char *letter_path(const struct trace *t, uint32_t command);

/* ---- all letters, in the order of their ends ---- */

struct letter_scan;
struct letter_scan *letter_scan_new(const struct trace *t);
void letter_scan_free(struct letter_scan *s);
/* False behind the last one. */
bool letter_scan_next(struct letter_scan *s, struct letter *l);

#endif
