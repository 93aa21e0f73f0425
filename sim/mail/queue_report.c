/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_report.c -- which reports a sender gets.
 *
 *     failed     unless NOTIFY=NEVER or another list without FAILURE      (RFC 3461 5.2)
 *     delayed    once, after `warn`, when nothing or DELAY was asked for
 *     delivered  only when SUCCESS was asked for; relayed when the next host knows no DSN
 *
 * A report goes out with the null sender (RFC 5321 6.1, 3461 6.1). When a message with the null
 * sender fails, nobody is asked again: it goes to the postmaster if there is one by that name, else
 * it is dropped, and both are told. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/dsn.h"
#include "sim/mail/queue_private.h"

static bool
is_wanted(const struct queue_recipient *r, enum dsn_action action)
{
  switch (action) {
  case DSN_FAILED:
    return r->notify == 0 || r->notify & ENVELOPE_NOTIFY_FAILURE;
  case DSN_DELAYED:
    return r->notify == 0 || r->notify & ENVELOPE_NOTIFY_DELAY;
  default:
    return r->notify & ENVELOPE_NOTIFY_SUCCESS;
  }
}

/* A report that failed: to the postmaster's mailbox, or away. */
static void
drop(struct queue *q, const struct queue_message *m, const struct queue_fate *fate)
{
  g_autofree char *name = directory_address(q->config.directory, "postmaster");
  g_autoptr(GPtrArray) found = directory_resolve(q->config.directory, name);
  const struct directory_target *t = found->pdata[0];
  bool is_real = t->kind == DIRECTORY_MAILBOX &&
                 (t->via || g_ascii_strcasecmp(t->user->name, "postmaster") == 0);
  const struct queue_recipient postmaster = {.address = t->address, .user = t->user};
  bool is_kept = is_real && !q->lmtp_host && queue_deliver(q, m, &postmaster);
  world_emit(q->world, q->config.host, "mail-queue", m->id, "from=<> to=<%s> state=%s reason=%s",
             fate->recipient->address, is_kept ? "given-to-postmaster" : "dropped",
             fate->reason ? fate->reason : "");
  world_emit(q->world, q->config.host, "log", "mail-queue", "%s",
             is_kept
                 ? lang_text("a report that cannot be delivered goes to the postmaster",
                             "รายงานที่ส่งไม่ถึงผู้รับถูกส่งให้ postmaster")
                 : lang_text("a report that cannot be delivered is dropped: nobody is told of it",
                             "รายงานที่ส่งไม่ถึงผู้รับถูกทิ้งไป ไม่มีการแจ้งใครอีก"));
  world_emit(q->world, q->config.host, "mail-queue", m->id, "%s", "");
}

static char *
diagnostic_of(const struct queue_fate *f)
{
  if (!f->reason)
    return NULL;
  return f->code ? g_strdup_printf("%u %s", f->code, f->reason) : g_strdup(f->reason);
}

void
queue_report(struct queue *q, const struct queue_message *m, unsigned action,
             const struct queue_fate *fates, unsigned n)
{
  const struct envelope *e = m->envelope;
  g_autoptr(GArray) told = g_array_new(FALSE, TRUE, sizeof(struct dsn_recipient));
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  for (unsigned i = 0; i < n; i++) {
    const struct queue_fate *f = &fates[i];
    if (!*e->sender && action == DSN_FAILED)
      drop(q, m, f);
    if (!*e->sender || !is_wanted(f->recipient, action))
      continue;
    char class_digit = action == DSN_FAILED ? '5' : action == DSN_DELAYED ? '4' : '2';
    char *status = dsn_status(f->reason ? f->reason : "", class_digit);
    char *diagnostic = diagnostic_of(f);
    g_ptr_array_add(texts, status);
    g_ptr_array_add(texts, diagnostic);
    const struct dsn_recipient r = {.address = f->recipient->address,
                                    .orcpt = f->recipient->orcpt,
                                    .status = status,
                                    .diagnostic = diagnostic,
                                    .remote = f->code ? f->remote : NULL};
    g_array_append_val(told, r);
  }
  if (told->len == 0)
    return;
  g_autofree char *id = g_strdup_printf("R%05u", ++q->n_reports);
  const struct dsn d = {.action = action,
                        .host = q->name,
                        .to = e->sender,
                        .id = id,
                        .envid = e->envid,
                        .recipients = (const struct dsn_recipient *)(const void *)told->data,
                        .n_recipients = told->len,
                        .arrival_ns = m->since_ns,
                        .until_ns = m->since_ns + q->config.expire_ns,
                        .octets = m->octets,
                        .returns_all = e->ret == ENVELOPE_RET_FULL,
                        .returns_heads = e->ret == ENVELOPE_RET_HDRS,
                        .is_utf8 = e->is_utf8};
  g_autoptr(GBytes) report = dsn_write(&d, queue_now(q));
  const struct envelope_recipient to = {.address = e->sender, .notify = ENVELOPE_NOTIFY_NEVER};
  const struct envelope envelope = {.sender = "",
                                    .recipients = &to,
                                    .n_recipients = 1,
                                    .body = e->body == ENVELOPE_BODY_7BIT ? ENVELOPE_BODY_7BIT
                                                                          : ENVELOPE_BODY_8BITMIME,
                                    .is_utf8 = e->is_utf8};
  queue_submit_own(q, &envelope, report);
}

void
queue_fail_all(struct queue_item *item, const char *reason)
{
  g_autofree struct queue_fate *fates = g_new0(struct queue_fate, item->recipients->len);
  for (guint i = 0; i < item->recipients->len; i++)
    fates[i] = (struct queue_fate){.recipient = item->recipients->pdata[i], .reason = reason};
  queue_tell(item, "failed reason=%s", reason);
  queue_report(item->queue, item->message, DSN_FAILED, fates, item->recipients->len);
  queue_finish(item);
}
