/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_POP_CLIENT_PRIVATE_H
#define SIM_MAIL_POP_CLIENT_PRIVATE_H

/* Between the files of the POP3 client: pop_client.c (the machine: commands out, replies in),
 * pop_client_login.c (greeting to TRANSACTION), pop_client_fetch.c (listings and messages). */
#include "capture/wire/lang.h"
#include "capture/wire/mail.h"
#include "sim/mail/machine.h"
#include "sim/mail/pop_client.h"

struct pop_client;

/* A command that waits for its reply. `ok` and `err` get the text behind the status; the lines of a
 * multi-line reply go to `line`, their end to `end`. `more` takes a "+ " challenge. */
struct pop_command {
  char *text;
  guint number; /* of the message, from 1; 0: none */
  void (*ok)(struct pop_client *c, struct pop_command *cmd, const char *text);
  void (*err)(struct pop_client *c, struct pop_command *cmd, const char *text);
  void (*more)(struct pop_client *c, struct pop_command *cmd, const char *text);
  void (*line)(struct pop_client *c, struct pop_command *cmd, const uint8_t *p, size_t n);
  void (*end)(struct pop_client *c, struct pop_command *cmd);
  bool is_alone; /* nothing else may be under way */
};

struct pop_remote {
  guint64 octets; /* by LIST; 0: not told */
  char *id;       /* by UIDL, or NULL */
  bool is_listed, is_unwanted, is_fetched;
};

struct pop_client {
  struct endpoint endpoint;
  struct pop_client_config config;
  struct auth_client auth;
  char *greeting;
  char *first_answer; /* of AUTH, behind the empty challenge */
  enum pop_state state;
  bool is_started, is_greeted, is_over, is_good, in_lines, is_leaving;
  unsigned n_suspicions;
  struct lines lines;
  GQueue waiting, running; /* struct pop_command* */
  /* What comes next when nothing is under way; NULL: QUIT. */
  void (*next)(struct pop_client *c);

  bool knows_caps, has_stls, has_pipelining, has_user, has_top, has_uidl;
  GArray *remotes;       /* struct pop_remote */
  guint64 n_octets_told; /* by STAT */
  GHashTable *digests;   /* of what is known: char* */
  GByteArray *message;
  guint at;
  uint64_t n_in, n_out, n_flights;
  int64_t start_ns, now_ns;
};

/* ---- pop_client.c ---- */
void pop_client_set_state(struct pop_client *c, enum pop_state state);
/* A command behind those that wait. */
struct pop_command *pop_client_say(struct pop_client *c,
                                   void (*ok)(struct pop_client *, struct pop_command *,
                                              const char *),
                                   const char *format, ...) G_GNUC_PRINTF(3, 4);
void pop_client_answer(struct pop_client *c, const char *line);
void pop_client_log(struct pop_client *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
void pop_client_suspect(struct pop_client *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
void pop_client_give_up(struct pop_client *c, const char *why);
/* QUIT; with `failed` the session counts as bad. */
void pop_client_quit(struct pop_client *c, bool failed);

/* ---- pop_client_login.c ---- */
void pop_client_greeted(struct pop_client *c, const char *line);

/* ---- pop_client_fetch.c ---- */
/* In TRANSACTION: lists, then fetches. */
void pop_client_fetch(struct pop_client *c);
void pop_remote_clear(void *remote);

#endif
