/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action_read.c -- the verb fetch-pop. */
#include "sim/mail/action_errand.h"
#include "sim/mail/pop.h"

static struct endpoint *
make_popper(struct errand *e)
{
  struct keeper *k = action_keeper(e->verbs, action_host(e->action));
  struct pop_client_config config = {.user = e->user,
                                     .password = e->password,
                                     .tls_use = e->secure.use,
                                     .keeps_clear = e->secure.keeps_clear,
                                     .into = k->mailbox,
                                     .keeps = e->keeps,
                                     .known = k->known,
                                     .done = action_errand_over,
                                     .data = e};
  return pop_client_new(&config);
}

void *
action_read_fetch_pop(void *owner, struct action *action, GError **error)
{
  struct errand *e = action_errand_new(owner, action, make_popper);
  return action_errand_kept(e, action_read_account(e, 110, true, error) &&
                                   tree_bool(action_node(action), "keep", false, &e->keeps, error));
}
