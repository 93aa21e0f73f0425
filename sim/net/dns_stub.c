/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_stub.c -- what a host asks its resolvers.
 *
 *   net_resolve ─> first resolver ─answer─────────────> done
 *                   │ nothing in 2 s, SERVFAIL, REFUSED, unreachable
 *                   └> next resolver … after the last the first again, three rounds ─> DNS_FAILED
 *
 * A resolver that refuses or cannot be reached is not asked again. RFC 1035 7, RFC 1123 6.1.3.3.
 * `done` is always called from the event loop, never from inside net_resolve(). Nothing is cached
 * here: that is the resolver's part (dns_resolver.c). */
#include <string.h>

#include "sim/net/dns_exchange.h"
#include "sim/net/dns_rr.h"

enum { ROUNDS_MAX = 3, ANSWERS_MAX = 64, QUERIES_MAX = 4096 };
#define TRY_NS (INT64_C(2) * 1000000000)

typedef void (*resolved)(void *data, enum dns_status status, const struct dns_answer *answers,
                         unsigned n_answers);

struct query {
  struct host *host;
  char name[DNS_NAME_TEXT_MAX];
  uint16_t type;
  unsigned server, round;
  bool is_dead[HOST_DNS_MAX];
  uint64_t timer;
  struct dns_exchange *exchange;
  resolved done;
  void *data;
};

struct dns_stub {
  GPtrArray *queries;
  struct dns_asker *asker;
};

static void
query_free(struct query *q)
{
  if (q->timer)
    world_cancel(q->host->net->world, q->timer);
  g_free(q);
}

static void
finish(struct query *q, enum dns_status status, const struct dns_answer *answers,
       unsigned n_answers)
{
  resolved done = q->done;
  void *data = q->data;
  g_ptr_array_remove(q->host->stub->queries, q);
  query_free(q);
  done(data, status, answers, n_answers);
}

/* By preference; equal ones stay as they came. */
static void
sort_answers(struct dns_answer *a, unsigned n)
{
  for (unsigned i = 1; i < n; i++) {
    struct dns_answer x = a[i];
    unsigned k = i;
    for (; k > 0 && a[k - 1].preference > x.preference; k--)
      a[k] = a[k - 1];
    a[k] = x;
  }
}

/* The records of the wanted type; CNAMEs before them were followed by the resolver. */
static unsigned
read_answers(const struct query *q, const uint8_t *p, size_t n, size_t at, unsigned count,
             struct dns_answer out[ANSWERS_MAX])
{
  unsigned n_out = 0;
  g_autoptr(GArray) records = dns_rrs_new();
  dns_rrs_read(p, n, &at, count, records, NULL, NULL);
  for (unsigned i = 0; i < records->len && n_out < ANSWERS_MAX; i++) {
    const struct dns_rr *r = dns_rrs_at(records, i);
    if (r->type != q->type)
      continue;
    struct dns_answer *a = &out[n_out++];
    *a = (struct dns_answer){.preference = r->preference, .addr = r->addr, .ttl_s = r->ttl_s};
    g_strlcpy(a->name, r->target ? r->target : r->name, sizeof a->name);
  }
  sort_answers(out, n_out);
  return n_out;
}

static void ask(void *data);

/* On to the next resolver that may still answer, or to the end. */
static void
ask_next(struct query *q)
{
  for (unsigned i = 0; i < HOST_DNS_MAX; i++) {
    q->server++;
    if (q->server == HOST_DNS_MAX || q->host->dns[q->server].version == 0) {
      q->server = 0;
      q->round++;
    }
    if (q->round == ROUNDS_MAX)
      break;
    if (!q->is_dead[q->server]) {
      ask(q);
      return;
    }
  }
  finish(q, DNS_FAILED, NULL, 0);
}

static void
exchanged(void *data, enum dns_exchange_end how, const uint8_t *message, size_t n)
{
  struct query *q = data;
  struct dns_head head;
  struct dns_question question;
  q->exchange = NULL;
  if (how != DNS_EXCHANGE_ANSWERED) {
    q->is_dead[q->server] = how == DNS_EXCHANGE_UNREACHABLE;
    ask_next(q);
    return;
  }
  size_t at = dns_head_get(message, n, &head);
  if (head.rcode == DNS_RCODE_NO_NAME) {
    finish(q, DNS_NO_NAME, NULL, 0);
  } else if (head.rcode != DNS_RCODE_OK || !dns_question_get(message, n, &at, &question)) {
    q->is_dead[q->server] = true;
    ask_next(q);
  } else {
    struct dns_answer answers[ANSWERS_MAX];
    unsigned n_answers = read_answers(q, message, n, at, head.n_answers, answers);
    finish(q, n_answers ? DNS_FOUND : DNS_NO_DATA, answers, n_answers);
  }
}

static void
ask(void *data)
{
  struct query *q = data;
  struct host *h = q->host;
  uint8_t wire[DNS_NAME_MAX];
  q->timer = 0;
  if (q->round == ROUNDS_MAX || h->dns[0].version == 0 || dns_name_put(wire, q->name) == 0) {
    if (h->dns[0].version == 0)
      host_log(h, "dns", "no resolver is set: %s cannot be looked up",
               "ไม่ได้กำหนดรีโซลเวอร์ไว้ จึงค้นหา %s ไม่ได้", q->name);
    finish(q, DNS_FAILED, NULL, 0);
    return;
  }
  const struct dns_ask what = {.to = h->dns[q->server],
                               .name = q->name,
                               .type = q->type,
                               .recursion_desired = true,
                               .timeout_ns = TRY_NS};
  q->exchange = dns_ask(h->stub->asker, &what, exchanged, q);
}

void
net_resolve(struct net *n, uint32_t host, const char *name, uint16_t type, resolved done,
            void *data)
{
  struct host *h = n->hosts[host];
  if (!h->stub) {
    h->stub = g_new0(struct dns_stub, 1);
    h->stub->queries = g_ptr_array_new();
    h->stub->asker = dns_asker_new(h, "dns ids");
  }
  struct query *q = g_new0(struct query, 1);
  *q = (struct query){.host = h, .type = type, .done = done, .data = data};
  if (h->stub->queries->len >= QUERIES_MAX)
    q->round = ROUNDS_MAX; /* fails at once: nobody waits for so many names */
  g_strlcpy(q->name, name, sizeof q->name);
  g_ptr_array_add(h->stub->queries, q);
  q->timer = world_at(n->world, world_now(n->world), WORLD_APP, host, ask, q);
}

void
dns_stub_clear(struct host *h)
{
  if (!h->stub)
    return;
  for (unsigned i = 0; i < h->stub->queries->len; i++)
    query_free(h->stub->queries->pdata[i]);
  g_ptr_array_free(h->stub->queries, TRUE);
  dns_asker_free(h->stub->asker);
  g_free(h->stub);
}
