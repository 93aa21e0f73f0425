/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_SASL_H
#define SIM_MAIL_SASL_H

/* SASL for the three protocols, both sides. The protocols differ only in what they write around the
 * base64 lines: "334 ", "+ ". RFC 4422; 4616 (PLAIN), 2195 (CRAM-MD5); LOGIN is a draft that
 * everybody speaks. */
#include "sim/mail/store.h"

enum sasl_mech { SASL_NONE, SASL_PLAIN, SASL_LOGIN, SASL_CRAM_MD5, SASL_N_MECHS };

/* Indexed by the enum; row 0 is "". */
extern const char *const sasl_names[SASL_N_MECHS];
/* SASL_NONE when unknown. */
enum sasl_mech sasl_find(const char *text, size_t n);

enum {
  /* RFC 4954 section 4 lets a line of the exchange be this long, and so do we in all protocols. */
  SASL_LINE_MAX = 12288,
};

/* ---- server ---- */
struct sasl_server {
  enum sasl_mech mech;
  const struct store *store;
  unsigned step;
  char *user;      /* LOGIN: between its two answers */
  char *challenge; /* CRAM-MD5: what was sent */
};

enum sasl_result {
  SASL_CONTINUE,  /* send the challenge and feed the answer */
  SASL_DONE,      /* *who is the user */
  SASL_REFUSED,   /* name or password wrong */
  SASL_MALFORMED, /* no base64, or not the mechanism's form */
  SASL_CANCELLED, /* the client sent "*" */
};

/* `challenge` is CRAM-MD5's "<unique@host>", made by the caller; may be NULL for the others. */
void sasl_server_init(struct sasl_server *s, enum sasl_mech mech, const struct store *store,
                      const char *challenge);
void sasl_server_clear(struct sasl_server *s);
/* `answer` is a base64 line of the client, "=" for an empty one, or NULL at the start without
 * initial response. On SASL_CONTINUE `out` gets the base64 challenge (perhaps empty). */
enum sasl_result sasl_server_step(struct sasl_server *s, const char *answer, size_t n, GString *out,
                                  struct store_user **who);

/* ---- client ---- */
struct sasl_client {
  enum sasl_mech mech;
  const char *user, *password; /* borrowed */
  unsigned step;
};

/* The initial response in base64 (newly allocated), or NULL where the mechanism has none. */
char *sasl_client_initial(struct sasl_client *c);
/* The answer to a base64 challenge, newly allocated; NULL when the challenge makes no sense:
 * cancel. */
char *sasl_client_step(struct sasl_client *c, const char *challenge, size_t n);

#endif
