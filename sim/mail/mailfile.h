/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_MAILFILE_H
#define SIM_MAIL_MAILFILE_H

/* Mail of real files, in and out of the message store: Maildir and mbox. Loading is part of
 * building a world, saving happens after it: nothing here runs while virtual time passes. Order and
 * dates come from names and contents, never from the disk, so the same files give the same run.
 *
 * All functions return false with an error that names the file, in the current language. What was
 * loaded before the error stays loaded. */
#include "sim/mail/store.h"

enum {
  MAILFILE_MESSAGE_MAX = 32 << 20, /* octets of one message: as IMAP_LITERAL_MAX */
  MAILFILE_MBOX_MAX = 1 << 30,     /* octets of one mbox: it is read whole */
  MAILFILE_FOLDERS_MAX = 1000,     /* of one Maildir: as STORE_MAILBOXES_MAX */
};

/* ---- Maildir ----
 *
 *     DIR/new/1767225600.M1P1.host          came, not yet seen by a program: recent
 *     DIR/cur/1767225600.M1P1.host:2,FS     flags as letters, in ASCII order:
 *                                           D \Draft  F \Flagged  P $Forwarded  R \Answered
 *                                           S \Seen   T \Deleted  a…z keywords
 *     DIR/dovecot-keywords                  "0 $Label1": what the letter a means, and so on
 *     DIR/.Work.2026/{cur,new,tmp}          mailbox Work/2026 (Maildir++); modified UTF-7
 *
 * Messages come in the order of their UIDs in DIR/dovecot-uidlist; those it does not name come
 * behind, by the seconds that a name begins with, then by the rest, its numbers as numbers. UIDs are
 * given anew. These seconds are also the internal date; a name without them takes the file's modification
 * time when `uses_file_times`, else virtual time 0. A file whose lines end with LF alone is given
 * CRLF; any other is taken as it is. */

/* Into the user's mailboxes, which are made when they are missing. *n_messages (may be NULL) counts
 * them. */
bool maildir_load(struct store_user *user, const char *dir, bool uses_file_times,
                  unsigned *n_messages, GError **error);
/* All mailboxes of the user; DIR must not hold mail yet. The octets of each file are those of the
 * message, CRLF included. `host` goes into the names. */
bool maildir_save(const struct store_user *user, const char *dir, const char *host, GError **error);

/* ---- mbox ----
 *
 *     From alice@alice.test Thu Jan  1 00:00:00 2026      sender and date (UTC) of delivery
 *     Subject: hello                                      the message with LF line ends
 *     Status: RO        R \Seen, O not recent             these four fields are the mbox's own:
 *     X-Status: AF      A \Answered F \Flagged            taken off when it is read
 *                       T \Draft D \Deleted
 *     X-Keywords: $Label1
 *
 *     >From here on …                                     quoted "From " inside a message
 *
 * mboxrd puts one '>' before every line of ">…>From ", mboxo only before "From ", mboxcl2 quotes
 * nothing and tells Content-Length in the header. */

enum mbox_kind {
  MBOX_ANY, /* reading: per message MBOX_CL2 where Content-Length leads to the next "From " line or
               to the end, else MBOX_RD */
  MBOX_RD,
  MBOX_O,
  MBOX_CL2,
};

/* Takes an mbox in octets apart and appends its messages. */
bool mbox_read(struct mailbox *b, const uint8_t *p, size_t n, enum mbox_kind kind,
               unsigned *n_messages, GError **error);
bool mbox_load(struct mailbox *b, const char *file, enum mbox_kind kind, unsigned *n_messages,
               GError **error);
/* The mailbox as an mbox. DEVIATION: what an mbox cannot say does not come back: an LF
 * without CR becomes CRLF, and (but for MBOX_CL2) a last line without end gets one. MBOX_ANY is
 * MBOX_RD. */
GBytes *mbox_write(const struct mailbox *b, enum mbox_kind kind);
/* One file per mailbox: DIR/INBOX.mbox, DIR/Work/2026.mbox. */
bool mbox_save(const struct store_user *user, const char *dir, enum mbox_kind kind, GError **error);

/* ---- line ends ---- */

/* CR put before every LF that has none; NULL when there is nothing to do. */
GBytes *mailfile_with_crlf(const uint8_t *p, size_t n);
/* Fails with G_FILE_ERROR and "PATH: reason". */
bool mailfile_fail(GError **error, const char *path, const char *reason);
/* A regular file of at most `max` octets, whole; NULL with an error. */
GBytes *mailfile_read(const char *path, size_t max, GError **error);

#endif
