/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_BUILD_H
#define CAPTURE_DECODE_BUILD_H

/* What the decoders of capture/decode share: adding fields, texts and sources to a decode, and the
 * calls from one layer to the next. Private to this folder.
 *
 *   decode_frame ─> link_decode ─> arp_decode
 *                               └> ip_decode ─> icmp_decode ─> ip_decode (quoted)
 *                                            ├> udp_decode ─> dns_decode
 *                                            └> tcp_decode ─> app_decode ─> smtp | pop | imap | tls
 * | dns
 *
 * When only the summary is asked for, build_*() add nothing and return BUILD_NOTHING; decoders read
 * the wire, never their own fields, so both ways say the same. */
#include "capture/decode/decode.h"
#include "capture/wire/bytes.h"

enum {
  BUILD_NOTHING = UINT16_MAX,
  BUILD_PROTOCOLS_MAX = 24, /* names in frame.protocols: link, tags, network, quoted, application */
  BUILD_INFO_MAX = 512,     /* octets of the summary's line: what a screen can show */
  BUILD_STREAM_MAX = 1024 * 1024, /* octets of one reassembled source; longer elements say so */
  BUILD_TEXT_MAX = 65536,         /* octets of one text field: APPSESSION_LINE_MAX */
  BUILD_MESSAGES_MAX = 8,         /* letters that end in one frame */
  BUILD_TREE_TEXT_MAX = 240,      /* characters of a value in a tree line */
};

/* Octets to be decoded: `n` were captured, `wire` there are. */
struct slice {
  const uint8_t *p;
  uint32_t first; /* offset of p in its source */
  uint32_t n;
  uint32_t wire;
  uint8_t source;
};

struct imap_fetch;

/* What the layers tell one another about the frame being decoded. */
struct tcp_segments;

struct decode_work {
  bool summary_only;
  bool reveal;
  bool full;       /* DECODE_FIELDS_MAX reached */
  bool quoted;     /* inside the packet that an ICMP error quotes */
  uint16_t parent; /* of fields added now */
  uint8_t depth;
  struct trace_frame record;
  struct ip_addr src, dst; /* of the innermost IP header outside quotations */
  char source_text[ADDR_TEXT_MAX], destination_text[ADDR_TEXT_MAX];
  const char *protocols[BUILD_PROTOCOLS_MAX];
  unsigned n_protocols;
  unsigned protocols_field; /* frame.protocols, filled at the end */
  struct slice payload;     /* of TCP in this frame, for the elements */
  GString *info;
  GString *line; /* decode_value() and friends */
  GByteArray *octets;
  GArray *pieces;
  uint32_t messages[BUILD_MESSAGES_MAX]; /* elements behind which a letter may end, see app.h */
  uint32_t element;                      /* index of the element that is built now */
  unsigned n_messages;
  bool reply_seen, reply_goes_on; /* SMTP: a reply in this frame; its last line had "-" */
  unsigned n_info_lines;          /* what was said in this frame, in the summary */
  unsigned n_records_opened;      /* TLS records of application data in this frame */
  GHashTable *host_names;         /* struct reader_name -> itself, of n_host_names at that place */
  guint n_host_names;
  const void *host_names_at;
  struct imap_fetch *imap;      /* how far an answer of IMAP is read, see imap_fetch.c */
  uint32_t rtt_flow, rtt_frame; /* whose initial round-trip time is known, and since when */
  int64_t rtt_ns;
  struct tcp_segments *segments; /* that were looked back at, see tcp.h; NULL before the first */
  uint32_t scale_flow;           /* whose window scales are known */
  int scale[2];                  /* shift; -1 unknown, -2 not used */
};

static inline struct slice
slice_skip(struct slice s, uint32_t n)
{
  uint32_t have = n < s.n ? n : s.n, wire = n < s.wire ? n : s.wire;
  /* a slice without octets may have no place in memory, to which C lets nothing be added */
  return (struct slice){have ? s.p + have : s.p, s.first + have, s.n - have, s.wire - wire,
                        s.source};
}

/* At most `wire` octets of it. */
static inline struct slice
slice_cut(struct slice s, uint32_t wire)
{
  return (struct slice){s.p, s.first, s.n < wire ? s.n : wire, s.wire < wire ? s.wire : wire,
                        s.source};
}

/* ---- fields: each becomes a child of the layer or group that is open ---- */
unsigned build_none(struct decode *d, const struct field_def *def, struct slice s);
unsigned build_number(struct decode *d, const struct field_def *def, struct slice s,
                      uint64_t number);
/* A number with its word: "TCP (6)". `word` may be NULL. */
unsigned build_named(struct decode *d, const struct field_def *def, struct slice s, uint64_t number,
                     const char *word);
/* Octets or an address: the value is what stands in the slice. */
unsigned build_octets(struct decode *d, const struct field_def *def, struct slice s);
/* Text made of octets: invalid UTF-8 and NUL are replaced by U+FFFD. */
unsigned build_text(struct decode *d, const struct field_def *def, struct slice s, const void *text,
                    size_t n);
unsigned build_string(struct decode *d, const struct field_def *def, struct slice s,
                      const char *text);
/* Opens a group: fields added until build_close() of it are its children. */
void build_open(struct decode *d, unsigned field);
void build_close(struct decode *d, unsigned field);
/* A layer at depth 0 whose title is `title` (NULL: the def's name) and whose word in
 * frame.protocols is the key. It is open when this returns; build_layer_end() closes it and gives
 * it `n` octets. */
