/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pair.c -- a wire between two endpoints, in memory, and the machine of the tests. */
#include "tests/tls/pair.h"

#include <string.h>

#include "sim/mail/machine.h"

/* ---- the machine ---- */

static void
tester_start(struct endpoint *e, int64_t now_ns)
{
  ((struct tester *)e)->is_started = true;
}

static bool
ends_with(const GByteArray *heard, const char *text)
{
  size_t n = strlen(text);
  return heard->len >= n && memcmp(heard->data + heard->len - n, text, n) == 0;
}

static void
tester_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct tester *t = (struct tester *)e;
  g_byte_array_append(t->heard, p, (guint)n);
  if (t->echoes)
    machine_send(e, p, n);
  if (e->security)
    return;
  if (ends_with(t->heard, "STARTTLS\n"))
    machine_printf(e, "GO\n");
  if (ends_with(t->heard, "STARTTLS\n") || ends_with(t->heard, "GO\n"))
    e->wants = ENDPOINT_TLS;
}

static void
tester_eof(struct endpoint *e, int64_t now_ns)
{
  struct tester *t = (struct tester *)e;
  t->has_eof = true;
  if (t->closes_at_eof)
    e->wants_close = true;
}

static void
tester_timeout(struct endpoint *e, int64_t now_ns)
{
  e->wants_close = true;
}

static void
tester_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct tester *t = (struct tester *)e;
  g_assert_cmpint(what, ==, ENDPOINT_TLS);
  t->is_upgraded = problem == NULL;
  t->problem = g_strdup(problem);
  e->wants_close = problem != NULL;
}

static void
tester_free(struct endpoint *e)
{
  struct tester *t = (struct tester *)e;
  g_byte_array_unref(t->heard);
  g_free(t->problem);
  machine_clear(e);
  g_free(t);
}

static const struct endpoint_ops tester_ops = {.protocol = "tester",
                                               .start = tester_start,
                                               .input = tester_input,
                                               .eof = tester_eof,
                                               .timeout = tester_timeout,
                                               .upgraded = tester_upgraded,
                                               .free = tester_free};

struct tester *
tester_new(void)
{
  struct tester *t = g_new0(struct tester, 1);
  machine_init(&t->endpoint, &tester_ops);
  t->heard = g_byte_array_new();
  t->closes_at_eof = true;
  return t;
}

void
tester_say(struct tester *t, const char *text)
{
  machine_printf(&t->endpoint, "%s", text);
}

static void
note(void *data, const char *key, const char *value)
{
  g_string_append_printf(data, "%s=%s\n", key, value);
}

void
watch(struct endpoint *e, GString *events)
{
  e->event = note;
  e->event_data = events;
}

/* ---- the wire ---- */

void
pair_init(struct pair *p, struct endpoint *client, struct endpoint *server)
{
  *p = (struct pair){.client = client, .server = server};
  p->client_events = g_string_new(NULL);
  p->server_events = g_string_new(NULL);
  p->to_server = g_byte_array_new();
  p->to_client = g_byte_array_new();
  watch(client, p->client_events);
  watch(server, p->server_events);
}

void
pair_start(struct pair *p)
{
  p->server->ops->start(p->server, p->now_ns);
  p->client->ops->start(p->client, p->now_ns);
}

/* True when something moved. */
static bool
carry(struct pair *p, struct endpoint *from, struct endpoint *to, GByteArray *all)
{
  if (from->ops->flush)
    from->ops->flush(from, p->now_ns);
  if (from->out->len == 0)
    return false;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_byte_array_append(octets, from->out->data, from->out->len);
  g_byte_array_append(all, from->out->data, from->out->len);
  g_byte_array_set_size(from->out, 0);
  size_t step = p->step ? p->step : octets->len;
  for (size_t at = 0; at < octets->len; at += step)
    to->ops->input(to, octets->data + at, MIN(step, octets->len - at), p->now_ns);
  return true;
}

void
pair_run(struct pair *p)
{
  bool is_moving = true;
  while (is_moving) {
    is_moving = carry(p, p->client, p->server, p->to_server);
    is_moving |= carry(p, p->server, p->client, p->to_client);
  }
}

void
pair_clear(struct pair *p)
{
  p->client->ops->free(p->client);
  p->server->ops->free(p->server);
  g_string_free(p->client_events, TRUE);
  g_string_free(p->server_events, TRUE);
  g_byte_array_unref(p->to_server);
  g_byte_array_unref(p->to_client);
}
