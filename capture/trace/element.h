/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_ELEMENT_H
#define CAPTURE_TRACE_ELEMENT_H

/* An element is one thing that was said on a stream: a command line, a reply line, a run of message
 * octets, a TLS record. The session parsers (appsession.h) cut streams into elements in pass 1; the
 * dialogue, the ladder's labels, the decoders of pass 2 and the findings read them. */
#include <stdint.h>

enum app {
  APP_NONE,
  APP_SMTP,
  APP_POP3,
  APP_IMAP,
  APP_TLS,
  APP_DNS,
  APP_SOCKS, /* what is said to a proxy; what runs through it afterwards has its own app */
  APP_HTTP,
  APP_N,
};

/* Side of a stream. The client is the end that sent the SYN, or by what is said when none was seen.
 */
enum side { SIDE_CLIENT, SIDE_SERVER };

enum element_kind {
  ELEMENT_COMMAND, /* client line that begins a command; code = verb enum of the protocol */
  ELEMENT_REST,    /* client line that continues a command (behind an IMAP literal) */
  ELEMENT_AUTH,    /* client line of an authentication exchange; code = verb of the command */
  ELEMENT_REPLY, /* server line; code: SMTP reply code; POP3 enum pop_status; IMAP enum imap_status
                  */
  ELEMENT_TEXT,  /* server line of a POP3 multi-line answer other than a message; "." included */
  ELEMENT_MESSAGE, /* octets of a message (DATA, BDAT, RETR, TOP): one run per delivery */
  ELEMENT_END,     /* the line "." that ends a message */
  ELEMENT_LITERAL, /* octets of an IMAP literal: one run per delivery */
  ELEMENT_TLS,     /* one TLS record; code = content type + 256 * minor version agreed on (4: TLS
                      1.3; 0: not yet, or not known) */
  ELEMENT_GAP,     /* octets that the capture does not hold */
  ELEMENT_DEFLATE, /* compressed octets (RFC 4978): one run per delivery */
  ELEMENT_TUNNEL,  /* one message of SOCKS or one line of an HTTP CONNECT; code = enum
                      tunnel_message of capture/wire/tunnel.h */
  ELEMENT_OTHER,   /* octets that fit no protocol here */
  ELEMENT_N_KINDS
};

enum pop_status { POP_STATUS_OK, POP_STATUS_ERR, POP_STATUS_CONTINUE };

enum imap_status {
  IMAP_STATUS_UNTAGGED, /* "* 3 EXISTS" and other data */
  IMAP_STATUS_CONTINUE, /* "+" */
  IMAP_STATUS_OK,       /* tagged or untagged, see ELEMENT_FLAG_TAGGED */
  IMAP_STATUS_NO,
  IMAP_STATUS_BAD,
  IMAP_STATUS_BYE,
  IMAP_STATUS_PREAUTH,
};

enum element_flag {
  ELEMENT_FLAG_MORE = 0x01,      /* not the last line of its reply or command */
  ELEMENT_FLAG_TAGGED = 0x02,    /* IMAP: carries the command's tag */
  ELEMENT_FLAG_SECRET = 0x04,    /* secret_first, secret_octets say where */
  ELEMENT_FLAG_PIPELINED = 0x08, /* sent before the answer to the one before */
  ELEMENT_FLAG_ODD = 0x10,       /* breaks its protocol's grammar or order */
  ELEMENT_FLAG_CUT = 0x20,       /* longer than APPSESSION_LINE_MAX: only its start was read */
  ELEMENT_FLAG_INNER = 0x40,     /* was sealed by TLS: its offset counts what was opened, not the
                                    octets of the TCP stream */
  ELEMENT_FLAG_INFLATED = 0x80,  /* was compressed: its offset counts what was inflated */
};

/* Not on the wire as it stands: its offset counts what was opened or inflated. */
enum { ELEMENT_FLAGS_INSIDE = ELEMENT_FLAG_INNER | ELEMENT_FLAG_INFLATED };

#define ELEMENT_NONE UINT32_MAX

/* A secret of so many octets or more hides all that follows it in its element. */
enum { ELEMENT_SECRET_TO_END = UINT16_MAX };

/* Frame numbers here are 0-based indexes into the trace. Offsets count the octets of that side's
 * stream from its first data octet. */
struct element {
  uint64_t offset;
  uint32_t n_octets; /* line end included */
  uint32_t flow;
  uint32_t first_frame; /* holds its first octet */
  uint32_t last_frame;  /* the frame that completed it */
  uint32_t command;     /* index of the element that began this command or that this answers */
  uint16_t code;
  uint16_t secret_first;  /* octets behind `offset` */
  uint16_t secret_octets; /* ELEMENT_SECRET_TO_END: all that follow; see element_secret_end() */
  uint8_t app;            /* enum app */
  uint8_t kind;           /* enum element_kind */
  uint8_t side;           /* enum side */
  uint8_t state; /* the protocol's state behind this element: smtp_state, pop_state, imap_state */
  uint8_t flags;
};

/* Octets behind `offset` at which the secret of an element with ELEMENT_FLAG_SECRET ends. */
static inline uint32_t
element_secret_end(const struct element *e)
{
  uint32_t end = (uint32_t)e->secret_first + e->secret_octets;
  return e->secret_octets == ELEMENT_SECRET_TO_END && end < e->n_octets ? e->n_octets : end;
}

#endif
