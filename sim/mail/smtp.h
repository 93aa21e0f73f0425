/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_SMTP_H
#define SIM_MAIL_SMTP_H

/* The SMTP machines: one server for its three roles, one client. RFC 5321, 6409, 2033; 1870 (SIZE),
 * 2034 and 3463 (enhanced codes), 2920 (PIPELINING), 3030 (CHUNKING, BINARYMIME), 3207 (STARTTLS),
 * 3461 (DSN), 4954 (AUTH), 6152 (8BITMIME), 6531 (SMTPUTF8).
 *
 * Events: "state" (the names of smtp_states), "user", and "log": what is odd or weak, in words. */
#include "sim/mail/auth.h"
#include "sim/mail/endpoint.h"
#include "sim/mail/envelope.h"
#include "sim/mail/smtp_end.h"
#include "sim/mail/smtp_extension.h"
#include "sim/mail/smtp_text.h"
#include "sim/mail/store.h"

/* Limits of RFC 5321 4.5.3.1, and our own. */
enum {
  SMTP_LOCAL_MAX = 64,
  SMTP_DOMAIN_MAX = 255,
  SMTP_PATH_MAX = 256,
  SMTP_COMMAND_MAX = 512,    /* with its CRLF; some verbs add to it, see their rows */
  SMTP_TEXT_LINE_MAX = 1000, /* with its CRLF, the stuffed dot not counted */
  SMTP_RECIPIENTS_MAX = 100, /* the least that a server must take, and enough for a classroom */
  SMTP_SIZE_MAX = 10 << 20,  /* octets of a message unless the scenario says otherwise */
  SMTP_BAD_MAX = 20,         /* refused commands before 421: a stuck client is let go */
  SMTP_RECEIVED_MAX = 30,    /* hops before a loop is assumed (6.3 asks for a large number) */
  SMTP_REPLY_LINES_MAX = 100,
  SMTP_REPLY_LINE_MAX = 2048, /* the client forgives more than the 512 of the RFC */
};

/* ---- server ---- */
enum smtp_role {
  SMTP_ROLE_MTA,        /* port 25: takes mail for its own domains from anybody */
  SMTP_ROLE_SUBMISSION, /* port 587: takes mail for anywhere from its own users */
  SMTP_ROLE_LMTP,       /* port 24: takes mail for mailboxes from a queue (RFC 2033) */
};

/* A message as the server has taken it. Borrowed during the call. */
struct smtp_message {
  const struct envelope *envelope;
  GBytes *octets;                /* Received header on top, dots unstuffed, CRLF line ends */
  const struct store_user *user; /* who logged in, or NULL */
  const char **fates; /* LMTP: one for each recipient, NULL at first; the site may put a whole reply
                         there, valid until its next call; NULL otherwise */
};

/* One connection, as its site may know it. The server keeps it right from open() to close(). */
struct smtp_session {
  struct endpoint *server; /* for smtp_server_answer() */
  enum smtp_role role;
  const char *peer;                         /* "10.0.0.5" */
  const char *helo;                         /* what HELO or EHLO said; NULL before */
  const char *sender;                       /* of the transaction; NULL outside one */
  unsigned n_recipients;                    /* taken in it so far */
  const struct store_user *user;            /* who logged in, or NULL */
  const struct endpoint_security *security; /* NULL in clear */
  bool is_esmtp;
  bool is_trusted; /* logged in, or on a submission port that asks for no login */
  void *own;       /* what open() returned */
};

/* A site's answer to a question: NULL for yes, a whole reply such as "550 5.1.1 No such user here"
 * (valid until its next call; one that begins with 421 ends the session, as does any to greet), or
 * SMTP_LATER: the server takes no more commands until smtp_server_answer(). */
extern const char SMTP_LATER[];

/* What the host behind the server decides (queue.c and policy.c do it for the simulated hosts). All
 * but `recipient` and `message` may be NULL. */
struct smtp_site {
  void *data;
  /* The connection is there and ends. */
  void *(*open)(void *data, const struct smtp_session *s);
  void (*close)(void *data, const struct smtp_session *s);
  /* May it be greeted, did it introduce itself well, may it send (the envelope has no recipients
   * yet), may this recipient be sent to? */
  const char *(*greet)(void *data, const struct smtp_session *s);
  const char *(*helo)(void *data, const struct smtp_session *s);
  const char *(*mail)(void *data, const struct smtp_session *s, const struct envelope *e);
  const char *(*recipient)(void *data, const struct smtp_session *s,
                           const struct envelope_recipient *r);
  /* Takes the responsibility for a message: returns its queue id (valid until the next call) or
   * NULL, then *refusal is a whole reply. */
  const char *(*message)(void *data, const struct smtp_session *s, const struct smtp_message *m,
                         int64_t now_ns, const char **refusal);
  /* VRFY and EXPN: the addresses behind a name, one for each line of the answer, "Bob
   * <bob@b.test>"; empty when there are none. NULL: will not tell (252). */
  GPtrArray *(*verify)(void *data, const struct smtp_session *s, const char *name);
  GPtrArray *(*expand)(void *data, const struct smtp_session *s, const char *name);
};

