/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_DECODE_H
#define CAPTURE_DECODE_DECODE_H

/* Pass 2: decode(trace, frame) -> fields. Pure: any frame, any order, any time, the same answer.
 * Fields are a flat array with depth. Each has a key, a value and a range of octets in a source:
 * the frame itself (source 0) or derived octets (a reassembled line or datagram, decoded base64).
 * Children lie inside their parents when they share the source, and every range lies inside its
 * source; tests hold that on every capture and fuzz input. */
#include "capture/trace/trace.h"
#include "capture/wire/lang.h"

enum field_type {
  FIELD_PROTOCOL, /* a layer: "Transmission Control Protocol" */
  FIELD_UINT,     /* decimal */
  FIELD_HEX,
  FIELD_BOOL,
  FIELD_ETHER,
  FIELD_IPV4,
  FIELD_IPV6,
  FIELD_OCTETS,
  FIELD_TEXT,
  FIELD_TIME,  /* absolute: ns since 1970 */
  FIELD_SPAN,  /* relative: ns */
  FIELD_FRAME, /* a frame number (1-based), a link */
  FIELD_NONE,  /* a heading or a mark without value */
};

/* One row per key. Keys are Wireshark's where it has the field. `explain` is one sentence for a
 * student; "%s" in it, at most once, is replaced by the value as shown. */
struct field_def {
  const char *key;
  enum field_type type;
  struct lang_pair name; /* as in the tree: "Time to live" */
  struct lang_pair explain;
  const char *spec; /* where it is defined: "RFC 5321 section 4.1"; "Enveloscope" for what is only
                     * computed here */
  uint8_t n_digits; /* HEX: how many are shown; 0 for four */
  bool is_signed;   /* UINT: the number is an int64_t */
};

enum field_flag {
  FIELD_FLAG_GENERATED = 1, /* computed, not in the octets */
  FIELD_FLAG_HIDDEN = 2,    /* found by filters, not shown in the tree (ip.addr) */
  FIELD_FLAG_ODD = 4,       /* malformed or suspicious */
  FIELD_FLAG_SECRET = 8,    /* its octets hold a secret, also when it is only a part of them (a
                             * line, a payload): that part is shown as SECRET_MASK until revealed;
                             * decode_octet_is_secret() tells which part */
};

#define SECRET_MASK "******"

struct field {
  const struct field_def *def;
  uint64_t number;   /* UINT, HEX, BOOL, FRAME, TIME and SPAN (as int64_t) */
  uint32_t first;    /* in its source */
  uint32_t n_octets; /* 0 for generated fields without a place */
  uint32_t text;     /* offset in decode.text of a NUL-terminated UTF-8 string, or UINT32_MAX */
  uint16_t parent;   /* index of the parent field, UINT16_MAX at depth 0 */
  uint8_t depth;
  uint8_t source;
  uint8_t flags;
};

enum source_kind {
  SOURCE_FRAME,
  SOURCE_DATAGRAM, /* reassembled from IP fragments */
  SOURCE_STREAM,   /* reassembled from TCP segments */
  SOURCE_BASE64,   /* decoded */
  SOURCE_OPENED,   /* what TLS had sealed, opened with a key log */
  SOURCE_INFLATED, /* what DEFLATE had compressed */
  SOURCE_MESSAGE,  /* a letter: doubled dots undone, chunks joined */
  SOURCE_QUOTED,   /* quoted-printable, decoded */
};

enum { DECODE_SOURCES_MAX = 48, DECODE_FIELDS_MAX = 8192 };

struct source {
  enum source_kind kind;
  GByteArray *octets;
  GArray *pieces; /* struct trace_piece: where the octets came from; not of BASE64 and QUOTED */
  uint8_t parent_source; /* for BASE64 and QUOTED: where the encoded text lies */
  uint32_t parent_first, parent_octets;
};

/* What a column or an arrow label shows. Texts live in the decode and are valid UTF-8. */
struct decode_summary {
  const char *source; /* address as text; link address when there is no network layer */
  const char *destination;
  const char *protocol; /* "TCP", "SMTP", "DNS", "ARP" */
  char *info;           /* one line; secrets masked unless revealed */
};

struct decode {
  const struct trace *trace;
  uint32_t frame;
  bool reveal;
  GArray *fields; /* struct field */
  GByteArray *text;
  struct source sources[DECODE_SOURCES_MAX];
  unsigned n_sources;
  struct decode_summary summary;
  GArray *secrets;          /* struct decode_secret, see decode_octet_is_secret() */
  struct decode_work *work; /* of the decoders, see build.h */
};

/* Octets of a source that are a secret, or a part of one. */
struct decode_secret {
  uint8_t source;
  uint32_t first;
  uint32_t n_octets;
};

/* A decode is made once and used for many frames. `reveal`: secrets in clear. */
struct decode *decode_new(const struct trace *trace);
void decode_free(struct decode *d);
void decode_set_reveal(struct decode *d, bool reveal);

/* Decodes one frame; earlier results of this decode are gone. False when the frame's octets can no
 * longer be read: then fields hold the frame layer only. */
bool decode_frame(struct decode *d, uint32_t frame);

/* Only the summary, without fields: what a row of the packet list needs. */
bool decode_summary_only(struct decode *d, uint32_t frame);

static inline unsigned
decode_n_fields(const struct decode *d)
{
  return d->fields->len;
}

static inline const struct field *
decode_field(const struct decode *d, unsigned i)
{
  return &g_array_index(d->fields, struct field, i);
}

/* Whether an octet of a source belongs to a secret and has to be masked in a hex view; always false
 * when this decode reveals. Also true for pieces of secrets that no field of this frame shows:
 * parts of a line that ends in another frame, retransmissions, packets quoted by ICMP. */
bool decode_octet_is_secret(const struct decode *d, unsigned source, uint32_t at);

/* The first field with that key at or behind index `from`; NULL when there is none. */
const struct field *decode_find(const struct decode *d, const char *key, unsigned from);

/* The value as tshark -T fields prints it (flags as 0/1 or True/False as tshark 4.0 does); a
 * borrowed pointer into a buffer of the decode that the next call reuses. */
const char *decode_value(struct decode *d, const struct field *f);

/* "Time to live: 64": one line of the tree in the current language's numbers and masks. */
char *decode_line(struct decode *d, const struct field *f);

/* The sentence for a student in the current language, value filled in; never NULL. */
char *decode_explain(struct decode *d, const struct field *f);

/* All keys there are, sorted; and one of them. */
const struct field_def *const *field_defs(size_t *n);
const struct field_def *field_def_find(const char *key);

#endif
