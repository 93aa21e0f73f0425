/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_RELAY_PROBE_H
#define SIM_ATTACK_RELAY_PROBE_H

/* The SMTP client of the relay finder: tries envelope after envelope that a safe host refuses,
 * takes each back by RSET, never sends a message. */
#include "sim/mail/endpoint.h"

/* A trick: what MAIL and RCPT say. {V} the victim, {U} and {D} its two halves, {T} the address of
 * the target as a literal. */
struct relay_trick {
  const char *name, *sender, *recipient;
};
enum { RELAY_N_TRICKS = 7 };
extern const struct relay_trick relay_tricks[RELAY_N_TRICKS];

struct relay_probe_config {
  const char *name;   /* for EHLO */
  const char *target; /* "10.0.2.25" */
  const char *victim; /* "victim@elsewhere.test" */
  /* The answer to one trick, "250 2.1.5 OK"; is_open: it was taken. */
  void (*answered)(void *data, const struct relay_trick *trick, const char *reply, bool is_open);
  /* Once, in the end: was it SMTP at all? The last thing it said, or NULL when nothing. */
  void (*done)(void *data, bool is_smtp, const char *last);
  void *data;
};

/* Texts are copied. */
struct endpoint *relay_probe_new(const struct relay_probe_config *config);

#endif
