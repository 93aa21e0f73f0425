/* SPDX-License-Identifier: GPL-3.0-or-later */
/* envelope.c -- copies of envelopes, for who keeps one longer than a call. */
#include "sim/mail/envelope.h"

struct envelope *
envelope_copy(const struct envelope *e)
{
  struct envelope *copy = g_new(struct envelope, 1);
  struct envelope_recipient *recipients = g_new0(struct envelope_recipient, e->n_recipients);
  for (unsigned i = 0; i < e->n_recipients; i++) {
    recipients[i] = (struct envelope_recipient){.address = g_strdup(e->recipients[i].address),
                                                .orcpt = g_strdup(e->recipients[i].orcpt),
                                                .notify = e->recipients[i].notify};
  }
  *copy = *e;
  copy->sender = g_strdup(e->sender);
  copy->envid = g_strdup(e->envid);
  copy->recipients = recipients;
  return copy;
}

void
envelope_free(struct envelope *e)
{
  if (!e)
    return;
  for (unsigned i = 0; i < e->n_recipients; i++) {
    g_free((char *)e->recipients[i].address);
    g_free((char *)e->recipients[i].orcpt);
  }
  g_free((struct envelope_recipient *)e->recipients);
  g_free((char *)e->sender);
  g_free((char *)e->envid);
  g_free(e);
}
