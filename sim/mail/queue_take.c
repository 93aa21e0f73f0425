/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_take.c -- a message comes into the queue: who is behind its recipients, and where each
 * goes.
 *
 *     recipient ─directory─┬ mailbox ── delivered now; full: waits or fails as `full` says
 *                          ├ elsewhere ── one item for each domain
 *                          ├ alias or list ── its members; marked Delivered-To when it leaves, so
 * that it │                  is known when it comes back └ nobody, circle ── reported
 *
 * RFC 5321 3.9 (aliases keep the sender, lists replace it), 6.2 and 6.3 (loops), 3461 5.2.7
 * (reports about aliases and lists), 2919 (List-Id). When nothing at all can be taken the answer is
 * a refusal, so that no report goes to a forged sender. */
#include "sim/mail/queue_private.h"

#include <string.h>

#include "sim/mail/dsn.h"
#include "sim/mail/mime.h"

/* One call of queue_submit(). */
struct taking {
  struct queue *queue;
  struct queue_message *message;
  GPtrArray *fresh;    /* struct queue_item* */
  GPtrArray *variants; /* struct queue_message*: as lists and aliases send it on */
  GPtrArray *names;    /* char*: whose variant it is */
  GPtrArray *failed;   /* struct queue_recipient*: whose failures are told in the end */
  GPtrArray *reasons;  /* const char* beside them */
  GPtrArray *full;     /* struct queue_recipient*: whose mailbox is full */
  unsigned n_good;
};

static bool
has_delivered_to(GBytes *octets, const char *address)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  size_t at = 0, field_at, name_n, field_end;
  static const char name[] = "Delivered-To";
  while (mime_next_field(p, &at, n, &field_at, &name_n, &field_end)) {
    if (name_n != strlen(name) || g_ascii_strncasecmp((const char *)p + field_at, name, name_n))
      continue;
    g_autofree char *value =
        g_strndup((const char *)p + field_at + name_n + 1, field_end - field_at - name_n - 1);
    if (g_ascii_strcasecmp(g_strstrip(value), address) == 0)
      return true;
  }
  return false;
}

/* The message as it goes on from an alias or list to another host: marked, so that it is known when
 * it comes back, and with the list's sender. */
static struct queue_message *
variant(struct taking *t, const struct directory_target *target)
{
  const struct queue *q = t->queue;
  for (guint i = 0; i < t->variants->len; i++) {
    if (strcmp(t->names->pdata[i], target->via) == 0)
      return t->variants->pdata[i];
  }
  struct envelope envelope = *t->message->envelope;
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "Delivered-To: %s\r\n", target->via);
  if (target->list) {
    const char *domain = smtp_domain(target->list->address);
    g_string_append_printf(text, "List-Id: <%s.%s>\r\n", target->list->name, domain);
    envelope.sender = target->list->sender;
    envelope.envid = NULL;
    envelope.ret = ENVELOPE_RET_NONE;
  }
  gsize n;
  const char *p = g_bytes_get_data(t->message->octets, &n);
  g_string_append_len(text, p, (gssize)n);
  g_autoptr(GBytes) octets = g_string_free_to_bytes(text);
  struct queue_message *m = queue_message_new(q, t->message->id, &envelope, octets);
  g_ptr_array_add(t->variants, m);
  g_ptr_array_add(t->names, g_strdup(target->via));
  return m;
}

static struct queue_item *
item_for(struct taking *t, struct queue_message *m, enum queue_transport transport,
         const char *domain)
{
  for (guint i = 0; i < t->fresh->len; i++) {
    struct queue_item *item = t->fresh->pdata[i];
    if (item->message == m && item->transport == transport &&
        g_ascii_strcasecmp(item->domain, domain) == 0)
      return item;
  }
  struct queue *q = t->queue;
  struct queue_item *item = g_new0(struct queue_item, 1);
  item->queue = q;
  item->message = queue_message_ref(m);
  item->id = t->fresh->len == 0 ? g_strdup(m->id) : g_strdup_printf("%s.%u", m->id, t->fresh->len);
  item->domain = g_ascii_strdown(domain, -1);
  item->transport = transport;
  item->port = transport == QUEUE_LMTP ? q->config.lmtp_port
               : q->relay_host         ? q->config.relay_port
                                       : QUEUE_SMTP_PORT;
  item->recipients = g_ptr_array_new_with_free_func(queue_recipient_free);
  item->exchanges = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(t->fresh, item);
  return item;
}

