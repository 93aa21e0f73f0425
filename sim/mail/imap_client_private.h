/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_CLIENT_PRIVATE_H
#define SIM_MAIL_IMAP_CLIENT_PRIVATE_H

/* Between the files of the IMAP client:
 *
 *   imap_client.c          the machine: octets in, responses, tags, commands out, deadlines
 *   imap_client_data.c     untagged data: what it changes
 *   imap_client_login.c    from the greeting to the authenticated state
 *   imap_client_sync.c     opening a folder and bringing it up to date
 *   imap_client_fetch.c    texts, parts and whole messages, in pieces
 *   imap_client_replay.c   what was done on the device reaches the server
 *   imap_client_step.c     the user's steps: the table
 *
 * What the client does is a stack of jobs. A job's `go` is called whenever no command is under way;
 * it gives commands, or puts a job on top of itself, and returns true; or it returns false and is
 * over. `phase` counts the calls. */
#include "capture/wire/lang.h"
#include "capture/wire/mail.h"
#include "sim/mail/imap_change.h"
#include "sim/mail/imap_client.h"
#include "sim/mail/imap_reply.h"

enum imap_cap {
  IMAP_CAP_STARTTLS = 1 << 0,
  IMAP_CAP_LOGINDISABLED = 1 << 1,
  IMAP_CAP_SASL_IR = 1 << 2,
  IMAP_CAP_LITERAL_PLUS = 1 << 3,
  IMAP_CAP_LITERAL_MINUS = 1 << 4,
  IMAP_CAP_ENABLE = 1 << 5,
  IMAP_CAP_ID = 1 << 6,
  IMAP_CAP_NAMESPACE = 1 << 7,
  IMAP_CAP_IDLE = 1 << 8,
  IMAP_CAP_UIDPLUS = 1 << 9,
  IMAP_CAP_MOVE = 1 << 10,
  IMAP_CAP_UNSELECT = 1 << 11,
  IMAP_CAP_CONDSTORE = 1 << 12,
  IMAP_CAP_QRESYNC = 1 << 13,
  IMAP_CAP_SPECIAL_USE = 1 << 14,
  IMAP_CAP_LIST_EXTENDED = 1 << 15,
  IMAP_CAP_COMPRESS = 1 << 16,
  IMAP_CAP_REV2 = 1 << 17,
};

struct imap_client;

enum imap_status { IMAP_STATUS_OK, IMAP_STATUS_NO, IMAP_STATUS_BAD };

/* A command that waits or is under way. */
struct imap_command {
  char tag[16];
  GByteArray *octets;
  GArray *stops; /* guint: octets before which a "+" must come (literals) */
  guint n_sent;
  bool is_alone;  /* nothing else may be under way: it changes the state */
  bool is_secret; /* its text is no part of a complaint */
  /* Its tagged reply; NULL: only whether it was OK matters. `code` may be NULL. */
  void (*done)(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
               const char *code);
  /* A "+" that no literal asked for: AUTHENTICATE, IDLE; NULL: there must be none. */
  void (*go_on)(struct imap_client *c, struct imap_command *cmd, const char *text);
  char *at_answer;      /* what is said at the first empty "+" */
  struct imap_job *job; /* whose it is, for `done` */
};

struct imap_job {
  bool (*go)(struct imap_client *c, struct imap_job *job);
  unsigned phase;
  const struct imap_step *step;
  char *name;
  GArray *uids; /* uint32_t */
  guint at, marked;
  bool is_flag;
};

/* A piece of a message that was asked for. */
struct imap_want {
  uint32_t uid;
  char *section;
  uint64_t n_octets; /* as announced; 0: not known */
  GByteArray *got;
  uint64_t n_asked; /* octets asked for by chunks */
  bool is_whole;    /* all of it came */
  bool is_short;    /* less came than asked for: this is the end */
};

struct imap_client {
  struct endpoint endpoint;
  struct imap_client_config config;
  char *mailbox;
  struct imap_cache *cache, *own_cache;
  struct imap_step default_steps[4];
  guint n_default_steps;
  struct auth_client auth;

  enum imap_state state;
  bool is_started, is_greeted, is_over, is_leaving, is_good, is_preauth;
  bool expects_bye;
  unsigned caps, ignored_caps;
  bool knows_caps;
  bool enabled_qresync, enabled_condstore;
  bool has_step_failed;
  unsigned n_suspicions;

  struct imap_replies replies;
  unsigned n_tags;
  GQueue waiting;     /* struct imap_command*, not begun */
  GPtrArray *running; /* struct imap_command*, begun */
  GPtrArray *jobs;    /* struct imap_job*, the last is the one that works */
  bool is_going;

