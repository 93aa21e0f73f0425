/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_send.c -- one attempt: host after host until one has decided about every recipient.
 *
 *     next address ─> connect, SMTP client ─┬ 250, 5yz: that recipient is done
 *        ^  no answer, 421: the next host <─┤
 *        │                                  ├ 452 too many recipients, others taken: again at once
 *        └──────────────────────────────────┴ other 4yz: the message waits
 *
 * RFC 5321 5.1 (every address is tried), 4.5.4.1, 4.5.3.1.10; 3461 5.2 (who reports success). */
#include <string.h>

#include "sim/mail/dsn.h"
#include "sim/mail/queue_private.h"

/* Good and bad news of an attempt, told together. */
static void
report_results(struct queue_item *item, const struct smtp_recipient_result *results, unsigned n)
{
  struct queue *q = item->queue;
  g_autofree struct queue_fate *failed = g_new0(struct queue_fate, n);
  g_autofree struct queue_fate *relayed = g_new0(struct queue_fate, n);
  unsigned n_failed = 0, n_relayed = 0;
  for (unsigned i = 0; i < n; i++) {
    const struct queue_fate fate = {.recipient = item->recipients->pdata[i],
                                    .reason = results[i].text,
                                    .code = results[i].code,
                                    .remote = item->exchange};
    if (results[i].outcome == SMTP_OUTCOME_PERMANENT)
      failed[n_failed++] = fate;
    else if (results[i].outcome == SMTP_OUTCOME_ACCEPTED && !results[i].is_dsn_passed_on)
      relayed[n_relayed++] = fate;
  }
  if (n_failed > 0)
    queue_tell(item, "failed via=%s reason=%s", item->exchange, failed[0].reason);
  queue_report(q, item->message, DSN_FAILED, failed, n_failed);
  queue_report(q, item->message, item->transport == QUEUE_LMTP ? DSN_DELIVERED : DSN_RELAYED,
               relayed, n_relayed);
}

/* Why this host did not take it: its words, or what became of the connection (RFC 3463 3.5). */
static void
keep_reason(struct queue_item *item, const struct smtp_recipient_result *result)
{
  const char *trouble = ports_trouble(item->queue->config.ports);
  g_autofree char *reason = result->code != 0
                                ? g_strdup(result->text)
                                : g_strdup_printf("%s %s: %s", trouble ? "4.4.1" : "4.4.2",
                                                  item->exchange, trouble ? trouble : result->text);
  queue_set_reason(item, reason);
}

static void
sent(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct queue_item *item = data;
  g_assert(n == item->recipients->len);
  unsigned n_accepted = 0;
  bool has_answered = false, has_too_many = false;
  for (unsigned i = 0; i < n; i++) {
    const struct smtp_recipient_result *r = &results[i];
    n_accepted += r->outcome == SMTP_OUTCOME_ACCEPTED;
    has_answered |= r->code != 0 && r->code != 421;
    has_too_many |=
        r->outcome == SMTP_OUTCOME_TEMPORARY && r->code == 452 && strncmp(r->text, "4.5.3", 5) == 0;
  }
  report_results(item, results, n);
  if (n_accepted > 0)
    queue_tell(item, "sent via=%s recipients=%u", item->exchange, n_accepted);
  for (unsigned i = n; i > 0; i--) {
    if (results[i - 1].outcome == SMTP_OUTCOME_TEMPORARY)
      keep_reason(item, &results[i - 1]);
    else
      g_ptr_array_remove_index(item->recipients, i - 1);
  }
  item->saw_temporary = true;
  if (item->recipients->len == 0)
    queue_finish(item);
  else if (has_too_many && n_accepted > 0) { /* each time fewer are left */
    item->next_address--;
    queue_try_next(item);
  } else if (has_answered)
    queue_defer(item);
  else
    queue_try_next(item);
}

static void
connect_to(struct queue_item *item, const struct ip_addr *addr)
{
  struct queue *q = item->queue;
  const struct queue_message *m = item->message;
  g_autofree struct envelope_recipient *to =
      g_new0(struct envelope_recipient, item->recipients->len);
  for (guint i = 0; i < item->recipients->len; i++) {
    const struct queue_recipient *r = item->recipients->pdata[i];
    to[i] =
        (struct envelope_recipient){.address = r->address, .orcpt = r->orcpt, .notify = r->notify};
  }
  struct smtp_client_config config = {
      .name = q->name,
      .is_lmtp = item->transport == QUEUE_LMTP,
      .tls_use = q->config.secure ? q->config.secure->use : TLS_NEVER,
      .envelope = *m->envelope,
      .octets = m->octets,
      .done = sent,
      .data = item,
  };
  if (q->config.sends) {
    config.pipelines = q->config.sends->pipelines;
    config.chunks = q->config.sends->chunks;
    config.chunk_octets = q->config.sends->chunk_octets;
    config.sends_bare = q->config.sends->bare;
  }
  config.envelope.recipients = to;
  config.envelope.n_recipients = item->recipients->len;
  config.envelope.size = 0; /* what a client has declared was without our Received header */
  char text[ADDR_TEXT_MAX];
  queue_tell(item, "sending attempt=%u via=%s address=%s", item->n_attempts, item->exchange,
             ip_addr_format(addr, text));
  struct endpoint *client = smtp_client_new(&config);
  if (q->config.secure)
    client = secure_connect(q->config.secure, client, item->exchange);
  ports_connect(q->config.ports, q->config.host, addr, item->port, client, NULL, NULL);
}

void
queue_try_next(struct queue_item *item)
{
  if (item->next_address < item->n_addresses) {
    connect_to(item, &item->addresses[item->next_address++]);
    return;
  }
  if (queue_next_exchange(item))
    return;
  if (item->saw_temporary) {
    queue_defer(item);
    return;
  }
  g_autofree char *reason = g_strdup(item->reason ? item->reason : "5.4.4 There is no way to it");
  queue_fail_all(item, reason);
}
