/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_ENDPOINT_H
#define SIM_MAIL_ENDPOINT_H

/* What every mail protocol machine is to the outside: octets and the virtual time go in, octets and
 * a next deadline come out. It knows no socket, no clock and no thread, so the same server runs on
 * the simulated network, behind a real socket, in a test octet by octet and under a fuzzer.
 *
 *     input / eof / timeout ──> machine ──> out (octets to send), wants_close, deadline_ns, events
 *
 * A layer (TLS, compression) is an endpoint too, with a machine inside. Machines stand in it from
 * the start; it passes octets through until the machine asks for more by `wants`:
 *
 *     connection ── TLS layer ── DEFLATE layer ── machine
 *                      │  machine: out += "220 Go ahead", wants = ENDPOINT_TLS, forgets what it
 *                      │           has buffered of its input (RFC 3207 4.2)
 *                      └─ layer: sends that in clear, shakes hands, sets wants = ENDPOINT_AS_IS,
 *                         calls upgraded()
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_NEVER INT64_MAX

struct endpoint;

/* Reports a change that a student may see, in the form of world_event: for example ("state",
 * "TRANSACTION"), ("log", "…"). The binding adds host and subject. */
typedef void (*endpoint_event)(void *data, const char *key, const char *value);

/* What a machine may ask of the layers around it. */
enum endpoint_upgrade {
  ENDPOINT_AS_IS,
  ENDPOINT_TLS,     /* STARTTLS, STLS: RFC 3207, 2595, 3501 6.2.1 */
  ENDPOINT_DEFLATE, /* COMPRESS: RFC 4978 */
};

/* What a client does where TLS is begun inside the protocol. */
enum tls_use {
  TLS_NEVER,
  TLS_OPPORTUNISTIC, /* when the server offers it, else in clear (RFC 7435) */
  TLS_REQUIRED,      /* or nothing is said: no name, no password, no mail */
};

/* What TLS has agreed on. Texts live as long as the machine. */
struct endpoint_security {
  const char *version;     /* "TLSv1.3" */
  const char *cipher;      /* "TLS_AES_256_GCM_SHA384" */
  const char *server_name; /* the name the client asked for (SNI), or NULL */
  const char
      *peer_name; /* of the peer's verified certificate (a name or a mail address), or NULL */
  bool is_peer_verified; /* the peer showed a certificate and every check passed */
  const char *problem;   /* in a client that goes on in spite of a bad certificate: what is wrong;
                            else NULL */
};

struct endpoint_ops {
  const char *protocol; /* "smtp", "pop3", "imap", with "-client" behind it for a client */
  void (*start)(struct endpoint *e, int64_t now_ns); /* connected: a server greets */
  void (*input)(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns);
  void (*eof)(struct endpoint *e, int64_t now_ns); /* the peer sends no more */
  void (*timeout)(struct endpoint *e, int64_t now_ns);
  /* The host stops serving: last words, then it wants to close. NULL: it has none. */
  void (*shut_down)(struct endpoint *e, int64_t now_ns);
  /* What it asked for by `wants` is there (problem NULL), or cannot be had: then the connection is
   * of no more use. With implicit TLS it comes before start(). NULL in machines that never ask. */
  void (*upgraded)(struct endpoint *e, enum endpoint_upgrade what, const char *problem,
                   int64_t now_ns);
  /* A layer moves what its machine has to say into its own `out`; called before `out` is looked at.
   * NULL in machines. */
  void (*flush)(struct endpoint *e, int64_t now_ns);
  /* A layer takes another machine in place of its own, which the caller owns from now on; what the old
   * one had to say leaves first. NULL in machines. */
  struct endpoint *(*replace)(struct endpoint *layer, struct endpoint *machine);
  void (*free)(struct endpoint *e);
};

/* The public head of every machine (first member of its struct). The binding sends and empties
 * `out`, closes when wants_close is set and `out` is empty, and calls timeout at deadline_ns. */
struct endpoint {
  const struct endpoint_ops *ops;
  GByteArray *out;
  bool wants_close;
  int64_t deadline_ns;                      /* ENDPOINT_NEVER for none */
  enum endpoint_upgrade wants;              /* set by the machine, cleared by the layer */
  const struct endpoint_security *security; /* NULL in clear */
  endpoint_event event;                     /* may be NULL */
  void *event_data;
};

#endif
