/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_SMTP_PRIVATE_H
#define SIM_MAIL_SMTP_PRIVATE_H

/* Inside of the SMTP server machine, shared by its files and nobody else:
 *   smtp-server    life, input, the table of verbs
 *   smtp-hello     greeting, HELO, EHLO, LHLO, STARTTLS
 *   smtp-envelope  MAIL and RCPT with their parameters
 *   smtp-content   DATA and BDAT: where content ends
 *   smtp-verdict   what is refused behind it, the Received header, the replies
 *   smtp-login     AUTH        smtp-inquiry  VRFY, EXPN, HELP */
#include "capture/wire/mail.h"
#include "sim/mail/machine.h"
#include "sim/mail/smtp.h"

/* How the octets of a message come. */
enum smtp_content_way { SMTP_CONTENT_NONE, SMTP_CONTENT_LINES, SMTP_CONTENT_CHUNK };

enum smtp_content_at {
  CONTENT_LINE_START,
  CONTENT_DOT,    /* a dot at the start of a line: stuffed, or the end */
  CONTENT_DOT_CR, /* LF would end the data */
  CONTENT_TEXT,
  CONTENT_CR,
};

/* The message that is coming in. */
struct smtp_content {
  enum smtp_content_way way; /* SMTP_CONTENT_NONE: commands are read */
  GByteArray *octets;        /* no more than the size limit is kept */
  uint64_t n_octets;         /* that came, kept or not */
  size_t n_line;             /* of the line that is coming in */
  enum smtp_content_at at;
  uint8_t tail[SMTP_END_OCTETS_MAX]; /* the last octets as they came, newest last */
  guint dot_at;                      /* octets that were kept when the last dot came */
  unsigned ends_seen;                /* bits of enum smtp_end */
  bool has_bare, has_nul, has_long_line;

  bool is_in_chunks;         /* a BDAT was taken in this transaction: only BDAT goes on */
  uint64_t n_chunk, n_left;  /* of the BDAT that is coming in */
  bool is_last;              /* it says LAST */
  const char *chunk_refusal; /* its octets are thrown away, then this literal is the reply */
};

struct smtp_server {
  struct endpoint endpoint;
  struct smtp_server_config config;
  char *name, *peer;
  enum smtp_state state;
  struct lines lines;
  int64_t now_ns;
  char *helo;
  bool is_esmtp;
  const struct store_user *user;
  struct auth_server auth;
  unsigned n_bad;

  struct smtp_session session; /* see smtp_session() */
  bool is_open;                /* the site knows of it */
  /* The site has said SMTP_LATER: no more input is looked at until its answer goes here. */
  void (*decided)(struct smtp_server *s, const char *refusal);
  char *helo_before; /* while the site judges a new one */
  bool was_esmtp;
  bool has_spoken_early;

  /* the transaction: open while there is a sender */
  struct envelope envelope;
  GArray *recipients;                  /* struct envelope_recipient that own their texts */
  struct envelope_recipient recipient; /* the one that the site judges */
  struct smtp_content content;
};

/* ---- smtp_server.c ---- */
void smtp_set_state(struct smtp_server *s, enum smtp_state state);
void smtp_reply(struct smtp_server *s, const char *line);
/* A refused command; too many of them end the session. A reply 421 ends it at once. */
void smtp_refuse(struct smtp_server *s, const char *line);
void smtp_hang_up(struct smtp_server *s);
/* Drops the transaction. */
void smtp_forget(struct smtp_server *s);
/* The session as the site may see it now. */
const struct smtp_session *smtp_session(struct smtp_server *s);
/* Hands the site's answer on: now, or when it comes (SMTP_LATER). */
void smtp_decide(struct smtp_server *s, const char *answer,
                 void (*decided)(struct smtp_server *s, const char *refusal));
bool smtp_offers(const struct smtp_server *s, enum smtp_extension extension);
bool smtp_has_verb(const struct smtp_server *s, enum smtp_verb verb);

/* ---- smtp_hello.c ---- */
void smtp_begin(struct smtp_server *s);
/* The pause before the greeting is over. */
void smtp_greet(struct smtp_server *s);
const char *smtp_check_hello(const struct smtp_server *s, const char *arg);
void smtp_act_helo(struct smtp_server *s, const char *arg);
void smtp_act_ehlo(struct smtp_server *s, const char *arg);
const char *smtp_check_starttls(const struct smtp_server *s, const char *arg);
void smtp_act_starttls(struct smtp_server *s, const char *arg);
void smtp_upgraded(struct smtp_server *s, const char *problem);

/* ---- smtp_envelope.c ---- */
const char *smtp_check_mail(const struct smtp_server *s, const char *arg);
void smtp_act_mail(struct smtp_server *s, const char *arg);
const char *smtp_check_rcpt(const struct smtp_server *s, const char *arg);
void smtp_act_rcpt(struct smtp_server *s, const char *arg);
void smtp_recipient_clear(void *recipient);

/* ---- smtp_content.c ---- */
void smtp_content_reset(struct smtp_content *c);
const char *smtp_check_data(const struct smtp_server *s, const char *arg);
void smtp_act_data(struct smtp_server *s, const char *arg);
/* BDAT may come anywhere: where it is wrong its octets are swallowed before they are refused. */
void smtp_act_bdat(struct smtp_server *s, const char *arg);
/* Takes content from the input; true when the content, or the chunk, is complete. */
bool smtp_content_take(struct smtp_server *s);

/* ---- smtp_verdict.c ---- */
/* Behind the content: judges the message, hands it to the site, replies. */
void smtp_content_done(struct smtp_server *s);

/* ---- smtp_login.c ---- */
const char *smtp_check_auth(const struct smtp_server *s, const char *arg);
void smtp_act_auth(struct smtp_server *s, const char *arg);
/* A line of the exchange; NULL: one that was too long. */
void smtp_auth_line(struct smtp_server *s, const char *line, size_t n);
/* The delay behind a failed login is over. */
void smtp_auth_release(struct smtp_server *s);

/* ---- smtp_inquiry.c ---- */
const char *smtp_check_vrfy(const struct smtp_server *s, const char *arg);
void smtp_act_vrfy(struct smtp_server *s, const char *arg);
const char *smtp_check_expn(const struct smtp_server *s, const char *arg);
void smtp_act_expn(struct smtp_server *s, const char *arg);
const char *smtp_check_help(const struct smtp_server *s, const char *arg);
void smtp_act_help(struct smtp_server *s, const char *arg);

#endif
