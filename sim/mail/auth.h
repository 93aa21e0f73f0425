/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_AUTH_H
#define SIM_MAIL_AUTH_H

/* Authentication by SASL for the three protocols, both sides. The protocols differ only in what
 * they write around the base64 lines: "334 ", "+ ". RFC 4422; 4616 (PLAIN), 2195 (CRAM-MD5); LOGIN
 * is a draft that everybody speaks. */
#include "capture/wire/sasl.h"
#include "sim/mail/store.h"

/* The name of a mechanism that is built here ("PLAIN"), NULL for the others. */
const char *auth_name(enum sasl_mechanism mech);
/* A mechanism that is built here, else SASL_UNKNOWN. */
enum sasl_mechanism auth_find(const char *text, size_t n);

enum {
  /* RFC 4954 section 4 lets a line of the exchange be this long, and so do we in all protocols. */
  AUTH_LINE_MAX = 12288,
};

/* ---- server ---- */
struct auth_server {
  enum sasl_mechanism mech;
  const struct store *store;
  unsigned step;
  char *user;      /* LOGIN: between its two answers */
  char *challenge; /* CRAM-MD5: what was sent */
};

enum auth_result {
  AUTH_CONTINUE,  /* send the challenge and feed the answer */
  AUTH_DONE,      /* *who is the user */
  AUTH_REFUSED,   /* name or password wrong */
  AUTH_MALFORMED, /* no base64, or not the mechanism's form */
  AUTH_CANCELLED, /* the client sent "*" */
};

/* `challenge` is CRAM-MD5's "<unique@host>", made by the caller; may be NULL for the others. */
void auth_server_init(struct auth_server *s, enum sasl_mechanism mech, const struct store *store,
                      const char *challenge);
void auth_server_clear(struct auth_server *s);
/* `answer` is a base64 line of the client, "=" for an empty one, or NULL at the start without
 * initial response. On AUTH_CONTINUE `out` gets the base64 challenge (perhaps empty). */
enum auth_result auth_server_step(struct auth_server *s, const char *answer, size_t n, GString *out,
                                  struct store_user **who);

/* ---- client ---- */
struct auth_client {
  enum sasl_mechanism mech;
  const char *user, *password; /* borrowed */
  unsigned step;
};

/* The initial response in base64 (newly allocated), or NULL where the mechanism has none. */
char *auth_client_initial(struct auth_client *c);
/* The answer to a base64 challenge, newly allocated; NULL when the challenge makes no sense:
 * cancel. */
char *auth_client_step(struct auth_client *c, const char *challenge, size_t n);

#endif
