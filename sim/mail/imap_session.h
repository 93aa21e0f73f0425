/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_SESSION_H
#define SIM_MAIL_IMAP_SESSION_H

/* Inside of the IMAP server machine, shared by its files and nobody else:
 *   imap-server   life, states, verb table       imap-gather   octets to whole commands
 *   imap-login    CAPABILITY, STARTTLS, LOGIN, AUTHENTICATE, ENABLE, COMPRESS, ID
 *   imap-view     what this session knows of the selected mailbox, and untagged news
 *   imap-select   SELECT, EXAMINE, CLOSE         imap-list     LIST, LSUB, NAMESPACE
 *   imap-mailbox  names; CREATE, DELETE, RENAME  imap-status   STATUS, QUOTA
 *   imap-append   APPEND                         imap-message  STORE, COPY, MOVE, EXPUNGE
 *   imap-set      sets of messages        imap-fetch    FETCH        imap-search   SEARCH */
#include "capture/wire/mail.h"
#include "sim/mail/imap.h"
#include "sim/mail/imap_parse.h"
#include "sim/mail/machine.h"

/* One message as this session sees it; its place in the view plus one is its sequence number. */
struct imap_entry {
  struct store_message *m; /* a reference */
  uint64_t told_modseq;    /* flags as of here have been told */
  bool is_recent;
};

struct imap_server;

/* The rest of an answer that is too long to be made at once: while it is there no other command
 * runs, and step() is called when there is room in `out`, until it says true: the tagged reply has
 * been given. */
struct imap_job {
  bool (*step)(struct imap_server *s, void *data); /* NULL: no job */
  void (*free)(void *data);
  void *data;
};

struct imap_server {
  struct endpoint endpoint;
  struct store *store;
  char *name;
  enum imap_state state;
  bool is_started;

  /* the command that is coming in */
  struct lines lines;
  GByteArray *command;
  size_t literal_left;
  bool is_too_big; /* a non-synchronising literal that is thrown away */
  bool is_literal_minus;
  unsigned n_bad;

  /* the command that runs */
  char *tag;
  bool is_uid;      /* UID FETCH … */
  bool may_expunge; /* EXPUNGE may be told before its tagged reply (RFC 3501 7.4.1) */
  int64_t now_ns;

  struct imap_job job;

  bool has_condstore; /* RFC 7162 3.1: the client speaks of MODSEQ */
  bool has_qresync;   /* ENABLE QRESYNC */
  bool is_rev2;       /* ENABLE IMAP4rev2 */
  bool has_utf8;      /* ENABLE UTF8=ACCEPT */
  GArray *saved;      /* uint32_t UIDs of "$" (RFC 5182), rising; NULL: none */

  bool offers_tls, keeps_clear, offers_deflate, is_compressed;
  bool is_idle;
  bool is_guest; /* logged in as ANONYMOUS: changes nothing */
  struct auth_server auth;
  struct store_user *user;

  struct mailbox *mailbox; /* held while selected */
  bool is_read_only;
  GArray *view;             /* struct imap_entry */
  uint64_t seen_modseq;     /* news up to here have been told … */
  uint64_t expunged_modseq; /* … but expunges only up to here */
  guint n_keywords_told;
};

/* ---- imap_server.c ---- */
void imap_set_state(struct imap_server *s, enum imap_state state);
/* The session is over: what is in `out` is the last that is said. */
void imap_hang_up(struct imap_server *s);
/* The tagged reply, behind the news of the mailbox. `text` may begin with a "[CODE] ". */
void imap_ok(struct imap_server *s, const char *format, ...) G_GNUC_PRINTF(2, 3);
void imap_no(struct imap_server *s, const char *text);
void imap_bad(struct imap_server *s, const char *text);

/* Runs a job's steps now and whenever there is room; `job` is copied. */
void imap_begin_job(struct imap_server *s, const struct imap_job *job);
void imap_run_command(struct imap_server *s);
/* The tag at the beginning and its space, newly allocated; NULL when there is none. */
char *imap_take_tag(struct imap_text *t);
/* A synchronising literal of that size is announced: true when the command was refused instead. */
bool imap_refuse_early(struct imap_server *s, uint64_t octets);
void imap_idle_line(struct imap_server *s, const uint8_t *p, size_t n);

/* ---- imap_gather.c ---- */
void imap_gather_feed(struct imap_server *s, const uint8_t *p, size_t n);
/* Goes on with what waits. */
void imap_gather_go_on(struct imap_server *s);
/* What came of the command so far. */
void imap_gather_forget(struct imap_server *s);

/* ---- imap_login.c ---- */
void imap_put_capabilities(const struct imap_server *s, GString *out);
void imap_auth_line(struct imap_server *s, const uint8_t *p, size_t n);
/* The delay of a failed login is over. */
void imap_auth_release(struct imap_server *s);
/* True after NO: passwords are taken under TLS only. */
bool imap_refuses_password(struct imap_server *s);
/* A command that shows that the client knows modification sequences (RFC 7162 3.1). */
void imap_enable_condstore(struct imap_server *s);

/* ---- imap_view.c ---- */
void imap_view_open(struct imap_server *s, struct mailbox *b, bool is_read_only);
void imap_view_close(struct imap_server *s);
struct imap_entry *imap_view_at(const struct imap_server *s, guint i);
unsigned imap_view_recent(const struct imap_server *s);
/* Tells EXPUNGE, EXISTS, RECENT and changed flags. */
void imap_view_sync(struct imap_server *s, bool may_expunge);
/* While expunges wait to be told, a QRESYNC client may count on no MODSEQ above theirs, whatever
 * FETCH has told: says so (RFC 7162 3.2). Needs a mailbox. */
