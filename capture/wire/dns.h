/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_DNS_H
#define CAPTURE_WIRE_DNS_H

/* DNS messages (RFC 1035, 3596): the header as a table and as a struct, names with compression in
 * both directions, records, and the names of types and codes. Nothing is allocated.
 *
 * Reading:  dns_head_get, then dns_question_get n_questions times, then dns_record_get for each
 * record. Writing:  dns_writer_begin, questions, records in the order of their sections,
 * dns_writer_end.
 *
 * Names in text have no dot at the end ("mx.bob.test"); the root is "". An octet that is no graphic
 * ASCII, and a dot or backslash inside a label, is written \DDD (RFC 1035 section 5.1). */
#include "capture/wire/addr.h"
#include "capture/wire/field.h"

enum {
  DNS_HEADER_OCTETS = 12,
  DNS_PORT = 53,
  DNS_LABEL_MAX = 63,         /* RFC 1035 2.3.4 */
  DNS_NAME_MAX = 255,         /* octets on the wire, lengths and root included */
  DNS_NAME_TEXT_MAX = 1024,   /* 255 octets, each at most four characters */
  DNS_UDP_MAX = 512,          /* a message over UDP without EDNS */
  DNS_TCP_MAX = 65535,        /* two octets of length before it (RFC 1035 4.2.2) */
  DNS_EDNS_UDP_OCTETS = 1232, /* what fits into every IPv6 path: DNS flag day 2020, RFC 9715 */
  DNS_OPT_OCTETS = 11,        /* an OPT record without options */
  DNS_REVERSE_MAX = 74,       /* the text of an ip6.arpa name with its NUL */
  DNS_JUMPS_MAX = 64,         /* compression pointers in one name: more is a loop or an attack */
};

/* Values of the field TYPE. */
enum {
  DNS_RR_A = 1,
  DNS_RR_NS = 2,
  DNS_RR_CNAME = 5,
  DNS_RR_SOA = 6,
  DNS_RR_PTR = 12,
  DNS_RR_MX = 15,
  DNS_RR_TXT = 16,
  DNS_RR_AAAA = 28,
  DNS_RR_SRV = 33,
  DNS_RR_OPT = 41,
  DNS_RR_TLSA = 52,
  DNS_RR_SVCB = 64,
  DNS_RR_HTTPS = 65,
  DNS_RR_ANY = 255,
  DNS_RR_CAA = 257,
};
enum { DNS_CLASS_IN = 1, DNS_CLASS_ANY = 255 };
enum dns_rcode {
  DNS_RCODE_OK = 0,
  DNS_RCODE_FORMAT = 1,
  DNS_RCODE_SERVER = 2,
  DNS_RCODE_NO_NAME = 3,
  DNS_RCODE_NOT_IMPLEMENTED = 4,
  DNS_RCODE_REFUSED = 5,
  DNS_RCODE_BAD_VERSION = 16, /* needs the OPT record's eight more bits (RFC 6891 6.1.3) */
};

struct dns_head {
  uint16_t id;
  bool response;
  uint8_t opcode; /* 0: standard query */
  bool authoritative;
  bool truncated;
  bool recursion_desired;
  bool recursion_available;
  bool authenticated;     /* AD, RFC 4035 */
  bool checking_disabled; /* CD */
  uint8_t rcode;          /* enum dns_rcode */
  uint16_t n_questions, n_answers, n_authorities, n_additionals;
};
extern const struct wire_header dns_header;

/* As in net.h: octets taken, or 0 when too short. */
size_t dns_head_get(const uint8_t *p, size_t n, struct dns_head *out);
size_t dns_head_put(uint8_t *p, const struct dns_head *in);

/* Reads the name at message[at]. Returns the octets that it takes there (a pointer counts 2) and
 * its text in `out`; 0 when it runs past `n`, loops, points forward or is longer than DNS_NAME_MAX.
 */
size_t dns_name_get(const uint8_t *message, size_t n, size_t at, char out[DNS_NAME_TEXT_MAX]);

/* Writes a name without compression; "" is the root, a final dot is accepted. `p` holds
 * DNS_NAME_MAX. Returns the octets, or 0 when a label is empty or too long or the name is. */
size_t dns_name_put(uint8_t *p, const char *name);

/* ASCII case-blind equality of two names in text. */
bool dns_name_equal(const char *a, const char *b);

struct dns_question {
  char name[DNS_NAME_TEXT_MAX];
  uint16_t type;
  uint16_t class;
};

/* One question at message[*at]; moves *at behind it. False (and *at stays) when it is malformed. */
bool dns_question_get(const uint8_t *message, size_t n, size_t *at, struct dns_question *out);

