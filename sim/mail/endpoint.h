/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_ENDPOINT_H
#define SIM_MAIL_ENDPOINT_H

/* What every mail protocol machine is to the outside: octets and the virtual time go in, octets and
 * a next deadline come out. It knows no socket, no clock and no thread, so the same server runs on
 * the simulated network, behind a real socket, in a test octet by octet and under a fuzzer.
 *
 *     input / eof / timeout ──> machine ──> out (octets to send), wants_close, deadline_ns, events
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_NEVER INT64_MAX

struct endpoint;

/* Reports a change that a student may see, in the form of world_event: for example ("state",
 * "TRANSACTION"), ("log", "…"). The binding adds host and subject. */
typedef void (*endpoint_event)(void *data, const char *key, const char *value);

struct endpoint_ops {
  const char *protocol; /* "smtp", "pop3", "imap", with "-client" behind it for a client */
  void (*start)(struct endpoint *e, int64_t now_ns); /* connected: a server greets */
  void (*input)(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns);
  void (*eof)(struct endpoint *e, int64_t now_ns); /* the peer sends no more */
  void (*timeout)(struct endpoint *e, int64_t now_ns);
  void (*free)(struct endpoint *e);
};

/* The public head of every machine (first member of its struct). The binding sends and empties
 * `out`, closes when wants_close is set and `out` is empty, and calls timeout at deadline_ns. */
struct endpoint {
  const struct endpoint_ops *ops;
  GByteArray *out;
  bool wants_close;
  int64_t deadline_ns;  /* ENDPOINT_NEVER for none */
  endpoint_event event; /* may be NULL */
  void *event_data;
};

#endif
