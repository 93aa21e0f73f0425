/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-journey.c -- a message from host to host through the simulated network: what the world tells. */
#include <glib.h>
#include <string.h>

#include "sim/mail/build.h"

struct record {
  GPtrArray *events; /* "HOST|subject|key|value" */
  unsigned n_frames;
  struct net *net;
};

static void
on_frame(void *data, const struct world_frame *frame)
{
  struct record *r = data;
  r->n_frames++;
}

static void
on_event(void *data, const struct world_event *e)
{
  struct record *r = data;
  if (g_str_has_prefix(e->subject, "tcp") || g_str_has_prefix(e->subject, "arp"))
    return;
  g_ptr_array_add(r->events, g_strdup_printf("%u|%s|%s|%s", e->host, e->subject, e->key, e->value));
}

int
main(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  struct tree_node *scenario = tree_load(argv[1], &error);
  g_assert_no_error(error);
  struct record r = {.events = g_ptr_array_new_with_free_func(g_free)};
  struct world_sink sink = {.frame = on_frame, .event = on_event};
  struct world *w = world_new(1, &sink, &r);
  struct net *n = net_new(w, scenario, &error);
  g_assert_no_error(error);
  struct mail *m = mail_new(n, scenario, &error);
  g_assert_no_error(error);
  while (world_step(w) && world_now(w) < INT64_C(300000000000))
    ;
  for (guint i = 0; i < r.events->len; i++)
    g_print("%s\n", (char *)r.events->pdata[i]);
  g_print("%u frames, %lld ns\n", r.n_frames, (long long)world_now(w));
  mail_free(m);
  net_free(n);
  world_free(w);
  tree_free(scenario);
  return 0;
}