struct dns_record {
  char name[DNS_NAME_TEXT_MAX];
  uint16_t type;
  uint16_t class;
  uint32_t ttl_s;
  uint16_t data_octets;
  size_t data_at; /* offset of its data in the message; lies wholly inside */
};

/* One resource record at message[*at]; moves *at behind it. False when it is malformed. */
bool dns_record_get(const uint8_t *message, size_t n, size_t *at, struct dns_record *out);

/* What a record's data say, for the common types. False when the type is another or data are short.
 */
bool dns_record_address(const uint8_t *message, const struct dns_record *r, struct ip_addr *out);
/* NS, CNAME, PTR: the name; MX: the exchange, and its preference. `preference` may be NULL. */
bool dns_record_name(const uint8_t *message, size_t n, const struct dns_record *r,
                     char out[DNS_NAME_TEXT_MAX], uint16_t *preference);

struct dns_soa {
  const char *primary, *mailbox; /* "ns.bob.test", "postmaster.bob.test" */
  uint32_t serial, refresh_s, retry_s, expire_s, minimum_s;
};
/* SOA: out->primary and out->mailbox become the two buffers. */
bool dns_record_soa(const uint8_t *message, size_t n, const struct dns_record *r,
                    char primary[DNS_NAME_TEXT_MAX], char mailbox[DNS_NAME_TEXT_MAX],
                    struct dns_soa *out);

/* EDNS(0), RFC 6891 6.1: what an OPT record says in its class and TTL. */
struct dns_opt {
  uint16_t udp_octets; /* the largest message over UDP that its sender takes */
  uint8_t rcode_high;  /* the upper eight bits of the reply code */
  uint8_t version;     /* 0 is the only one */
  bool dnssec_ok;      /* DO */
};
/* False when the record is no OPT of the root. */
bool dns_record_opt(const struct dns_record *r, struct dns_opt *out);

/* The name under which an address is looked up backwards (RFC 1035 3.5, RFC 3596 2.5):
 * "25.2.0.10.in-addr.arpa" or 32 nibbles under ip6.arpa. Returns out. */
char *dns_reverse_name(const struct ip_addr *addr, char out[DNS_REVERSE_MAX]);

/* ---- writing a whole message ---- */
enum { DNS_WRITER_NAMES_MAX = 64 }; /* names remembered for compression; later ones stand in full */
enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };

struct dns_writer {
  uint8_t *out;
  size_t room;
  size_t n_octets;
  struct dns_head head;
  uint16_t names[DNS_WRITER_NAMES_MAX]; /* offsets of labels that a pointer may name */
  unsigned n_names;
  bool full; /* something did not fit or was no name: dns_writer_end() then returns 0 */
};

/* `head` gives id and flags; its counts are ignored, the writer counts by itself. */
void dns_writer_begin(struct dns_writer *w, uint8_t *out, size_t room, const struct dns_head *head);
void dns_writer_question(struct dns_writer *w, const char *name, uint16_t type, uint16_t class);
/* Records of class IN. Sections in order: answers before authorities before additionals. */
void dns_writer_address(struct dns_writer *w, enum dns_section s, const char *name, uint32_t ttl_s,
                        const struct ip_addr *addr); /* A or AAAA */
void dns_writer_mx(struct dns_writer *w, enum dns_section s, const char *name, uint32_t ttl_s,
                   uint16_t preference, const char *exchange);
/* NS, CNAME or PTR. */
void dns_writer_name(struct dns_writer *w, enum dns_section s, const char *name, uint16_t type,
                     uint32_t ttl_s, const char *target);
/* One character string of at most 255 octets. */
void dns_writer_txt(struct dns_writer *w, enum dns_section s, const char *name, uint32_t ttl_s,
                    const char *text);
void dns_writer_soa(struct dns_writer *w, enum dns_section s, const char *name, uint32_t ttl_s,
                    const struct dns_soa *soa);
/* The OPT record (additional section): at most one, and behind nothing is compressed against it. */
void dns_writer_opt(struct dns_writer *w, const struct dns_opt *opt);
/* Writes the header and returns the octets of the message; 0 when it did not fit. */
size_t dns_writer_end(struct dns_writer *w);

/* "MX", "NXDOMAIN"-like words as Wireshark shows them; NULL when the number has none. */
const char *dns_type_name(uint16_t type);
const char *dns_class_name(uint16_t class);
const char *dns_opcode_name(uint8_t opcode);
const char *dns_rcode_name(uint8_t rcode); /* "No error", "No such name" */

#endif
