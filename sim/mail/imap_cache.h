/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_CACHE_H
#define SIM_MAIL_IMAP_CACHE_H

/* What one device keeps of one IMAP account: folders as the server described them, messages by UID
 * (header only, text, or whole), and what the user has done that the server does not know yet
 * (imap_change.h).
 *
 *     cache ── folder "INBOX" (UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ of the last synchronisation)
 *                 └── message UID 7: the server's flags, the flags that the user sees, pieces
 *
 * A UID means something only together with its UIDVALIDITY: when that changes, all of the folder is
 * forgotten (RFC 3501 2.3.1.1). Every change is told under the subject "store HOST/FOLDER", key =
 * UID ("new-1" for what the server has not seen yet), value "held=text size=812 flags=\Seen
 * subject=…" (size: octets of it that are here), or "" when it is gone. */
#include "sim/mail/imap_fetched.h"
#include "sim/mail/imap_flags.h"

enum {
  IMAP_CACHE_FOLDERS_MAX = 1000,     /* as STORE_MAILBOXES_MAX */
  IMAP_CACHE_MESSAGES_MAX = 100000,  /* of one folder: an EXISTS above it is not believed */
  IMAP_CACHE_OCTETS_MAX = 256 << 20, /* kept in all; more is read but not kept */
};

enum imap_held { IMAP_HELD_HEADER, IMAP_HELD_TEXT, IMAP_HELD_WHOLE };

struct imap_cached {
  uint32_t uid;    /* 0: not on the server yet */
  unsigned number; /* of what has no UID: "new-1" */
  enum imap_held held;
  unsigned flags, server_flags;     /* what the user sees; what the server said last */
  char *keywords, *server_keywords; /* as in struct imap_fetched */
  uint64_t modseq, n_octets;
  char *subject, *from, *message_id;
  GPtrArray *parts;   /* struct imap_part*, or NULL */
  GHashTable *pieces; /* section -> GBytes; "" is the whole message */
  bool is_leaving;    /* moved or deleted here; the server does not know yet */
};

struct imap_folder {
  struct imap_cache *cache;
  char *name;        /* UTF-8 */
  char *special_use; /* "\Sent", or NULL (RFC 6154) */
  char delimiter;    /* 0: flat */
  bool is_selectable, is_subscribed;
  uint32_t uid_validity, uid_next;
  uint64_t modseq;     /* everything up to here is known; 0: the server has none */
  bool is_known;       /* has been synchronised once */
  GPtrArray *messages; /* struct imap_cached*, by UID; those without one at the end */
};

typedef void (*imap_cache_listener)(void *data, const char *subject, const char *key,
                                    const char *value);

struct imap_cache {
  char *device; /* host name */
  imap_cache_listener listener;
  void *data;
  GPtrArray *folders; /* struct imap_folder* */
  GPtrArray *changes; /* struct imap_change*, oldest first */
  GArray *found;      /* uint32_t: UIDs of the last search */
  uint64_t n_octets;
  unsigned n_new;
};

struct imap_cache *imap_cache_new(const char *device, imap_cache_listener listener, void *data);
void imap_cache_free(struct imap_cache *c);

/* INBOX in any case. With `create` NULL only when there are too many. */
struct imap_folder *imap_cache_folder(struct imap_cache *c, const char *name, bool create);
/* The folder with that special use, or NULL. */
struct imap_folder *imap_cache_special(const struct imap_cache *c, const char *use);
void imap_cache_remove_folder(struct imap_cache *c, const char *name);
void imap_cache_rename_folder(struct imap_cache *c, const char *from, const char *to);

/* All of its messages are forgotten; it counts as never synchronised. */
void imap_folder_forget(struct imap_folder *f);
struct imap_cached *imap_folder_message(const struct imap_folder *f, uint32_t uid);
/* Makes or completes the message of that UID; NULL when there are too many. */
struct imap_cached *imap_folder_put(struct imap_folder *f, uint32_t uid,
                                    const struct imap_fetched *fetched);
/* A message without UID: a draft. */
struct imap_cached *imap_folder_put_new(struct imap_folder *f, GBytes *octets, unsigned flags);
void imap_folder_vanish(struct imap_folder *f, struct imap_cached *m);
guint imap_folder_n_on_server(const struct imap_folder *f);
uint32_t imap_folder_last_uid(const struct imap_folder *f);

/* Keeps octets of a section ("" for all); false when the cache is full. */
bool imap_cached_keep(struct imap_folder *f, struct imap_cached *m, const char *section,
                      GBytes *octets);
GBytes *imap_cached_piece(const struct imap_cached *m, const char *section); /* borrowed, or NULL */
/* Tells what the message is now. */
void imap_cached_tell(const struct imap_folder *f, const struct imap_cached *m);

/* The messages that a scenario means: "all", "unseen", "new" (not whole here), "downloaded" (whole
 * here), "found" (by the last search), a UID in digits, or words of the subject. GArray of uint32_t
 * UIDs. */
GArray *imap_folder_which(const struct imap_folder *f, const char *which);

#endif
