/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journey.c -- runs a scenario and keeps what the world tells. */
#include "tests/endpoints/journey.h"

#include <string.h>

#include "sim/mail/build_private.h"

static void
on_frame(void *data, const struct world_frame *frame)
{
}

static void
on_event(void *data, const struct world_event *e)
{
  struct record *r = data;
  const char *host = r->net ? net_host_info(r->net, e->host).name : "?";
  char *name = g_strdup_printf("%s %s %s", host, e->subject, e->key);
  g_ptr_array_add(r->events, g_strdup_printf("%s %s", name, e->value));
  g_hash_table_insert(r->last, name, g_strdup(e->value));
}

void
record_open(struct record *r, const char *text, uint64_t seed)
{
  static const struct world_sink sink = {.frame = on_frame, .event = on_event};
  g_autoptr(GError) error = NULL;
  *r = (struct record){.last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                       .events = g_ptr_array_new_with_free_func(g_free)};
  r->scenario = tree_parse(text, strlen(text), "test.yaml", &error);
  g_assert_no_error(error);
  r->world = world_new(seed, &sink, r);
  r->net = net_new(r->world, r->scenario, &error);
  g_assert_no_error(error);
  r->mail = mail_new(r->net, r->scenario, &error);
  g_assert_no_error(error);
}

void
run_text(struct record *r, const char *text, int64_t seconds)
{
  record_open(r, text, 1);
  world_run(r->world, seconds * INT64_C(1000000000));
}

void
record_clear(struct record *r)
{
  mail_free(r->mail);
  net_free(r->net);
  world_free(r->world);
  tree_free(r->scenario);
  g_hash_table_unref(r->last);
  g_ptr_array_unref(r->events);
}

const char *
last(const struct record *r, const char *name)
{
  const char *value = g_hash_table_lookup(r->last, name);
  return value ? value : "(never)";
}

unsigned
count(const struct record *r, const char *prefix, const char *part)
{
  unsigned n = 0;
  for (guint i = 0; i < r->events->len; i++) {
    const char *text = r->events->pdata[i];
    n += g_str_has_prefix(text, prefix) && strstr(text, part);
  }
  return n;
}

char *
message_text(const struct record *r, const char *host, const char *mailbox, uint32_t uid)
{
  const struct site *s = build_find_site(r->mail, net_find_host(r->net, host));
  g_auto(GStrv) parts = g_strsplit(mailbox, "/", 2);
  const struct store_user *user = s ? store_find_user(s->store, parts[0]) : NULL;
  const struct mailbox *b = user ? store_find(user, parts[1]) : NULL;
  const struct store_message *m = b ? store_by_uid(b, uid, NULL) : NULL;
  gsize n;
  const char *p = m ? g_bytes_get_data(m->octets, &n) : NULL;
  return p ? g_strndup(p, n) : NULL;
}

bool
has_message(const struct record *r, const char *host, const char *mailbox, uint32_t uid)
{
  g_autofree char *text = message_text(r, host, mailbox, uid);
  return text != NULL;
}