/* The answer that was SMTP_LATER. Nothing happens when the server waits for none. What it has to
 * say now lies in its `out` (ports_pump()). */
void smtp_server_answer(struct endpoint *server, const char *refusal, int64_t now_ns);

/* What a server does with VRFY, EXPN or HELP. */
enum smtp_inquiry {
  SMTP_INQUIRY_VAGUE,    /* 252: will not tell, so that nobody can list the users; 214 for HELP */
  SMTP_INQUIRY_ANSWERED, /* and EHLO says so */
  SMTP_INQUIRY_OFF,      /* 502 */
};

/* Weaknesses, all off unless a lesson wants them; the server says so in its log. */
struct smtp_lenience {
  unsigned ends;          /* bits 1u << enum smtp_end: these end the data too */
  bool passes_bare;       /* a CR, LF or NUL that stands alone is no reason to refuse a message */
  bool keeps_clear_input; /* what came in clear behind STARTTLS is obeyed after it */
};

struct smtp_server_config {
  enum smtp_role role;
  const char *name;       /* of the greeting and of Received */
  const char *peer;       /* the client's address, "10.0.0.5", for Received */
  struct auth_site *auth; /* accounts for AUTH; NULL: AUTH is not offered */
  bool is_auth_required;  /* before MAIL; submission's rule (RFC 6409 4.3) */
  size_t size_max;        /* 0: SMTP_SIZE_MAX */
  bool offers_tls;        /* STARTTLS */
  bool needs_tls;         /* nothing but STARTTLS goes before it: 530 */
  unsigned without;       /* bits 1u << enum smtp_extension: what EHLO does not offer */
  enum smtp_inquiry vrfy, expn, help;
  int64_t greet_pause_ns; /* the greeting waits; who speaks before it is sent away */
  struct smtp_lenience lenience;
  struct smtp_site site;
};

/* Strings of the configuration are copied; `auth` is borrowed. */
struct endpoint *smtp_server_new(const struct smtp_server_config *config);

/* ---- client ---- */
enum smtp_outcome {
  SMTP_OUTCOME_ACCEPTED,  /* the recipient's message was taken (250 behind the data) */
  SMTP_OUTCOME_TEMPORARY, /* 4yz, or the connection failed: try later */
  SMTP_OUTCOME_PERMANENT, /* 5yz: give up */
};

struct smtp_recipient_result {
  enum smtp_outcome outcome;
  unsigned code;         /* 0: the connection ended or the server broke the protocol */
  char *text;            /* the reply's last line or what went wrong */
  bool is_dsn_passed_on; /* the server knows DSN and was told what to report (RFC 3461 5.2) */
};

struct smtp_letter {
  struct envelope envelope;
  GBytes *octets; /* with CRLF line ends; borrowed */
};

struct smtp_client_config {
  const char *name;                   /* for EHLO */
  const char *user, *password;        /* user NULL: no AUTH */
  enum auth_mechanism mech;           /* AUTH_NONE: PLAIN */
  bool is_careful;                    /* no password or token that can be read without TLS */
  const char *token, *authzid;        /* as in struct auth_login, or NULL */
  const struct random_stream *random; /* for SCRAM; copied. NULL: SCRAM is not spoken */
  bool is_lmtp;                       /* RFC 2033: LHLO, a reply for each recipient */
  enum tls_use tls_use;               /* STARTTLS */
  bool pipelines;                     /* when PIPELINING is offered; else one command at a time */
  bool chunks;                        /* when CHUNKING is offered: BDAT in place of DATA */
  size_t chunk_octets;                /* of one BDAT; 0: the whole message */
  unsigned without;         /* bits 1u << enum smtp_extension: not used though it is offered */
  bool sends_bare;          /* weak on purpose: a CR or LF that stands alone goes out as it is */
  struct envelope envelope; /* copied */
  GBytes *octets;           /* with CRLF line ends */
  /* When the fate of all recipients is known. results[i] belongs to the envelope's recipients[i].
   * Without `next` it is called when the connection is over. */
  void (*done)(void *data, const struct smtp_recipient_result *results, unsigned n);
  /* May be NULL. After each done(): another message for this connection? Fills *next, whose texts
   * are copied, or returns false. */
  bool (*next)(void *data, struct smtp_letter *next);
  void *data;
};

struct endpoint *smtp_client_new(const struct smtp_client_config *config);

#endif
