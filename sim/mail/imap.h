/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_H
#define SIM_MAIL_IMAP_H

/* The IMAP server machine: IMAP4rev1 and, once a client enables it, IMAP4rev2 (RFC 3501, 9051).
 * Extensions: 2177 (IDLE), 2342 (NAMESPACE), 2971 (ID), 3348 (CHILDREN), 3502 (MULTIAPPEND), 3516
 * (BINARY), 3691 (UNSELECT), 4315 (UIDPLUS), 4731 (ESEARCH), 4959 (SASL-IR), 4978 (COMPRESS), 5032
 * (WITHIN), 5161 (ENABLE), 5182 (SEARCHRES), 5256 (SORT, THREAD), 5258 (LIST-EXTENDED), 5819
 * (LIST-STATUS), 6154 (SPECIAL-USE), 6851 (MOVE), 6855 (UTF8=ACCEPT), 7162 (CONDSTORE, QRESYNC),
 * 7888 (LITERAL+ and -), 8438 (STATUS=SIZE), 9208 (QUOTA). Which of them is advertised when: the
 * table in imap_login.c.
 *
 * Events: "state" (imap_states), "user", "mailbox" (the one that was opened), "auth" (auth.h),
 * "log". */
#include "sim/mail/auth.h"
#include "sim/mail/endpoint.h"
#include "sim/mail/store.h"

enum {
  IMAP_LINE_MAX = 64 << 10,        /* long sequence sets of synchronising clients */
  IMAP_LITERAL_AUTH_MAX = 4 << 10, /* before login only names and passwords come as literals */
  IMAP_LITERAL_MAX = 32 << 20,     /* a message by APPEND */
  IMAP_COMMAND_MAX = 33 << 20,     /* all lines and literals of one command */
  IMAP_LITERAL_MINUS_MAX = 4096,   /* RFC 7888 5: not synchronised, with LITERAL- */
  IMAP_DISCARD_MAX = 64 << 20,     /* of one refused literal; beyond, the connection ends */
  IMAP_BAD_MAX = 20,               /* one after the other; as SMTP_BAD_MAX */
  IMAP_PATTERNS_MAX = 16,          /* of one LIST: each is tried on each name */
  IMAP_APPENDS_MAX = 1000,         /* messages of one APPEND; their octets by IMAP_COMMAND_MAX */
  IMAP_SEARCH_DEPTH_MAX = 32,      /* parentheses, NOT and OR in one another */
  IMAP_SECTION_DEPTH_MAX = 32,     /* numbers in BODY[1.2.3]: as MIME_DEPTH_MAX */
};

struct imap_server_config {
  const char *name;
  struct store *store;
  struct auth_site *auth; /* who may log in, and how; borrowed */
  const char *peer;       /* the client's address */
  bool offers_tls;        /* STARTTLS; a TLS layer stands around the machine */
  bool needs_tls;         /* LOGINDISABLED in clear */
  bool keeps_clear;       /* see machine_forget_clear() */
  bool offers_deflate;    /* COMPRESS; a DEFLATE layer stands around the machine */
  bool is_literal_minus;  /* LITERAL- instead of LITERAL+: RFC 7888 5 */
};
struct endpoint *imap_server_new(const struct imap_server_config *config);

#endif
