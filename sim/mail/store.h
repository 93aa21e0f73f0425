/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_STORE_H
#define SIM_MAIL_STORE_H

/* The message store of one mail host, and of one client: users, mailboxes, messages.
 *
 *     store ┬─ user "bob" ─┬─ mailbox "INBOX" (UIDVALIDITY, UIDNEXT, modseq)
 *           │              │      └── message 1, 2, 3 … (UID, flags, internal date, octets)
 *           │              └─ mailbox "Work/2026"          hierarchy delimiter "/"
 *           └─ shared ─────── mailbox "Shared/team"        seen by its members
 *
 * Octets of a message never change. Any number of sessions look at one mailbox; each keeps its own
 * view (imap-view) and finds out by `modseq` that something changed. POP3 sessions exclude each
 * other by the maildrop lock. Every change is told to one listener.
 *
 * The modification sequence (RFC 7162) rises by one with every arrival, flag change and expunge of
 * the mailbox, so two changes never share a value. Names are UTF-8; modified UTF-7 is a matter of
 * the wire (imap-name). */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/mail/mime.h"

enum {
  STORE_MAILBOXES_MAX = 1000,     /* of one user: a bound for LIST */
  STORE_MESSAGES_MAX = 1 << 20,   /* of one mailbox */
  STORE_KEYWORDS_MAX = 64,        /* of one mailbox: they are bits of a word */
  STORE_KEYWORD_OCTETS_MAX = 128, /* of one: each change of FLAGS tells them all */
  STORE_NAME_MAX = 255,           /* octets of a mailbox name, in UTF-8 */
  STORE_LEVELS_MAX = 16,          /* of the hierarchy: bounds what RENAME and LIST walk */
  STORE_GONE_MAX = 4096,          /* expunges that a mailbox remembers, for QRESYNC */
  STORE_SUBSCRIPTIONS_MAX = 2000,
};

/* Special uses of a mailbox: RFC 6154 2. */
enum {
  STORE_USE_ALL = 1,
  STORE_USE_ARCHIVE = 2,
  STORE_USE_DRAFTS = 4,
  STORE_USE_FLAGGED = 8,
  STORE_USE_JUNK = 16,
  STORE_USE_SENT = 32,
  STORE_USE_TRASH = 64,
  STORE_N_USES = 7,
};

/* What a user may do with a mailbox. */
enum store_access {
  STORE_HIDDEN,   /* does not even see it */
  STORE_READABLE, /* SELECT is READ-ONLY */
  STORE_WRITABLE,
};

#define STORE_DELIMITER '/'
#define STORE_SHARED_PREFIX "Shared/" /* the namespace of shared mailboxes: RFC 2342 */

/* System flags; \Recent belongs to a session and is not stored. */
enum {
  FLAG_SEEN = 1,
  FLAG_ANSWERED = 2,
  FLAG_FLAGGED = 4,
  FLAG_DELETED = 8,
  FLAG_DRAFT = 16,
  FLAG_ALL = 31,
};

struct store_message {
  gatomicrefcount refs; /* a session may still read what another has expunged */
  uint32_t uid;
  unsigned flags;    /* FLAG_… */
  uint64_t keywords; /* bit i: mailbox keyword i */
  int64_t internal_ns;
  int16_t zone_minutes; /* in which the internal date is shown, east of UTC: that of APPEND */
  uint64_t modseq;      /* of its last flag change, or its arrival */
  GBytes *octets;
  char *subject; /* decoded, for events */
  struct mime_cached mime;
};

struct store_range {
  uint32_t low, high;
};

struct mailbox {
  char *name; /* whole, with "Shared/" where it is shared */
  struct store_user *user;
  uint32_t uid_validity, uid_next;
  uint32_t recent_from; /* UIDs from here on have been told to no session yet */
  uint64_t modseq;      /* of the last change of any kind */
  GPtrArray *messages;  /* struct store_message*, by UID */
  GPtrArray *keywords;  /* char* */
  unsigned special;     /* STORE_USE_… */
  GArray *gone;         /* expunged, oldest first: struct store_gone, at most STORE_GONE_MAX */
  uint64_t gone_from;   /* expunges up to this modseq are forgotten */
  GPtrArray *members, *readers; /* char*: of a shared mailbox; members NULL means everybody */
  bool is_noselect;             /* only a name, left when a mailbox with children was deleted */
  bool is_gone;                 /* deleted while sessions look at it */
  unsigned uses;                /* sessions that hold it */
  GArray *watches;
};

struct store_gone {
  uint32_t uid;
  uint64_t modseq; /* of the expunge */
};

struct store_user {
  struct store *store;
  char *name, *password;
  GPtrArray *mailboxes;     /* struct mailbox*, INBOX first, then by creation */
  GPtrArray *subscriptions; /* char*: names that need not exist, in strcmp order */
  uint64_t quota_octets;    /* 0: none */
  uint64_t quota_messages;  /* 0: none */
  uint64_t used_octets, used_messages;
  const void *maildrop_owner; /* the POP3 session that holds the lock */
};

struct store;

/* One change, as world_event wants it:
 *     subject "mailbox bob/INBOX"   key UID    "size=812 flags=\Seen \Flagged subject=…"
 *     subject "folders bob"         key NAME   "uidvalidity=… use=\Sent subscribed noselect"
 * The value is "" when the message or the mailbox is gone. Mailboxes are told by servers' stores
 * only. Of shared mailboxes the subjects are "mailbox Shared/team" and "folders shared". */
typedef void (*store_listener)(void *data, const char *subject, const char *key, const char *value);

/* `client` is NULL for a server's store. For a client it is the host's name: there is one user and
 * the subject is "store HOST". */
