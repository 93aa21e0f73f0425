/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue.c -- the mail transfer agent: keeps what waits, and its schedule.
 *
 *     queue_submit ─directory─┬ mailbox ─> queue_deliver (queue_local.c)      queue_take.c
 *                             └ remote ─> one item per domain ─> queue_attempt ─> queue_route.c
 *                                            ^                                    queue_send.c
 *                                            └─ timer ── queue_defer <── 4yz, no answer ─┤
 *                                     warned, once ──┘ └── expired ──> queue_report <── 5yz
 *
 * RFC 5321 4.5.4.1 (retries), 3.9 (aliases keep the sender, lists replace it), 6.2 and 6.3 (loops);
 * 3461 5.2.7 (reports about aliases and lists). Nothing that was taken is ever lost: it is in a
 * mailbox, in `items`, or reported. */
#include "sim/mail/queue_private.h"

#include <stdarg.h>
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/dsn.h"

#define RETRY_NS (60 * MACHINE_SECOND)
#define RETRY_NS_MAX (3600 * MACHINE_SECOND)
#define EXPIRE_NS (5 * 24 * 3600 * MACHINE_SECOND)

/* ---- messages and recipients ---- */

struct queue_message *
queue_message_ref(struct queue_message *m)
{
  g_ref_count_inc(&m->refs);
  return m;
}

void
queue_message_unref(struct queue_message *m)
{
  if (!g_ref_count_dec(&m->refs))
    return;
  g_free(m->id);
  envelope_free(m->envelope);
  g_bytes_unref(m->octets);
  g_free(m);
}

struct queue_message *
queue_message_new(const struct queue *q, const char *id, const struct envelope *e, GBytes *octets)
{
  struct queue_message *m = g_new0(struct queue_message, 1);
  struct envelope without = *e;
  without.n_recipients = 0;
  g_ref_count_init(&m->refs);
  m->id = g_strdup(id);
  m->envelope = envelope_copy(&without);
  m->octets = g_bytes_ref(octets);
  m->since_ns = queue_now(q);
  return m;
}

struct queue_recipient *
queue_recipient_new(const char *address, const char *orcpt, unsigned notify)
{
  struct queue_recipient *r = g_new0(struct queue_recipient, 1);
  r->address = g_strdup(address);
  r->orcpt = g_strdup(orcpt);
  r->notify = notify;
  return r;
}

void
queue_recipient_free(void *recipient)
{
  struct queue_recipient *r = recipient;
  g_free(r->address);
  g_free(r->orcpt);
  g_free(r->folder);
  g_free(r);
}

/* ---- items ---- */

void
queue_tell(const struct queue_item *item, const char *format, ...)
{
  struct queue *q = item->queue;
  if (!world_wants_events(q->world))
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *state = g_strdup_vprintf(format, args);
  va_end(args);
  g_autoptr(GString) to = g_string_new(NULL);
  for (guint i = 0; i < item->recipients->len; i++) {
    const struct queue_recipient *r = item->recipients->pdata[i];
    g_string_append_printf(to, "%s<%s>", i ? "," : "", r->address);
  }
  world_emit(q->world, q->config.host, "mail-queue", item->id, "from=<%s> to=%s state=%s",
             item->message->envelope->sender, to->str, state);
}

static void
item_free(void *data)
{
  struct queue_item *item = data;
  if (item->timer)
    world_cancel(item->queue->world, item->timer);
  queue_message_unref(item->message);
  g_free(item->id);
  g_free(item->domain);
  g_ptr_array_unref(item->recipients);
  g_ptr_array_unref(item->exchanges);
  g_free(item->reason);
  g_free(item);
}

void
queue_set_reason(struct queue_item *item, const char *reason)
{
  char *copy = g_strdup(reason);
  g_free(item->reason);
  item->reason = copy;
}

/* ---- connections are bounded ---- */

static unsigned
active_for(const struct queue *q, const char *domain)
{
  return GPOINTER_TO_UINT(g_hash_table_lookup(q->active, domain));
}

static void
count_active(struct queue *q, const struct queue_item *item, int by)
{
  q->n_active += (unsigned)by;
  unsigned n = active_for(q, item->domain) + (unsigned)by;
  g_hash_table_insert(q->active, g_strdup(item->domain), GUINT_TO_POINTER(n));
  if (n == 0)
    g_hash_table_remove(q->active, item->domain);
}

static bool
has_room(const struct queue *q, const struct queue_item *item)
{
  return q->n_active < q->config.connections_max &&
         active_for(q, item->domain) < QUEUE_PER_DOMAIN_MAX;
}

static void
activate(struct queue_item *item)
{
  item->is_active = true;
  count_active(item->queue, item, 1);
  queue_route(item);
}

/* Each turn may end items and bring new ones (reports), so it looks from the front again. */
static void
start_waiting(void *data)
{
  struct queue *q = data;
  q->starter = 0;
  for (GList *l = q->waiting.head; l && q->n_active < q->config.connections_max;) {
    struct queue_item *item = l->data;
    if (!has_room(q, item)) {
      l = l->next;
      continue;
    }
    item->is_waiting = false;
    g_queue_delete_link(&q->waiting, l);
    activate(item);
    l = q->waiting.head;
  }
}

