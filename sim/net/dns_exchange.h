/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DNS_EXCHANGE_H
#define SIM_NET_DNS_EXCHANGE_H

/* One question to one server and its answer, over UDP and, when the answer says that it is cut off,
 * over TCP. Stub and resolver ask through this. */
#include "sim/net/host.h"

struct dns_asker; /* of one host: its random stream and what is under way */
struct dns_exchange;

struct dns_ask {
  struct ip_addr to;
  const char *name;
  uint16_t type;
  bool recursion_desired;
  uint16_t udp_octets; /* offered by EDNS; 0: no OPT record */
  int64_t timeout_ns;  /* for UDP; TCP gets five times as much */
};

enum dns_exchange_end {
  DNS_EXCHANGE_ANSWERED,
  DNS_EXCHANGE_SILENT,      /* nothing came in time */
  DNS_EXCHANGE_UNREACHABLE, /* ICMP, no way, or TCP refused: waiting would not help */
};
/* `message` is the whole answer, n octets, valid during the call; 0 octets without one. Its head,
 * question and identifier fit the question. Always called from the event loop, once. */
typedef void (*dns_exchanged)(void *data, enum dns_exchange_end how, const uint8_t *message,
                              size_t n);

/* `purpose` names the random stream of its identifiers. */
struct dns_asker *dns_asker_new(struct host *h, const char *purpose);
/* Ends everything under way without a call. */
void dns_asker_free(struct dns_asker *a);

/* The exchange is gone when `done` is called. */
struct dns_exchange *dns_ask(struct dns_asker *a, const struct dns_ask *what, dns_exchanged done,
                             void *data);
/* No call will come. */
void dns_exchange_cancel(struct dns_exchange *e);

/* Messages over TCP, RFC 1035 4.2.2 and RFC 7766: two octets of length, then the message. Takes
 * octets of a stream into `pending`; each whole message goes to `take`, until it returns false.
 * False then. */
bool dns_stream_input(GByteArray *pending, const uint8_t *p, size_t n,
                      bool (*take)(void *data, const uint8_t *message, size_t n), void *data);
/* Length and message in one piece (RFC 7766 8). */
size_t dns_stream_send(struct conn *c, const uint8_t *message, size_t n);

#endif
