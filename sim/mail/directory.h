/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_DIRECTORY_H
#define SIM_MAIL_DIRECTORY_H

/* Who is behind an address of this host: users, aliases, lists, virtual domains, subaddresses.
 *
 *     bob@office.test ─> local domain? ─no─> remote
 *                            │yes
 *          address, then name among aliases and lists ─> their members, one after the other
 *          user of the store ─> mailbox       bob+news ─> bob (RFC 5233)
 *          catch-all ─> its members           postmaster ─> the first user (RFC 5321 4.5.1)
 *          else ─> unknown
 *
 * RFC 5321 3.9 (aliases keep the sender, lists change it), 2142 (names of roles). */
#include "sim/mail/store.h"

enum {
  DIRECTORY_DEPTH_MAX = 20,      /* alias behind alias: deeper is a circle or a mistake */
  DIRECTORY_TARGETS_MAX = 1000,  /* of one address: what a classroom's list may hold */
  DIRECTORY_ENTRIES_MAX = 10000, /* aliases and lists of one host */
};

enum directory_kind {
  DIRECTORY_MAILBOX, /* `user` */
  DIRECTORY_REMOTE,  /* not of this host */
  DIRECTORY_UNKNOWN, /* of this host, and nobody */
  DIRECTORY_CIRCLE,  /* an alias that ends in itself, or too deep */
};

struct directory_list {
  char *name;    /* "club" */
  char *address; /* "club@office.test" */
  char *sender;  /* "club-owner@office.test": whom reports about its mail reach */
};

/* Where mail for an address goes. Lives as long as the array it stands in. */
struct directory_target {
  enum directory_kind kind;
  char *address;                     /* "local@domain" or a name */
  struct store_user *user;           /* DIRECTORY_MAILBOX */
  char *folder;                      /* from a subaddress, or NULL */
  char *via;                         /* the alias's or list's address it came by, or NULL */
  const struct directory_list *list; /* the list it came by, or NULL; the directory's */
};

struct directory;

/* `domains` (NULL-terminated) are served here; a name without domain is one of theirs. Texts are
 * copied, the store is borrowed. */
struct directory *directory_new(char *const *domains, struct store *store);
void directory_free(struct directory *d);

/* The character before a subaddress, '+'; 0: none. With folders, mail for bob+work goes into bob's
 * mailbox "work" when there is one (whatever its case). */
void directory_set_subaddress(struct directory *d, char separator, bool uses_folders);
/* `name` is "team" (in every domain of this host), "info@other.test", or "*@other.test" for all
 * that are nobody in that domain. Domains that appear only here are virtual: users have no
 * addresses in them. False when the name is there already or there are too many. A member equal to
 * the name means the mailbox of that name. */
bool directory_add_alias(struct directory *d, const char *name, char *const *members);
/* A list: its mail leaves with the sender NAME-owner@domain, an alias for `owner`. */
bool directory_add_list(struct directory *d, const char *name, const char *owner,
                        char *const *members);
/* Makes a domain virtual without any name in it. */
void directory_add_domain(struct directory *d, const char *domain);

bool directory_is_local(const struct directory *d, const char *address);
/* All that mail for an address reaches, each once; at least one. struct directory_target*, freed
 * with the array. */
GPtrArray *directory_resolve(const struct directory *d, const char *address);
/* One step of it, for EXPN: the members of an alias or list as they are written; NULL when the name
 * is neither. Borrowed, NULL-terminated. */
char *const *directory_members(const struct directory *d, const char *address);
/* May that user write as this address: the own one, with a subaddress, or an alias that reaches
 * him? */
bool directory_may_send_as(const struct directory *d, const struct store_user *user,
                           const char *address);
/* The address of a name or address: "bob" becomes "bob@office.test". Newly allocated. */
char *directory_address(const struct directory *d, const char *name);

#endif
