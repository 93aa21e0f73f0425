/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_local.c -- final delivery into the mailboxes of this host.
 *
 * The reverse path is written on top (RFC 5321 4.4); nothing else of the message changes. A full
 * mailbox makes the message wait or fail, as the scenario says. */
#include "sim/mail/dsn.h"
#include "sim/mail/queue_private.h"

bool
queue_deliver(struct queue *q, const struct queue_message *m, const struct queue_recipient *r)
{
  gsize n;
  const char *p = g_bytes_get_data(m->octets, &n);
  GString *text = g_string_new(NULL);
  g_string_printf(text, "Return-Path: <%s>\r\n", m->envelope->sender);
  g_string_append_len(text, p, (gssize)n);
  g_autoptr(GBytes) whole = g_string_free_to_bytes(text);
  struct mailbox *b = r->folder ? store_find(r->user, r->folder) : NULL;
  if (!b)
    b = store_find(r->user, "INBOX");
  return store_append(b, whole, 0, 0, queue_now(q)) != NULL;
}

void
queue_try_local(struct queue_item *item)
{
  struct queue *q = item->queue;
  for (guint i = item->recipients->len; i > 0; i--) {
    const struct queue_recipient *r = item->recipients->pdata[i - 1];
    if (!queue_deliver(q, item->message, r))
      continue;
    const struct queue_fate fate = {.recipient = r, .reason = "2.0.0 Delivered"};
    queue_report(q, item->message, DSN_DELIVERED, &fate, 1);
    g_ptr_array_remove_index(item->recipients, i - 1);
  }
  if (item->recipients->len == 0) {
    queue_tell(item, "delivered");
    queue_finish(item);
    return;
  }
  queue_set_reason(item, "4.2.2 The mailbox is full");
  queue_defer(item);
}
