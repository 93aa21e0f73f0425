/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_BUILD_PRIVATE_H
#define SIM_MAIL_BUILD_PRIVATE_H

/* Between the files that read the mail part of a scenario: build.c (life), build_service.c
 * (`services`), build_smtp.c (switches of SMTP), build_transport.c (queue and policy), build_user.c
 * (`users`). */
#include "sim/mail/build.h"
#include "sim/mail/policy.h"
#include "sim/mail/pop.h"
#include "sim/mail/secure.h"
#include "sim/mail/smtp.h"

enum service {
  SERVICE_SMTP,
  SERVICE_LMTP,
  SERVICE_SUBMISSION,
  SERVICE_SUBMISSIONS,
  SERVICE_POP3,
  SERVICE_POP3S,
  SERVICE_IMAP,
  SERVICE_IMAPS,
  N_SERVICES
};

struct site;

/* The switches of one SMTP or LMTP service. */
struct build_smtp {
  struct smtp_lenience lenience;
  unsigned without;
  enum smtp_inquiry vrfy, expn, help;
  int64_t greet_pause_ns;
};

/* One listener. */
struct listening {
  struct site *site;
  enum service service;
  uint16_t port; /* 0: not served */
  bool is_auth_required;
  struct build_smtp smtp;
};

/* One mail host. */
struct site {
  struct mail *mail;
  uint32_t host;
  char *name;
  char **domains;
  struct store *store;
  struct directory *directory;
  struct queue *queue;
  struct queue_sends sends;
  struct policy *policy;
  struct secure_server secure;
  int64_t size_max, sessions_max;
  struct random_stream random;
  struct auth_site *auth;
  struct pop_policy pop;
  bool compresses_imap, is_literal_minus;
  struct listening listening[N_SERVICES];
};

struct mail {
  struct net *net;
  struct world *world;
  struct ports *ports;
  struct secure *secure;
  GPtrArray *sites; /* struct site* */
  struct traffic *traffic;
  struct mail_verbs *verbs;
  struct on_path *on_path;
  struct spray_verbs *sprays;
  struct smuggle_verbs *smuggles;
  struct relay_finder *relay_finder;
  struct bomber *bomber;
  struct sniffers *sniffers;
  struct actions *actions;
  struct hands *hands; /* NULL unless somebody types */
};

/* The texts of a list, or of one scalar; NULL-terminated, to be freed. False when it is neither. */
bool build_read_names(const struct tree_node *map, const char *key, char ***names, GError **error);
/* `services`: makes the sites and listens. */
bool build_mail_services(struct mail *m, const struct tree_node *node, GError **error);
/* Aliases, queue and policy of a host: the directory, the queue and the policy of its site; these
 * keys. */
bool build_mail_transport(struct site *s, const struct tree_node *node, GError **error);
extern const char *const build_transport_keys[];
/* Those of a service's map; its other keys are the caller's. */
bool build_smtp_read(const struct tree_node *node, struct build_smtp *s, GError **error);
extern const char *const build_smtp_keys[];
/* `sends` of a host. */
bool build_smtp_sends(const struct tree_node *node, struct queue_sends *sends, GError **error);
/* `users`: fills the stores. After the services. */
bool build_mail_users(struct mail *m, const struct tree_node *node, GError **error);
/* `shared` of each of the services. After the users. */
bool build_mail_shared(struct mail *m, const struct tree_node *services, GError **error);
/* The mail host on that host, or NULL. */
struct site *build_find_site(const struct mail *m, uint32_t host);
void build_site_free(void *site);

#endif