void imap_view_tell_delayed(struct imap_server *s);
/* "(\Seen \Recent)" of an entry. */
void imap_view_flags(const struct imap_server *s, const struct imap_entry *entry, GString *out);
/* "* FLAGS (…)" and PERMANENTFLAGS. */
void imap_view_tell_flags(struct imap_server *s);
/* The same when a keyword has come since it was last told: none is used before it is told. */
void imap_view_tell_keywords(struct imap_server *s);
/* EXISTS and, before rev2, RECENT. */
void imap_view_tell_count(struct imap_server *s);
/* "* n FETCH (UID … FLAGS … MODSEQ …)" of a place, as much of it as this client understands. */
void imap_view_tell_entry(struct imap_server *s, guint i);
/* "* VANISHED (EARLIER) …": what of the set (NULL: of everything) was expunged after that modseq
 * and has a UID above `behind`. Nothing when there is none. */
void imap_tell_vanished(struct imap_server *s, const GArray *set, uint64_t modseq, uint32_t behind);
/* "1:3" or "7" behind what the set holds. */
void imap_put_range(GString *out, uint32_t low, uint32_t high);

/* ---- imap_set.c ---- */
/* The indexes (guint, rising) of the messages in a set of sequence numbers or UIDs, or in "$". NULL
 * when a sequence number is beyond the view: BAD. */
GArray *imap_view_select(const struct imap_server *s, const GArray *set);
/* The same for search keys: numbers beyond the view just match nothing. */
GArray *imap_view_match(const struct imap_server *s, const GArray *set, bool is_uid);
/* The first place whose UID is not below `uid`. */
guint imap_view_place(const struct imap_server *s, uint32_t uid);

/* ---- imap_select.c, imap_mailbox.c, imap_status.c, imap_append.c ---- */
/* Back to AUTHENTICATED. */
void imap_deselect(struct imap_server *s);
/* A mailbox name in UTF-8; "" for what is spelled wrongly, which no mailbox is called. NULL when no
 * string is there: BAD. */
char *imap_parse_name(const struct imap_server *s, struct imap_text *t);
char *imap_name_from_wire(const struct imap_server *s, const char *text);
/* The name as a quoted string in the spelling that this session speaks. */
void imap_put_name(const struct imap_server *s, GString *out, const char *name);
/* "(MESSAGES SIZE)": char*; NULL on bad syntax. */
GPtrArray *imap_parse_status_items(struct imap_text *t);
/* "* STATUS …" of a mailbox. */
void imap_tell_status(struct imap_server *s, struct mailbox *b, const GPtrArray *items);
/* What APPEND would be refused with, known from its beginning and the octets of a literal; NULL
 * when nothing speaks against it. `t` is behind the verb. */
const char *imap_append_refusal(const struct imap_server *s, struct imap_text *t, uint64_t octets);

/* ---- the commands: called with the text behind the verb and its space ---- */
void imap_act_capability(struct imap_server *s, struct imap_text *t);
void imap_act_noop(struct imap_server *s, struct imap_text *t);
void imap_act_logout(struct imap_server *s, struct imap_text *t);
void imap_act_id(struct imap_server *s, struct imap_text *t);
void imap_act_starttls(struct imap_server *s, struct imap_text *t);
void imap_act_login(struct imap_server *s, struct imap_text *t);
void imap_act_authenticate(struct imap_server *s, struct imap_text *t);
void imap_act_enable(struct imap_server *s, struct imap_text *t);
void imap_act_compress(struct imap_server *s, struct imap_text *t);
void imap_act_select(struct imap_server *s, struct imap_text *t);
void imap_act_examine(struct imap_server *s, struct imap_text *t);
void imap_act_create(struct imap_server *s, struct imap_text *t);
void imap_act_delete(struct imap_server *s, struct imap_text *t);
void imap_act_rename(struct imap_server *s, struct imap_text *t);
void imap_act_subscribe(struct imap_server *s, struct imap_text *t);
void imap_act_unsubscribe(struct imap_server *s, struct imap_text *t);
void imap_act_list(struct imap_server *s, struct imap_text *t);
void imap_act_lsub(struct imap_server *s, struct imap_text *t);
void imap_act_status(struct imap_server *s, struct imap_text *t);
void imap_act_append(struct imap_server *s, struct imap_text *t);
void imap_act_getquota(struct imap_server *s, struct imap_text *t);
void imap_act_getquotaroot(struct imap_server *s, struct imap_text *t);
void imap_act_setquota(struct imap_server *s, struct imap_text *t);
void imap_act_namespace(struct imap_server *s, struct imap_text *t);
void imap_act_close(struct imap_server *s, struct imap_text *t);
void imap_act_unselect(struct imap_server *s, struct imap_text *t);
void imap_act_expunge(struct imap_server *s, struct imap_text *t);
void imap_act_store(struct imap_server *s, struct imap_text *t);
void imap_act_copy(struct imap_server *s, struct imap_text *t);
void imap_act_move(struct imap_server *s, struct imap_text *t);
void imap_act_fetch(struct imap_server *s, struct imap_text *t);
void imap_act_search(struct imap_server *s, struct imap_text *t);
void imap_act_sort(struct imap_server *s, struct imap_text *t);
void imap_act_thread(struct imap_server *s, struct imap_text *t);

/* Flags by name into bits; creates keywords in `b`. False for an unknown system flag. */
bool imap_flags_resolve(struct mailbox *b, const GPtrArray *names, unsigned *flags,
                        uint64_t *keywords);

#endif
