/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_POLICY_H
#define SIM_MAIL_POLICY_H

/* What a mail host decides about those who connect to it: whom it relays for, who may write as
 * whom, and the switchable defences: greylisting, rate limits, DNS blocklists, checks of names.
 *
 *     connect ─ rate ─ (DNS questions begin) ─ MAIL ─ own sender? rate ─ RCPT ─ local or relayed?
 *       ─ (DNS answers are waited for) ─ blocklist, names ─ user? room? ─ rate ─ greylist ─ 250
 *
 * Those who have logged in or come from `relay_networks` are not asked by the DNS and not
 * greylisted; the postmaster can always be reached (RFC 5321 4.5.1), so that who is blocked by
 * mistake can say so.
 *
 * State events: subject "mail-policy"; key "relay", "sender", "rate", "dnsbl", "reverse", "helo" or
 * "domain" with a space and the peer's address, value what was decided, "refused to=<c@d.test>", or
 * key "greylist PEER <sender> <recipient>", value "waiting 300", "known" or "" when forgotten.
 * Every refusal also stands in ("log", "mail-policy") as a sentence. */
#include "sim/mail/directory.h"
#include "sim/mail/port.h"
#include "sim/mail/queue.h"
#include "sim/mail/smtp.h"

enum {
  POLICY_NETWORKS_MAX = 32,
  POLICY_ZONES_MAX = 8,         /* blocklists asked for one connection */
  POLICY_PEERS_MAX = 10000,     /* remembered for rates; the oldest is forgotten first */
  POLICY_TRIPLETS_MAX = 100000, /* remembered for greylisting, likewise */
};

struct policy_network {
  struct ip_addr addr;
  uint8_t prefix;
};

/* RFC 6647. */
struct policy_greylist {
  int64_t delay_ns;  /* 0: no greylisting */
  int64_t window_ns; /* a retry must come within this */
  int64_t keep_ns;   /* who came through is known so long after the last message */
};

/* Of one peer in one window; 0: no limit. */
struct policy_rate {
  int64_t window_ns;
  unsigned connections, messages, recipients;
  unsigned at_once; /* connections open at one time */
};

struct policy_config {
  struct ports *ports;
  uint32_t host;
  const char *name;
  struct directory *directory; /* borrowed, as the queue */
  struct queue *queue;
  struct policy_network networks[POLICY_NETWORKS_MAX]; /* relays for these */
  unsigned n_networks;
  char **relay_domains;  /* takes mail for these from anybody and passes it on; may be NULL */
  bool is_open_relay;    /* takes mail from anybody for anywhere */
  bool needs_own_sender; /* who logged in may write as himself only */
  bool completes;        /* adds Date and Message-ID to submissions without (RFC 6409 8.2, 8.3) */
  bool checks_helo, checks_reverse, checks_sender;
  enum queue_full full;
  struct policy_greylist greylist;
  struct policy_rate rate;
  char **dnsbl; /* zones; may be NULL */
};

struct policy;

/* String lists are copied. */
struct policy *policy_new(const struct policy_config *config);
void policy_free(struct policy *p);
/* What the SMTP and LMTP servers of this host ask. */
struct smtp_site policy_site(struct policy *p);

/* Is the address in the network? */
bool policy_network_has(const struct policy_network *network, const struct ip_addr *addr);

#endif
