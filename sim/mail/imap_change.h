/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_CHANGE_H
#define SIM_MAIL_IMAP_CHANGE_H

/* What the user of a device has done to an account and the server has not confirmed yet. While the
 * line is down changes queue here and the cache shows them at once; with a line they are replayed
 * right away, so that both ways are one.
 *
 *     user ─> imap_change_add ─> the cache shows it ─> replay (imap_client_replay.c) ─> confirmed
 *                                                          └ conflict: told, and undone here
 *
 * Rules of conflict, RFC 4549 3 in mind:
 *   - flags are changes of single flags, so changes of two devices add up; the last one wins a flag
 *     that both touched
 *   - a message that vanished on the server stays vanished: what was done to it here is dropped
 *   - a message is not deleted when its flags on the server are no longer those that were known
 * when it was deleted here: somebody cares about it
 *   - after a change of UIDVALIDITY nobody knows what the changes meant: they are dropped */
#include "sim/mail/imap_cache.h"

enum { IMAP_CHANGES_MAX = 10000 }; /* that wait: a long journey by train */

enum imap_change_kind {
  IMAP_CHANGE_FLAG,   /* adds flags and keywords */
  IMAP_CHANGE_UNFLAG, /* takes them off */
  IMAP_CHANGE_COPY,
  IMAP_CHANGE_MOVE,
  IMAP_CHANGE_DELETE,
  IMAP_CHANGE_APPEND, /* a draft, a sent message, an upload */
  IMAP_N_CHANGES
};

struct imap_change {
  enum imap_change_kind kind;
  char *folder; /* APPEND: where to */
  GArray *uids; /* uint32_t */
  GArray *base; /* DELETE: unsigned, what the server had said of their flags; made by _add */
  unsigned flags;
  char *keywords;
  char *to;        /* COPY, MOVE */
  GBytes *octets;  /* APPEND */
  int64_t date_ns; /* APPEND: internal date, virtual time; -1: the server's own */
  unsigned number; /* APPEND: of the local message "new-1"; 0: it is not shown */
  unsigned stage;  /* of its replay */
  bool is_retried; /* a missing folder was made for it */
  bool is_refused; /* it will be undone */
};

/* The name of a kind: "flag", "move"… for events. */
const char *imap_change_name(enum imap_change_kind kind);

/* Queues the change and shows it in the cache; takes what is inside. False (and nothing done) when
 * too many wait, or it concerns no message. */
bool imap_change_add(struct imap_cache *c, struct imap_change change);
/* The oldest is over: confirmed, or dropped (then what it did to the cache is undone). */
void imap_change_done(struct imap_cache *c);
void imap_change_drop(struct imap_cache *c);
/* Drops all that concern a folder; returns how many. */
unsigned imap_change_drop_folder(struct imap_cache *c, const char *folder);
/* The server told these flags: the cache shows them with what waits on top. */
void imap_change_server_flags(struct imap_folder *f, struct imap_cached *m, unsigned flags,
                              const char *keywords);
/* Takes a UID out of the oldest change: it is gone, or in conflict. */
void imap_change_without(struct imap_cache *c, uint32_t uid);
void imap_changes_clear(struct imap_cache *c);

#endif