unsigned build_layer(struct decode *d, const struct field_def *def, struct slice s,
                     const char *title);
void build_layer_end(struct decode *d, unsigned layer, uint32_t n_octets);
void build_flag(struct decode *d, unsigned field, uint8_t flags);
void build_resize(struct decode *d, unsigned field, uint32_t n_octets);
void build_protocol(struct decode *d, const char *word);
/* A hidden copy (ip.addr of ip.src). */
void build_hidden(struct decode *d, const struct field_def *def, struct slice s, uint64_t number);
/* A place of no octets for what is computed. */
static inline struct slice
slice_none(struct slice s)
{
  return (struct slice){s.p, s.first, 0, 0, s.source};
}
void build_generated(struct decode *d, unsigned field);

/* ---- sources ---- */
/* A new derived source that takes `octets` and `pieces` by copy; its index, or 0 when there are
 * DECODE_SOURCES_MAX already. */
uint8_t build_source(struct decode *d, enum source_kind kind, const GByteArray *octets,
                     const GArray *pieces);
struct slice build_source_slice(const struct decode *d, uint8_t source);
void build_secret(struct decode *d, uint8_t source, uint32_t first, uint32_t n_octets);

/* All secrets are known: they are put in order, and the fields that show them are flagged. From
 * here on it can be asked whether octets of a source hold a part of one. */
void build_secrets_done(struct decode *d);
bool build_holds_secret(const struct decode *d, uint8_t source, uint32_t first, uint32_t n_octets);

/* ---- the summary ---- */
void build_info(struct decode *d, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* What stands before the next thing said in the summary: "C: " or "S: ", then " | " between them.
 */
void build_info_said(struct decode *d, bool client);
/* Wire text at the end of the line, control octets escaped. */
void build_info_text(struct decode *d, const void *text, size_t n);
void build_summary_protocol(struct decode *d, const char *protocol);

/* ---- layers ---- */
void link_decode(struct decode *d, struct slice s, enum link_type link);
void ether_type_decode(struct decode *d, struct slice s, uint16_t type);
void arp_decode(struct decode *d, struct slice s);
/* PPP over Ethernet behind its EtherType; a PPP frame from its address or protocol on. */
void pppoe_decode(struct decode *d, struct slice s, bool is_session);
void ppp_decode(struct decode *d, struct slice s);
void ip_decode(struct decode *d, struct slice s); /* either version, by its first four bits */
void icmp_decode(struct decode *d, struct slice s);
void icmpv6_decode(struct decode *d, struct slice s);
/* The fields of a message of neighbour discovery behind its checksum; false when it is none.
 * `redirected` is the packet that a redirect quotes, or empty. */
bool nd_decode(struct decode *d, struct slice s, struct slice *redirected);
/* The name that the capture file has for the address in this slice, in no octets. */
void host_name_build(struct decode *d, struct slice address, bool is_source);
/* The options of an IPv4 header, and those of an IPv6 extension header behind its length. */
void ip_options_build(struct decode *d, struct slice s);
void ip6_options_build(struct decode *d, struct slice s);
/* The octets of a routing header behind its length. */
void ip6_routing_build(struct decode *d, struct slice s);
void udp_decode(struct decode *d, struct slice s);
void tcp_decode(struct decode *d, struct slice s);
void dhcp_decode(struct decode *d, struct slice s);
/* A message without the length that TCP puts before it. */
void dns_decode(struct decode *d, struct slice s, bool tcp);
void dns_length_build(struct decode *d, struct slice s); /* that length: two octets */
/* The elements that this TCP frame completes, and its part in those that it does not. */
void app_decode(struct decode *d);
/* What no decoder reads. */
void data_decode(struct decode *d, struct slice s);

/* One element: `s` is its octets. */
void smtp_element(struct decode *d, const struct element *e, struct slice s);
void pop_element(struct decode *d, const struct element *e, struct slice s);
void imap_element(struct decode *d, const struct element *e, struct slice s);
void tls_element(struct decode *d, const struct element *e, struct slice s);
void socks_element(struct decode *d, const struct element *e, struct slice s);
void http_element(struct decode *d, const struct element *e, struct slice s);
/* A certificate in DER, as TLS carries it; and a name of one (RFC 5280 4.1). */
void x509_build(struct decode *d, struct slice s);
void x509_name_build(struct decode *d, struct slice s);
/* A message or a part of one from its header on: imf and MIME fields. */
void message_decode(struct decode *d, struct slice s);

/* ---- registry ---- */
struct field_table {
  const struct field_def *defs;
  size_t n;
};
extern const struct field_table frame_fields, link_fields, arp_fields, ip_fields, ip_option_fields,
    icmp_fields, nd_fields, udp_fields, tcp_fields, tcp_analysis_fields, dhcp_fields, dns_fields,
    tls_fields, smtp_fields, pop_fields, imap_fields, message_fields, app_fields, build_fields,
    tunnel_fields, ppp_fields, x509_fields, tcp_rtt_fields, smtp_command_fields, smtp_reply_fields,
    auth_challenge_fields, imap_part_fields, imap_fetch_fields, pop_part_fields, tcp_option_fields,
    tcp_mptcp_fields, dns_dnssec_fields, ppp_option_fields, host_name_fields;

#define FIELD_TABLE(name, rows)                                                                    \
  const struct field_table name = {rows, sizeof(rows) / sizeof(rows)[0]}

/* Appends text with control characters escaped as Wireshark does: \r \n \t \x1b. */
void text_escape(GString *out, const char *text, size_t n);

#endif
