/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action_read.c -- the verb fetch-pop. Its keys stand in build.h. */
#include "sim/mail/action_errand.h"
#include "sim/mail/pop_client.h"

/* The keys of the verb. */
struct fetch {
  int64_t delete_after_ns, n_octets_max;
  const char *wanted;
  bool peeks, pipelines, quits;
};

static struct endpoint *
make_popper(struct errand *e)
{
  const struct fetch *f = e->own;
  struct keeper *k = action_keeper(e->verbs, action_host(e->action));
  struct pop_client_config config = {.login = {.user = e->user,
                                               .password = e->password,
                                               .token = e->token,
                                               .authzid = e->authzid,
                                               .host = e->server,
                                               .port = e->port,
                                               .random = action_errand_random(e)},
                                     .mech = e->mech,
                                     .is_careful = e->is_careful,
                                     .tls_use = e->secure.use,
                                     .keeps_clear = e->secure.keeps_clear,
                                     .into = k->mailbox,
                                     .known = k->known,
                                     .keeps = e->keeps,
                                     .delete_after_ns = f->delete_after_ns,
                                     .peeks = f->peeks,
                                     .wanted = f->wanted,
                                     .n_octets_max = f->n_octets_max,
                                     .pipelines = f->pipelines,
                                     .drops = !f->quits,
                                     .done = action_errand_over,
                                     .data = e};
  return pop_client_new(&config);
}

static bool
read_fetch(struct errand *e, struct fetch *f, GError **error)
{
  const struct tree_node *node = action_node(e->action);
  return tree_bool(node, "keep", false, &e->keeps, error) &&
         tree_duration(node, "delete_after", 0, &f->delete_after_ns, error) &&
         tree_text(node, "wanted", NULL, &f->wanted, error) &&
         tree_bool(node, "headers", f->wanted != NULL, &f->peeks, error) &&
         tree_int(node, "size_max", 0, 0, INT64_C(1) << 40, &f->n_octets_max, error) &&
         tree_bool(node, "pipeline", false, &f->pipelines, error) &&
         tree_bool(node, "quit", true, &f->quits, error);
}

void *
action_read_fetch_pop(void *owner, struct action *action, GError **error)
{
  struct errand *e = action_errand_new(owner, action, make_popper);
  struct fetch *f = g_new0(struct fetch, 1);
  e->own = f;
  e->own_free = g_free;
  return action_errand_kept(e, action_read_account(e, 110, true, error) && read_fetch(e, f, error));
}