static void
fail(struct taking *t, struct queue_recipient *r, const char *reason)
{
  g_ptr_array_add(t->failed, r);
  g_ptr_array_add(t->reasons, (char *)reason);
}

static void
take_mailbox(struct taking *t, struct queue_message *m, struct queue_recipient *r)
{
  struct queue *q = t->queue;
  if (q->lmtp_host) {
    g_ptr_array_add(item_for(t, m, QUEUE_LMTP, q->lmtp_host)->recipients, r);
    t->n_good++;
  } else if (queue_deliver(q, m, r)) {
    const struct queue_fate fate = {.recipient = r, .reason = "2.0.0 Delivered"};
    queue_report(q, m, DSN_DELIVERED, &fate, 1);
    queue_recipient_free(r);
    t->n_good++;
  } else {
    g_ptr_array_add(t->full, r);
  }
}

/* The DNS knows a domain by its A-labels; two spellings of it share a connection. */
static void
take_remote(struct taking *t, struct queue_message *m, struct queue_recipient *r,
            const char *address)
{
  g_autofree char *domain = smtp_domain_ascii(smtp_domain(address));
  if (!domain) {
    fail(t, r, "5.1.2 The domain is no internationalized name");
    return;
  }
  g_ptr_array_add(item_for(t, m, QUEUE_SMTP, domain)->recipients, r);
  t->n_good++;
}

/* What stays of the wishes for reports behind an address that stands for several (RFC 3461 5.2.7).
 */
static unsigned
notify_behind(unsigned notify, bool is_expanded)
{
  if (!is_expanded || !(notify & ENVELOPE_NOTIFY_SUCCESS))
    return notify;
  notify &= ~(unsigned)ENVELOPE_NOTIFY_SUCCESS;
  return notify ? notify : ENVELOPE_NOTIFY_NEVER;
}

static void
take_target(struct taking *t, const struct envelope_recipient *wanted,
            const struct directory_target *target, bool is_expanded)
{
  unsigned notify = target->list ? 0 : notify_behind(wanted->notify, is_expanded);
  struct queue_recipient *r =
      queue_recipient_new(target->address, target->list ? NULL : wanted->orcpt, notify);
  struct queue_message *m = t->message;
  r->user = target->user;
  r->folder = g_strdup(target->folder);
  if (target->via && has_delivered_to(t->message->octets, target->via)) {
    fail(t, r, "5.4.6 The message has been here before: mail loop");
    return;
  }
  if (target->via && (target->kind == DIRECTORY_REMOTE || target->list))
    m = variant(t, target);
  switch (target->kind) {
  case DIRECTORY_MAILBOX:
    take_mailbox(t, m, r);
    break;
  case DIRECTORY_REMOTE:
    take_remote(t, m, r, target->address);
    break;
  case DIRECTORY_UNKNOWN:
    fail(t, r, "5.1.1 No such user here");
    break;
  case DIRECTORY_CIRCLE:
    fail(t, r, "5.4.6 The alias leads in a circle");
    break;
  }
}

static void
take_recipient(struct taking *t, const struct envelope_recipient *wanted)
{
  struct queue *q = t->queue;
  g_autoptr(GPtrArray) targets = directory_resolve(q->config.directory, wanted->address);
  const struct directory_target *first = targets->pdata[0];
  bool is_list = first->list != NULL;
  bool is_expanded = targets->len > 1 || is_list;
  if (is_expanded && first->via) {
    const struct queue_recipient alias = {.address = (char *)wanted->address,
                                          .orcpt = (char *)wanted->orcpt,
                                          .notify = wanted->notify};
    const struct queue_fate fate = {.recipient = &alias, .reason = "2.0.0 Passed on"};
    queue_report(q, t->message, is_list ? DSN_DELIVERED : DSN_EXPANDED, &fate, 1);
  }
  for (guint i = 0; i < targets->len; i++)
    take_target(t, wanted, targets->pdata[i], is_expanded);
}

/* What was taken begins its way. */
static void
begin(struct taking *t)
{
  struct queue *q = t->queue;
  for (guint i = 0; i < t->fresh->len; i++) {
    struct queue_item *item = t->fresh->pdata[i];
    g_ptr_array_add(q->items, item);
    queue_tell(item, "queued");
    if (item->transport == QUEUE_LOCAL) { /* it was tried just now */
      item->n_attempts = 1;
      queue_set_reason(item, "4.2.2 The mailbox is full");
      queue_defer(item);
    } else {
      queue_attempt_at(item, queue_now(q));
    }
  }
}

