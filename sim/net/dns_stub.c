/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_stub.c -- what a host asks its resolver: one question, one UDP port and one id each time.
 *
 *   net_resolve ─> question ─answer─> done      no answer: again after 2 s, three times ─>
 * DNS_FAILED
 *
 * RFC 1035 7, RFC 5452 (random ids and ports; id, address, port and question must fit). `done` is
 * always called from the event loop, never from inside net_resolve(). Nothing is cached here: that
 * is the resolver's part (dns_server.c). */
#include <string.h>

#include "capture/wire/dns.h"
#include "sim/net/host.h"

enum { TRIES_MAX = 3, ANSWERS_MAX = 64, QUERIES_MAX = 4096 };
#define TRY_NS (INT64_C(2) * 1000000000)

typedef void (*resolved)(void *data, enum dns_status status, const struct dns_answer *answers,
                         unsigned n_answers);

struct query {
  struct host *host;
  char name[256];
  uint16_t type, id, port;
  unsigned n_tries;
  uint64_t timer;
  resolved done;
  void *data;
};

struct dns_stub {
  GPtrArray *queries;
  struct random_stream ids;
};

static void
query_free(struct query *q)
{
  if (q->timer)
    world_cancel(q->host->net->world, q->timer);
  if (q->port)
    udp_unbind(q->host, q->port);
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
  for (unsigned i = 0; i < count && n_out < ANSWERS_MAX; i++) {
    struct dns_record r;
    char name[DNS_NAME_TEXT_MAX];
    struct dns_answer a = {0};
    if (!dns_record_get(p, n, &at, &r))
      break;
    if (r.type != q->type || r.class != DNS_CLASS_IN)
      continue;
    if (q->type == DNS_TYPE_A && dns_record_address(p, &r, &a.addr))
      g_strlcpy(a.name, r.name, sizeof a.name);
    else if (q->type == DNS_TYPE_MX && dns_record_name(p, n, &r, name, &a.preference))
      g_strlcpy(a.name, name, sizeof a.name);
    else
      continue;
    out[n_out++] = a;
  }
  sort_answers(out, n_out);
  return n_out;
}

static void
take(struct query *q, const uint8_t *p, size_t n, size_t at, const struct dns_head *head)
{
  struct dns_answer answers[ANSWERS_MAX];
  if (head->rcode == DNS_RCODE_NO_NAME) {
    finish(q, DNS_NO_NAME, NULL, 0);
    return;
  }
  if (head->rcode != DNS_RCODE_OK || head->truncated) {
    finish(q, DNS_FAILED, NULL, 0);
    return;
  }
  unsigned n_answers = read_answers(q, p, n, at, head->n_answers, answers);
  finish(q, n_answers ? DNS_FOUND : DNS_NO_DATA, answers, n_answers);
}

static void
receive(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  struct query *q = data;
  struct dns_head head;
  struct dns_question question;
  size_t at = dns_head_get(p, n, &head);
  if (!at || !head.response || head.id != q->id || from_port != DNS_PORT ||
      !ip_addr_equal(from, &q->host->dns) || head.n_questions != 1 ||
      !dns_question_get(p, n, &at, &question) || question.type != q->type ||
      !dns_name_equal(question.name, q->name))
    return; /* not the answer to our question */
  take(q, p, n, at, &head);
}

/* Port unreachable: nobody resolves there, and waiting will not help. */
static void
failed(void *data, const struct ip_error *e)
{
  struct query *q = data;
  if (e->trouble <= IP_PROHIBITED)
    finish(q, DNS_FAILED, NULL, 0);
}

static void
ask(void *data)
{
  struct query *q = data;
  struct host *h = q->host;
  struct world *w = h->net->world;
  q->timer = 0;
  if (q->port)
    udp_unbind(h, q->port);
  q->port = 0;
  uint8_t message[DNS_UDP_MAX];
  q->id = (uint16_t)random_next(&h->stub->ids);
  struct dns_head head = {.id = q->id, .recursion_desired = true};
  struct dns_writer writer;
  dns_writer_begin(&writer, message, sizeof message, &head);
  dns_writer_question(&writer, q->name, q->type, DNS_CLASS_IN);
  size_t n = dns_writer_end(&writer);
  if (q->n_tries == TRIES_MAX || n == 0 || h->dns.version == 0) {
    if (h->dns.version == 0)
      host_log(h, "dns", "no resolver is set: %s cannot be looked up",
               "ไม่ได้กำหนดรีโซลเวอร์ไว้ จึงค้นหา %s ไม่ได้", q->name);
    finish(q, DNS_FAILED, NULL, 0);
    return;
  }
  q->n_tries++;
  q->port = udp_bind(h, 0, receive, failed, q);
  q->timer = world_at(w, world_now(w) + TRY_NS, WORLD_TIMER, h->index, ask, q);
  if (q->port)
    udp_send(h, q->port, &h->dns, DNS_PORT, message, n);
}

void
net_resolve(struct net *n, uint32_t host, const char *name, uint16_t type, resolved done,
            void *data)
{
  struct host *h = n->hosts[host];
  if (!h->stub) {
    h->stub = g_new0(struct dns_stub, 1);
    h->stub->queries = g_ptr_array_new();
    h->stub->ids = world_random(n->world, host, "dns ids");
  }
  struct query *q = g_new0(struct query, 1);
  *q = (struct query){.host = h, .type = type, .done = done, .data = data};
  if (h->stub->queries->len >= QUERIES_MAX)
    q->n_tries = TRIES_MAX; /* fails at once: nobody waits for so many names */
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
  g_free(h->stub);
}
