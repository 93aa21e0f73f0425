/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_STARTTLS_H
#define SIM_ATTACK_STARTTLS_H

/* What an attacker on the path does to a mail dialogue before TLS begins: two streams go in, two
 * streams come out, changed. Knows no connection.
 *
 *     strip    the server's offer of STARTTLS or STLS is taken out of its answers; a client that
 * asks all the same is refused in the server's name. Both believe that the other has no TLS. inject
 * the client's STARTTLS goes on with commands of the attacker behind it, in one piece; or the
 * server's go-ahead with replies. Who keeps them until TLS is there takes them for what came under
 * TLS (CVE-2011-0411). What follows is TLS and passes untouched.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum starttls_protocol { STARTTLS_SMTP, STARTTLS_POP3, STARTTLS_IMAP, STARTTLS_N_PROTOCOLS };
enum starttls_attack { STARTTLS_STRIP, STARTTLS_INJECT };

enum { STARTTLS_LINE_MAX = 64 << 10 }; /* a longer line passes as it is, and all behind it */

struct starttls {
  enum starttls_protocol protocol;
  enum starttls_attack attack;
  const char *commands, *replies; /* to inject; borrowed, may be NULL */
  /* Called with a sentence about what was done. */
  void (*told)(void *data, const char *what);
  void *data;

  GString *from_client, *from_server; /* lines that are not complete */
  GString *reply;                     /* lines of the server's answer that is being gathered */
  GString *tag;                       /* of IMAP's STARTTLS */
  bool is_over;                       /* nothing is changed any more: all passes */
  bool has_asked;                     /* STARTTLS went to the server */
};

/* Sets what is not configuration. */
void starttls_init(struct starttls *s);
void starttls_clear(struct starttls *s);
/* What the client said: on to the server, or answered in its name. */
void starttls_from_client(struct starttls *s, const uint8_t *p, size_t n, GByteArray *to_server,
                          GByteArray *to_client);
/* What the server said: on to the client. */
void starttls_from_server(struct starttls *s, const uint8_t *p, size_t n, GByteArray *to_client);
/* The protocol that is spoken on a port; false when it is none of them. */
bool starttls_protocol_of(uint16_t port, enum starttls_protocol *out);

#endif