/* The item holds no connection any more; another one may. */
static void
release(struct queue_item *item)
{
  struct queue *q = item->queue;
  if (!item->is_active)
    return;
  item->is_active = false;
  count_active(q, item, -1);
  if (!q->starter && q->waiting.length > 0)
    q->starter = world_at(q->world, queue_now(q), WORLD_APP, q->config.host, start_waiting, q);
}

void
queue_attempt(struct queue_item *item)
{
  struct queue *q = item->queue;
  item->n_attempts++;
  if (item->transport == QUEUE_LOCAL) {
    queue_try_local(item);
    return;
  }
  if (has_room(q, item)) {
    activate(item);
    return;
  }
  item->is_waiting = true;
  g_queue_push_tail(&q->waiting, item);
  queue_tell(item, "waiting attempt=%u", item->n_attempts);
}

static void
timer_fired(void *data)
{
  struct queue_item *item = data;
  item->timer = 0;
  queue_attempt(item);
}

void
queue_attempt_at(struct queue_item *item, int64_t time_ns)
{
  struct queue *q = item->queue;
  item->timer = world_at(q->world, time_ns, WORLD_APP, q->config.host, timer_fired, item);
}

void
queue_finish(struct queue_item *item)
{
  struct queue *q = item->queue;
  release(item);
  if (item->is_waiting)
    g_queue_remove(&q->waiting, item);
  world_emit(q->world, q->config.host, "mail-queue", item->id, "%s", "");
  g_ptr_array_remove(q->items, item);
}

/* ---- the schedule ---- */

static int64_t
wait_after(const struct queue *q, unsigned n_attempts)
{
  const struct queue_config *c = &q->config;
  if (c->n_retries > 1)
    return c->retry_ns[MIN(n_attempts, c->n_retries) - 1];
  int64_t wait_ns = c->n_retries == 1 ? c->retry_ns[0] : RETRY_NS;
  int64_t max_ns = MAX(wait_ns, RETRY_NS_MAX);
  for (unsigned i = 1; i < n_attempts && wait_ns < max_ns; i++)
    wait_ns *= 2;
  return MIN(wait_ns, max_ns);
}

/* The sender is told of a delay once, while it goes on (RFC 3461 4.1, 3464 2.3.3). */
static void
warn(struct queue_item *item)
{
  struct queue *q = item->queue;
  if (q->config.warn_ns <= 0 || item->is_warned ||
      queue_now(q) - item->message->since_ns < q->config.warn_ns)
    return;
  item->is_warned = true;
  if (!*item->message->envelope->sender)
    return;
  g_autofree struct queue_fate *fates = g_new0(struct queue_fate, item->recipients->len);
  for (guint i = 0; i < item->recipients->len; i++)
    fates[i] = (struct queue_fate){.recipient = item->recipients->pdata[i], .reason = item->reason};
  queue_report(q, item->message, DSN_DELAYED, fates, item->recipients->len);
}

void
queue_defer(struct queue_item *item)
{
  struct queue *q = item->queue;
  int64_t wait_ns = wait_after(q, item->n_attempts);
  const char *reason = item->reason ? item->reason : "4.0.0 Not delivered";
  release(item);
  if (queue_now(q) + wait_ns - item->message->since_ns > q->config.expire_ns) {
    g_autofree char *last =
        g_strdup_printf("4.4.7 Given up after %u attempts; the last: %s", item->n_attempts, reason);
    queue_tell(item, "expired attempt=%u", item->n_attempts);
    queue_fail_all(item, last);
    return;
  }
  queue_tell(item, "deferred attempt=%u next_s=%" G_GINT64_FORMAT " reason=%s", item->n_attempts,
             wait_ns / MACHINE_SECOND, reason);
  queue_attempt_at(item, queue_now(q) + wait_ns);
  warn(item);
}

/* ---- the rest ---- */

unsigned
queue_length(const struct queue *q)
{
  return q->items->len;
}

unsigned
queue_kick(struct queue *q, const char *domain)
{
  unsigned n = 0;
  for (guint i = 0; i < q->items->len; i++) {
    struct queue_item *item = q->items->pdata[i];
    if (!item->timer || (domain && *domain && g_ascii_strcasecmp(item->domain, domain) != 0))
      continue;
    world_cancel(q->world, item->timer);
    queue_attempt_at(item, queue_now(q));
    n++;
  }
  return n;
}

struct queue *
queue_new(const struct queue_config *config)
{
  struct queue *q = g_new0(struct queue, 1);
  q->config = *config;
  q->world = ports_world(config->ports);
  q->random = world_random(q->world, config->host, "queue");
  q->name = g_strdup(config->name);
  q->relay_host = g_strdup(config->relay_host);
  q->lmtp_host = g_strdup(config->lmtp_host);
  q->items = g_ptr_array_new_with_free_func(item_free);
  q->active = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init(&q->waiting);
  if (q->config.expire_ns <= 0)
    q->config.expire_ns = EXPIRE_NS;
  if (q->config.connections_max == 0)
    q->config.connections_max = QUEUE_CONNECTIONS_MAX;
  return q;
}

void
queue_free(struct queue *q)
{
  if (q->starter)
    world_cancel(q->world, q->starter);
  g_queue_clear(&q->waiting);
  g_ptr_array_unref(q->items);
  g_hash_table_unref(q->active);
  g_free(q->name);
  g_free(q->relay_host);
  g_free(q->lmtp_host);
  g_free(q->id);
  g_free(q);
}