/* Full mailboxes wait or fail like the others. */
static void
settle_full(struct taking *t)
{
  for (guint i = 0; i < t->full->len; i++) {
    struct queue_recipient *r = t->full->pdata[i];
    if (t->queue->config.full == QUEUE_FULL_LATER)
      g_ptr_array_add(item_for(t, t->message, QUEUE_LOCAL, "")->recipients, r);
    else
      fail(t, r, "5.2.2 The mailbox is full");
  }
}

static void
report_failed(struct taking *t)
{
  for (guint i = 0; i < t->failed->len; i++) {
    const struct queue_fate fate = {.recipient = t->failed->pdata[i],
                                    .reason = t->reasons->pdata[i]};
    queue_report(t->queue, t->message, DSN_FAILED, &fate, 1);
  }
}

/* Nothing was taken: the whole reply. */
static const char *
refusal_of(const struct taking *t)
{
  if (t->full->len > 0)
    return t->queue->config.full == QUEUE_FULL_LATER ? "452 4.2.2 The mailbox is full"
                                                     : "552 5.2.2 The mailbox is full";
  const char *reason = t->reasons->len > 0 ? t->reasons->pdata[0] : "";
  return g_str_has_prefix(reason, "5.4.6") ? "554 5.4.6 Mail loop" : "550 5.1.1 No such user here";
}

static void
taking_clear(struct taking *t)
{
  queue_message_unref(t->message);
  g_ptr_array_unref(t->fresh);
  g_ptr_array_unref(t->variants);
  g_ptr_array_unref(t->names);
  g_ptr_array_unref(t->failed);
  g_ptr_array_unref(t->reasons);
  g_ptr_array_unref(t->full);
}

static struct taking
taking_begin(struct queue *q, const struct envelope *e, GBytes *octets)
{
  g_autofree char *id = g_strdup_printf("Q%05u", ++q->n_ids);
  return (struct taking){.queue = q,
                         .message = queue_message_new(q, id, e, octets),
                         .fresh = g_ptr_array_new(),
                         .variants =
                             g_ptr_array_new_with_free_func((GDestroyNotify)queue_message_unref),
                         .names = g_ptr_array_new_with_free_func(g_free),
                         .failed = g_ptr_array_new_with_free_func(queue_recipient_free),
                         .reasons = g_ptr_array_new(),
                         .full = g_ptr_array_new()};
}

void
queue_submit_own(struct queue *q, const struct envelope *e, GBytes *octets)
{
  struct taking t = taking_begin(q, e, octets);
  for (unsigned i = 0; i < e->n_recipients; i++)
    take_recipient(&t, &e->recipients[i]);
  settle_full(&t);
  begin(&t);
  report_failed(&t);
  taking_clear(&t);
}

const char *
queue_submit(struct queue *q, const struct envelope *e, GBytes *octets, const char **fates,
             const char **refusal)
{
  if (q->items->len >= QUEUE_ITEMS_MAX) {
    *refusal = "452 4.3.1 The queue is full";
    return NULL;
  }
  struct taking t = taking_begin(q, e, octets);
  for (unsigned i = 0; i < e->n_recipients; i++) {
    guint n_failed = t.failed->len, n_full = t.full->len;
    take_recipient(&t, &e->recipients[i]);
    if (fates && t.failed->len > n_failed && t.failed->len - n_failed == 1)
      fates[i] = g_str_has_prefix(t.reasons->pdata[n_failed], "5.4.6")
                     ? "554 5.4.6 Mail loop"
                     : "550 5.1.1 No such user here";
    if (fates && t.full->len > n_full)
      fates[i] = q->config.full == QUEUE_FULL_LATER ? "452 4.2.2 The mailbox is full"
                                                    : "552 5.2.2 The mailbox is full";
  }
  bool is_taken = t.n_good > 0 || (fates && e->n_recipients > 0);
  if (!is_taken)
    *refusal = refusal_of(&t);
  if (is_taken && !fates)
    settle_full(&t);
  else
    g_ptr_array_set_free_func(t.full, queue_recipient_free);
  if (is_taken)
    begin(&t);
  if (is_taken && !fates)
    report_failed(&t);
  g_free(q->id);
  q->id = g_strdup(t.message->id);
  taking_clear(&t);
  return is_taken ? q->id : NULL;
}
