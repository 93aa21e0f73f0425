/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build.c -- the life of a scenario's mail: `services` (build_service.c), `users` (build_user.c)
 * and `actions` (action.c) are read, run, and go.
 *
 * The keys stand in build.h. Every complaint names file, line and what to do. */
#include "sim/mail/build_private.h"

#include "sim/attack/attack.h"
#include "sim/attack/on_path.h"
#include "sim/attack/smuggle.h"
#include "sim/attack/sniffer.h"
#include "sim/attack/spray.h"
#include "sim/mail/action.h"
#include "sim/mail/hand.h"
#include "sim/net/traffic.h"

struct mail *
mail_new(struct net *n, const struct tree_node *scenario, GError **error)
{
  struct mail *m = g_new0(struct mail, 1);
  m->net = n;
  m->world = net_world(n);
  m->ports = ports_new(n);
  m->sites = g_ptr_array_new_with_free_func(build_site_free);
  m->traffic = traffic_new(n);
  m->secure = secure_new(m->world);
  m->verbs = mail_verbs_new(m->ports, m->secure);
  m->on_path = on_path_new(n);
  m->sprays = spray_verbs_new(m->ports);
  m->smuggles = smuggle_verbs_new(m->ports);
  m->sniffers = sniffers_new(n);
  m->relay_finder = relay_finder_new(m->ports);
  m->bomber = bomber_new(m->ports);
  const struct action_table tables[] = {
      mail_verbs_table(m->verbs), traffic_table(m->traffic),  on_path_table(m->on_path),
      spray_table(m->sprays),     smuggle_table(m->smuggles), relay_finder_table(m->relay_finder),
      bomber_table(m->bomber),    sniffers_table(m->sniffers),
  };
  if (build_mail_services(m, tree_get(scenario, "services"), error) &&
      build_mail_users(m, tree_get(scenario, "users"), error) &&
      build_mail_shared(m, tree_get(scenario, "services"), error))
    m->actions = actions_new(n, tree_get(scenario, "actions"), tables, G_N_ELEMENTS(tables), error);
  if (m->actions)
    return m;
  mail_free(m);
  return NULL;
}

static const struct secure_server *
server_tls(void *data, uint32_t host)
{
  const struct site *s = build_find_site(data, host);
  return s ? &s->secure : NULL;
}

bool
mail_plan(struct mail *m, const struct input_log *log, GError **error)
{
  struct hands_tls tls = {.secure = m->secure, .server = server_tls, .data = m};
  m->hands = hands_new(m->ports, &tls, log, error);
  return m->hands != NULL;
}

unsigned
mail_n_actions_left(const struct mail *m)
{
  return actions_n_left(m->actions);
}

void
mail_free(struct mail *m)
{
  if (!m)
    return;
  ports_free(m->ports); /* the machines first: they look at stores */
  secure_free(m->secure);
  hands_free(m->hands);
  g_clear_pointer(&m->actions, actions_free);
  mail_verbs_free(m->verbs);
  spray_verbs_free(m->sprays);
  smuggle_verbs_free(m->smuggles);
  relay_finder_free(m->relay_finder);
  bomber_free(m->bomber);
  sniffers_free(m->sniffers);
  traffic_free(m->traffic);
  on_path_free(m->on_path);
  g_ptr_array_unref(m->sites);
  g_free(m);
}

void
mail_shut_down(struct mail *m)
{
  ports_shut_down(m->ports);
}

const struct tls *
mail_tls(const struct mail *m)
{
  return secure_tls(m->secure);
}