struct store *store_new(const char *client, store_listener listener, void *data);
void store_free(struct store *s);

/* The user with an INBOX; the existing one when the name is known. */
struct store_user *store_add_user(struct store *s, const char *name, const char *password);
/* NULL when unknown. Names are compared without case. */
struct store_user *store_find_user(const struct store *s, const char *name);
/* The first user that was added, or NULL. */
struct store_user *store_first_user(const struct store *s);
/* The users in the order of their adding, from 0; NULL behind the last. */
struct store_user *store_user_at(const struct store *s, unsigned i);

/* ---- mailboxes ---- */

/* The mailbox that the user may select: INBOX in any case, other names exactly; "Shared/…" among
 * the shared ones. NULL when there is none or the user may not see it. */
struct mailbox *store_find(const struct store_user *u, const char *name);
/* The same, and names without a mailbox (is_noselect). */
struct mailbox *store_find_name(const struct store_user *u, const char *name);
/* All that the user sees, is_noselect too: struct mailbox*, borrowed; own ones first. */
GPtrArray *store_list(const struct store_user *u);
enum store_access store_access(const struct mailbox *b, const struct store_user *u);
/* Creates also the missing parents; a name without a mailbox becomes one. NULL when it exists, is
 * named badly, is in the shared namespace or there are too many. */
struct mailbox *store_create(struct store_user *u, const char *name);
/* A mailbox "Shared/NAME" of that store. `members` and `readers` are lists that end with NULL;
 * members NULL: everybody may change it; readers may only read. NULL as store_create(). */
struct mailbox *store_share(struct store *s, const char *name, char **members, char **readers);
/* The owner of the shared mailboxes (their quota), or NULL. */
struct store_user *store_shared_owner(const struct store *s);
/* False for INBOX and for a name without a mailbox that has children. A mailbox with children
 * leaves its name (RFC 3501 6.3.4). Messages are told as gone. */
bool store_delete(struct mailbox *b);
/* Also of its children; INBOX's messages move and INBOX stays. False when `to` exists or is bad. */
bool store_rename(struct mailbox *b, const char *to);
/* UTF-8 without control characters, wildcards and empty levels; within the limits. */
bool store_name_is_good(const char *name);
bool store_is_inbox(const char *name);
bool store_has_children(const struct mailbox *b);

/* Subscriptions are names of the user's own, whether a mailbox has them or not (RFC 3501 6.3.6). */
bool store_is_subscribed(const struct store_user *u, const char *name);
/* False when there are too many. */
bool store_subscribe(struct store_user *u, const char *name);
/* False when it was not subscribed. */
bool store_unsubscribe(struct store_user *u, const char *name);

/* "\\Sent" of one STORE_USE_… bit, NULL for others; and back, 0 when unknown, in any case. */
const char *store_use_name(unsigned use);
unsigned store_use_find(const char *text);
void store_set_use(struct mailbox *b, unsigned uses);

/* Sessions hold a mailbox while they look at it, so a deletion leaves them something to look at. */
struct mailbox *store_hold(struct mailbox *b);
void store_release(struct mailbox *b);

/* Calls `changed` after every change of the mailbox, for sessions that idle. */
void store_watch(struct mailbox *b, void (*changed)(void *data), void *data);
void store_unwatch(struct mailbox *b, void *data);

/* Appends; NULL when the quota or STORE_MESSAGES_MAX is reached. The message belongs to the
 * mailbox. */
struct store_message *store_append(struct mailbox *b, GBytes *octets, unsigned flags,
                                   uint64_t keywords, int64_t internal_ns);
/* The same with a subject that is known otherwise: for a client that keeps a part only. */
struct store_message *store_append_as(struct mailbox *b, GBytes *octets, const char *subject,
                                      unsigned flags, uint64_t keywords, int64_t internal_ns);
/* True when a message of n octets fits into the user's quota. */
bool store_has_room(const struct store_user *u, size_t n);
/* True when that many messages with that many octets together fit. */
bool store_has_room_for(const struct store_user *u, uint64_t n_messages, uint64_t n_octets);
void store_set_flags(struct mailbox *b, struct store_message *m, unsigned flags, uint64_t keywords);
void store_expunge(struct mailbox *b, struct store_message *m);
/* The UIDs that were expunged after that modseq, as rising ranges (struct store_range). When the
 * mailbox does not remember so far, all UIDs below UIDNEXT that no message has (RFC 7162 3.2.6). */
GArray *store_gone_since(const struct mailbox *b, uint64_t modseq);
/* The message with that UID, or NULL; its index in *index when asked. */
struct store_message *store_by_uid(const struct mailbox *b, uint32_t uid, guint *index);

/* The bit of a keyword; created when `create` and there is room, else 0. One that is too long is
 * never there. */
uint64_t store_keyword(struct mailbox *b, const char *name, bool create);
/* The bits in `to` of the keywords that `keywords` means in `from`; creates them. */
uint64_t store_map_keywords(const struct mailbox *from, struct mailbox *to, uint64_t keywords);
/* "\Seen,$Junk" with that separator; newly allocated. */
char *store_flags_text(const struct mailbox *b, unsigned flags, uint64_t keywords, char separator);
/* FLAG_… of "\Seen" in any case, 0 when it is no system flag. */
unsigned store_flag_find(const char *text, size_t n);

struct store_message *store_message_ref(struct store_message *m);
void store_message_unref(struct store_message *m);

/* POP3 (RFC 1939 4): the exclusive lock of a maildrop. */
bool store_lock(struct store_user *u, const void *owner);
void store_unlock(struct store_user *u, const void *owner);

#endif