  /* the open folder */
  struct imap_folder *folder;
  bool is_read_only;
  GArray *seq; /* uint32_t UID of each message by its number; 0: not known */
  uint64_t server_modseq;
  uint32_t server_uid_next;
  GHashTable *told; /* UIDs that a FETCH has told flags of, while a job collects them; else NULL */
  GHashTable *listed; /* names that LIST has told, while a job collects them; else NULL */
  bool lost_count;    /* a message vanished and nobody can say which */
  unsigned n_new, n_changed, n_vanished; /* since the folder was opened */

  GPtrArray *wants; /* struct imap_want* */
  GArray *hits;     /* uint32_t, of a SEARCH under way; NULL: none */

  /* IDLE */
  bool is_idling, ends_idle;
  int64_t idle_until_ns, idle_renew_ns;

  /* counts */
  uint64_t n_in, n_out, n_flights;
  uint64_t step_in, step_out, step_flights;
  int64_t start_ns, now_ns, wake_ns; /* wake_ns: of a waiting step, else ENDPOINT_NEVER */
};

/* ---- imap_client.c ---- */
void imap_client_set_state(struct imap_client *c, enum imap_state state);
/* A new command, put behind those that wait: "UID FETCH 7 BODY.PEEK[1]" without tag and CRLF. */
struct imap_command *imap_client_say(struct imap_client *c, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
/* The same in pieces: begin, then text, strings and literals, then end. */
struct imap_command *imap_command_begin(struct imap_client *c);
void imap_command_text(struct imap_command *cmd, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Quoted where it may be, else a literal. */
void imap_command_string(struct imap_client *c, struct imap_command *cmd, const char *text);
/* A mailbox name, which is UTF-8 here and modified UTF-7 on the wire (RFC 3501 5.1.3). */
void imap_command_name(struct imap_client *c, struct imap_command *cmd, const char *name);
void imap_command_literal(struct imap_client *c, struct imap_command *cmd, const void *p, size_t n);
void imap_command_end(struct imap_client *c, struct imap_command *cmd);
/* A line of a command that goes on: an answer of AUTHENTICATE, DONE. */
void imap_client_answer(struct imap_client *c, const char *line);

struct imap_job *imap_client_push(struct imap_client *c,
                                  bool (*go)(struct imap_client *, struct imap_job *));
/* Says what is strange; too much of it ends the connection. */
void imap_client_suspect(struct imap_client *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
void imap_client_log(struct imap_client *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The session cannot go on: closes, without LOGOUT. */
void imap_client_give_up(struct imap_client *c, const char *why);
/* Leaves in order: LOGOUT. */
void imap_client_leave(struct imap_client *c);
void imap_client_set_caps(struct imap_client *c, const char *words);
static inline bool
imap_client_can(const struct imap_client *c, enum imap_cap cap)
{
  return (c->caps & (unsigned)cap) != 0;
}

/* ---- imap_client_data.c ---- */
void imap_client_untagged(struct imap_client *c, struct imap_text *t);
/* A response code, of a tagged or untagged status. */
void imap_client_code(struct imap_client *c, const char *code);
/* The open folder is closed here: numbers mean nothing any more. */
void imap_client_forget_open(struct imap_client *c);

/* ---- imap_client_login.c ---- */
bool imap_client_login(struct imap_client *c, struct imap_job *job);
void imap_client_greeted(struct imap_client *c, const char *word);

/* ---- imap_client_sync.c ---- */
/* Opens job->name, read-only with is_flag, and brings it up to date. */
bool imap_client_open(struct imap_client *c, struct imap_job *job);
/* New messages since: their headers. */
bool imap_client_headers(struct imap_client *c, struct imap_job *job);

/* ---- imap_client_fetch.c ---- */
bool imap_client_read(struct imap_client *c, struct imap_job *job);
bool imap_client_attachments(struct imap_client *c, struct imap_job *job);
bool imap_client_download(struct imap_client *c, struct imap_job *job);
/* Octets came; they are taken only when they were asked for. */
void imap_client_take_piece(struct imap_client *c, uint32_t uid, const struct imap_piece *piece);
void imap_want_free(void *want);

/* ---- imap_client_replay.c ---- */
bool imap_client_replay(struct imap_client *c, struct imap_job *job);
/* "1:3,7": sorted UIDs as a set (RFC 3501 9); newly allocated. */
char *imap_client_set(const GArray *uids);

/* ---- imap_client_step.c ---- */
bool imap_client_steps(struct imap_client *c, struct imap_job *job);
void imap_client_default_steps(struct imap_client *c);
void imap_client_idle_news(struct imap_client *c);
void imap_client_idle_timeout(struct imap_client *c);

#endif
