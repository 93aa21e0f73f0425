/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_server.c -- port 53 of a host: answers for its own zones, and resolves for others.
 *
 *   question ─> a zone of ours? ─────────> answer with authority: records, NODATA or NXDOMAIN with
 * SOA └> resolver? in the cache? ─> answer from it, with the TTL that is left else ask the zone's
 * server by UDP ─> remember ─> answer └> else REFUSED
 *
 * CNAMEs are followed, at most DNS_CHAIN_MAX. RFC 1034 4.3.2, 2308 (negative caching), 5452 (ids
 * and ports are random). SIMPLIFIED: the resolver knows which host serves a zone instead of walking
 * down from the root; a name outside all zones does not exist. Not here: TCP, EDNS. */
#include <string.h>

#include "sim/net/build.h"
#include "sim/net/dns_zone.h"

enum { CACHE_MAX = 10000, JOBS_MAX = 1024, TRIES_MAX = 3 };
#define TRY_NS (INT64_C(2) * 1000000000)
#define SECOND INT64_C(1000000000)

struct cache_entry {
  int64_t until_ns;
  uint8_t rcode;
  GArray *records; /* struct dns_rr; empty: NODATA or NXDOMAIN */
};

struct client {
  struct ip_addr addr;
  uint16_t port;
  struct dns_head head;
  struct dns_question question; /* as it was asked */
};

/* A question of a client that waits for other servers. */
struct job {
  struct dns_server *server;
  struct client client;
  char name[DNS_NAME_TEXT_MAX]; /* what is looked for now: the end of the chain */
  GArray *chain;                /* the CNAMEs so far */
  const struct zone *zone;
  uint16_t id, port;
  unsigned n_tries;
  uint64_t timer;
};

struct dns_server {
  struct host *host;
  bool is_resolver;
  GHashTable *cache; /* "name/type" → struct cache_entry */
  GPtrArray *jobs;
  struct random_stream ids;
};

struct reply {
  uint8_t rcode;
  bool authoritative;
  const struct zone *soa; /* of a negative answer, or NULL */
  GArray *answers, *additionals;
};

/* ---- answering ---- */

static void
send_reply(struct dns_server *s, const struct client *c, const struct reply *r)
{
  uint8_t message[DNS_UDP_MAX];
  struct dns_head head = {.id = c->head.id,
                          .response = true,
                          .authoritative = r->authoritative,
                          .recursion_desired = c->head.recursion_desired,
                          .recursion_available = s->is_resolver,
                          .rcode = r->rcode};
  struct dns_writer w;
  dns_writer_begin(&w, message, sizeof message, &head);
  dns_writer_question(&w, c->question.name, c->question.type, c->question.class);
  dns_rrs_write(&w, DNS_ANSWER, r->answers);
  if (r->soa)
    zone_write_soa(&w, r->soa);
  dns_rrs_write(&w, DNS_ADDITIONAL, r->additionals);
  size_t n = dns_writer_end(&w);
  if (n == 0) { /* too long for UDP: say so, with the question alone */
    head.truncated = true;
    dns_writer_begin(&w, message, sizeof message, &head);
    dns_writer_question(&w, c->question.name, c->question.type, c->question.class);
    n = dns_writer_end(&w);
  }
  udp_send(s->host, DNS_PORT, &c->addr, c->port, message, n);
}

static void
reply_init(struct reply *r)
{
  *r = (struct reply){.answers = dns_rrs_new(), .additionals = dns_rrs_new()};
}

static void
reply_clear(struct reply *r)
{
  g_array_free(r->answers, TRUE);
  g_array_free(r->additionals, TRUE);
}

static void
reply_code(struct dns_server *s, const struct client *c, uint8_t rcode)
{
  struct reply r;
  reply_init(&r);
  r.rcode = rcode;
  send_reply(s, c, &r);
  reply_clear(&r);
}

static void
append_copies(GArray *to, const GArray *from)
{
  for (unsigned i = 0; i < from->len; i++) {
    struct dns_rr copy = dns_rr_copy(&g_array_index(from, struct dns_rr, i));
    g_array_append_val(to, copy);
  }
}

/* ---- the cache ---- */

static char *
cache_key(const char *name, uint16_t type)
{
  g_autofree char *lower = g_ascii_strdown(name, -1);
  return g_strdup_printf("%s/%u", lower, type);
}

static void
cache_entry_free(struct cache_entry *e)
{
  g_array_free(e->records, TRUE);
  g_free(e);
}

static void
tell_cache(struct dns_server *s, const char *name, uint16_t type, const struct cache_entry *e)
{
  struct world *w = s->host->net->world;
  if (!world_wants_events(w))
    return;
  const char *type_name = dns_type_name(type);
  g_autofree char *key = g_strdup_printf("%s %s", name, type_name ? type_name : "?");
  g_autoptr(GString) value = g_string_new(NULL);
  for (unsigned i = 0; i < e->records->len; i++) {
    const struct dns_rr *r = &g_array_index(e->records, struct dns_rr, i);
    char addr[ADDR_TEXT_MAX];
    if (r->type == DNS_RR_A)
      g_string_append_printf(value, "%s ", ip_addr_format(&r->addr, addr));
    else if (r->type == DNS_RR_MX)
      g_string_append_printf(value, "%u %s ", r->preference, r->target);
    else
      g_string_append_printf(value, "%s ", r->target);
  }
  if (e->records->len == 0)
    g_string_append_printf(value, "%s ", e->rcode == DNS_RCODE_NO_NAME ? "NXDOMAIN" : "NODATA");
  g_string_append_printf(value, "ttl=%" G_GINT64_FORMAT, (e->until_ns - world_now(w)) / SECOND);
  world_emit(w, s->host->index, "dns", key, "%s", value->str);
}

static void
cache_put(struct dns_server *s, const char *name, uint16_t type, uint8_t rcode, uint32_t ttl_s,
          const GArray *records)
{
  if (ttl_s == 0 || g_hash_table_size(s->cache) >= CACHE_MAX)
    return;
  struct cache_entry *e = g_new0(struct cache_entry, 1);
  e->until_ns = world_now(s->host->net->world) + ttl_s * SECOND;
  e->rcode = rcode;
  e->records = dns_rrs_new();
  append_copies(e->records, records);
  tell_cache(s, name, type, e);
  g_hash_table_replace(s->cache, cache_key(name, type), e);
}

/* NULL when nothing fresh is there. The records' TTLs are set to what is left. */
static const struct cache_entry *
cache_get(struct dns_server *s, const char *name, uint16_t type)
{
  g_autofree char *key = cache_key(name, type);
  struct cache_entry *e = g_hash_table_lookup(s->cache, key);
  int64_t now = world_now(s->host->net->world);
  if (!e)
    return NULL;
  if (e->until_ns <= now) {
    g_hash_table_remove(s->cache, key);
    return NULL;
  }
  for (unsigned i = 0; i < e->records->len; i++)
    g_array_index(e->records, struct dns_rr, i).ttl_s = (uint32_t)((e->until_ns - now) / SECOND);
  return e;
}

/* ---- with authority: RFC 1034 4.3.2 step 3 ---- */

/* Addresses of the hosts that answers name save the client a question. */
static void
add_addresses(struct dns_server *s, struct reply *r)
{
  for (unsigned i = 0; i < r->answers->len; i++) {
    const struct dns_rr *a = &g_array_index(r->answers, struct dns_rr, i);
    if (a->type != DNS_RR_MX && a->type != DNS_RR_NS)
      continue;
    if (zone_lookup(s->host->net, s->host->index, a->target, DNS_RR_A, r->additionals) > 0)
      continue;
    const struct cache_entry *e = s->is_resolver ? cache_get(s, a->target, DNS_RR_A) : NULL;
    if (e)
      append_copies(r->additionals, e->records);
  }
}

/* Answers from our zones as far as they go. False when the chain leaves them; then `name` is where.
 */
static bool
answer_from_zones(struct dns_server *s, uint16_t type, char name[DNS_NAME_TEXT_MAX],
                  struct reply *r)
{
  struct net *n = s->host->net;
  for (unsigned i = 0; i <= DNS_CHAIN_MAX; i++) {
    const struct zone *z = zone_find(n, name);
    if (!z || z->server != s->host->index)
      return false;
    if (zone_lookup(n, s->host->index, name, type, r->answers) > 0)
      return true;
    if (zone_lookup(n, s->host->index, name, DNS_RR_CNAME, r->answers) == 0) {
      r->rcode = zone_has_name(z, name) ? DNS_RCODE_OK : DNS_RCODE_NO_NAME;
      r->soa = z;
      return true;
    }
    const struct dns_rr *cname = &g_array_index(r->answers, struct dns_rr, r->answers->len - 1);
    g_strlcpy(name, cname->target, DNS_NAME_TEXT_MAX);
  }
  r->rcode = DNS_RCODE_SERVER; /* a ring of CNAMEs */
  return true;
}

/* ---- resolving ---- */

static void job_ask(void *data);

static void
job_free(struct job *j)
{
  if (j->timer)
    world_cancel(j->server->host->net->world, j->timer);
  if (j->port)
    udp_unbind(j->server->host, j->port);
  g_array_free(j->chain, TRUE);
  g_free(j);
}

static void
job_finish(struct job *j, uint8_t rcode, const GArray *records, const struct zone *soa)
{
  struct dns_server *s = j->server;
  struct reply r;
  reply_init(&r);
  r.rcode = rcode;
  r.soa = soa;
  append_copies(r.answers, j->chain);
  if (records)
    append_copies(r.answers, records);
  add_addresses(s, &r);
  send_reply(s, &j->client, &r);
  reply_clear(&r);
  g_ptr_array_remove(s->jobs, j);
  job_free(j);
}

/* Goes on with j->name: from the cache, from our zones, or by asking. */
static void
job_go_on(struct job *j)
{
  struct dns_server *s = j->server;
  uint16_t type = j->client.question.type;
  for (unsigned i = 0;; i++) {
    const struct cache_entry *e = cache_get(s, j->name, type);
    const struct cache_entry *cname = e ? NULL : cache_get(s, j->name, DNS_RR_CNAME);
    if (e) {
      job_finish(j, e->rcode, e->records,
                 e->records->len ? NULL : zone_find(s->host->net, j->name));
      return;
    }
    if (!cname || cname->records->len == 0)
      break;
    if (i == DNS_CHAIN_MAX || j->chain->len >= DNS_CHAIN_MAX) {
      job_finish(j, DNS_RCODE_SERVER, NULL, NULL);
      return;
    }
    append_copies(j->chain, cname->records);
    g_strlcpy(j->name, g_array_index(cname->records, struct dns_rr, 0).target, sizeof j->name);
  }
  j->zone = zone_find(s->host->net, j->name);
  if (!j->zone) {
    job_finish(j, DNS_RCODE_NO_NAME, NULL, NULL);
    return;
  }
  if (j->zone->server == s->host->index) {
    struct reply r;
    reply_init(&r);
    bool is_whole = answer_from_zones(s, type, j->name, &r);
    if (is_whole)
      job_finish(j, r.rcode, r.answers, r.soa);
    else if (j->chain->len + r.answers->len > DNS_CHAIN_MAX)
      job_finish(j, DNS_RCODE_SERVER, NULL, NULL);
    else
      append_copies(j->chain, r.answers);
    reply_clear(&r);
    if (!is_whole && g_ptr_array_find(s->jobs, j, NULL))
      job_go_on(j);
    return;
  }
  j->n_tries = 0;
  job_ask(j);
}

/* The records of one section, as far as they are of the kinds that are kept. */
static GArray *
read_section(const uint8_t *p, size_t n, size_t *at, unsigned count)
{
  GArray *out = dns_rrs_new();
  for (unsigned i = 0; i < count; i++) {
    struct dns_record r;
    char target[DNS_NAME_TEXT_MAX];
    if (!dns_record_get(p, n, at, &r))
      break;
    struct dns_rr rr = {.type = r.type, .ttl_s = r.ttl_s};
    if (dns_record_address(p, &r, &rr.addr)) {
      if (rr.addr.version != 4)
        continue;
    } else if (dns_record_name(p, n, &r, target, &rr.preference)) {
      rr.target = g_ascii_strdown(target, -1);
    } else if (r.type == DNS_RR_TXT && r.data_octets > 0) {
      uint8_t length = p[r.data_at];
      rr.target = g_strndup((const char *)p + r.data_at + 1, MIN(length, r.data_octets - 1));
    } else {
      continue;
    }
    rr.name = g_ascii_strdown(r.name, -1);
    g_array_append_val(out, rr);
  }
  return out;
}

static uint32_t
ttl_of(const GArray *records)
{
  uint32_t ttl = UINT32_MAX;
  for (unsigned i = 0; i < records->len; i++)
    ttl = MIN(ttl, g_array_index(records, struct dns_rr, i).ttl_s);
  return records->len ? ttl : 0;
}

/* Keeps the records of a name and type together. */
static void
remember(struct dns_server *s, const GArray *all, const char *name, uint16_t type)
{
  g_autoptr(GArray) same = dns_rrs_new();
  for (unsigned i = 0; i < all->len; i++) {
    const struct dns_rr *r = &g_array_index(all, struct dns_rr, i);
    if (r->type != type || !dns_name_equal(r->name, name))
      continue;
    struct dns_rr copy = dns_rr_copy(r);
    g_array_append_val(same, copy);
  }
  if (same->len > 0)
    cache_put(s, name, type, DNS_RCODE_OK, ttl_of(same), same);
}

/* The SOA's minimum and its own TTL bound how long "no" is remembered (RFC 2308 5). */
static uint32_t
negative_ttl(const uint8_t *p, size_t n, size_t at, unsigned count)
{
  struct dns_record r;
  for (unsigned i = 0; i < count && dns_record_get(p, n, &at, &r); i++)
    if (r.type == DNS_RR_SOA && r.data_octets >= 4) {
      const uint8_t *m = p + r.data_at + r.data_octets - 4;
      uint32_t minimum = (uint32_t)m[0] << 24 | (uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3];
      return MIN(minimum, r.ttl_s);
    }
  return 0;
}

/* An answer that fits the question: everything in it is remembered, then the job goes on. */
static void
job_take(struct job *j, const uint8_t *p, size_t n, size_t at, const struct dns_head *head)
{
  struct dns_server *s = j->server;
  uint16_t type = j->client.question.type;
  g_autoptr(GArray) answers = read_section(p, n, &at, head->n_answers);
  uint32_t no_ttl_s = negative_ttl(p, n, at, head->n_authorities);
  g_array_unref(
      read_section(p, n, &at, head->n_authorities)); /* passed over: only the SOA counts */
  g_autoptr(GArray) additionals = read_section(p, n, &at, head->n_additionals);
  g_autofree char *asked = g_strdup(j->name);
  for (unsigned i = 0; i < answers->len; i++) {
    const struct dns_rr *r = &g_array_index(answers, struct dns_rr, i);
    remember(s, answers, r->name, r->type);
  }
  /* Only addresses in the server's own zone: others could say anything (RFC 5452 6). */
  for (unsigned i = 0; i < additionals->len; i++) {
    const struct dns_rr *r = &g_array_index(additionals, struct dns_rr, i);
    if (r->type == DNS_RR_A && zone_find(s->host->net, r->name) == j->zone)
      remember(s, additionals, r->name, r->type);
  }
  bool is_no =
      answers->len == 0 && (head->rcode == DNS_RCODE_OK || head->rcode == DNS_RCODE_NO_NAME);
  if (is_no) {
    cache_put(s, asked, type, head->rcode, no_ttl_s, answers);
    job_finish(j, head->rcode, NULL, j->zone);
  } else if (answers->len == 0) {
    job_finish(j, DNS_RCODE_SERVER, NULL, NULL);
  } else if (!cache_get(s, asked, type) && !cache_get(s, asked, DNS_RR_CNAME)) {
    job_finish(j, DNS_RCODE_OK, answers, NULL); /* TTL 0: passed on, not kept */
  } else {
    job_go_on(j);
  }
}

static void
job_receive(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  struct job *j = data;
  struct ip_addr server = net_host_info(j->server->host->net, j->zone->server).addr;
  struct dns_head head;
  struct dns_question q;
  size_t at = dns_head_get(p, n, &head);
  if (!at || !head.response || head.id != j->id || from_port != DNS_PORT ||
      !ip_addr_equal(from, &server) || head.n_questions != 1 || !dns_question_get(p, n, &at, &q) ||
      !dns_name_equal(q.name, j->name) || q.type != j->client.question.type)
    return; /* not the answer to our question */
  world_cancel(j->server->host->net->world, j->timer);
  j->timer = 0;
  udp_unbind(j->server->host, j->port);
  j->port = 0;
  job_take(j, p, n, at, &head);
}

static void
job_ask(void *data)
{
  struct job *j = data;
  struct dns_server *s = j->server;
  struct world *w = s->host->net->world;
  j->timer = 0;
  if (j->port)
    udp_unbind(s->host, j->port);
  j->port = 0;
  if (j->n_tries == TRIES_MAX) {
    job_finish(j, DNS_RCODE_SERVER, NULL, NULL);
    return;
  }
  j->n_tries++;
  j->id = (uint16_t)random_next(&s->ids);
  j->port = udp_bind(s->host, 0, job_receive, NULL, j);
  uint8_t message[DNS_UDP_MAX];
  struct dns_head head = {.id = j->id};
  struct dns_writer writer;
  dns_writer_begin(&writer, message, sizeof message, &head);
  dns_writer_question(&writer, j->name, j->client.question.type, DNS_CLASS_IN);
  size_t n = dns_writer_end(&writer);
  struct ip_addr to = net_host_info(s->host->net, j->zone->server).addr;
  j->timer = world_at(w, world_now(w) + TRY_NS, WORLD_TIMER, s->host->index, job_ask, j);
  if (j->port) /* else no port is free: the next try may find one */
    udp_send(s->host, j->port, &to, DNS_PORT, message, n);
}

/* ---- questions ---- */

static void
answer(struct dns_server *s, const struct client *c)
{
  struct reply r;
  reply_init(&r);
  char name[DNS_NAME_TEXT_MAX];
  g_strlcpy(name, c->question.name, sizeof name);
  bool is_whole = answer_from_zones(s, c->question.type, name, &r);
  bool is_ours = is_whole || r.answers->len > 0;
  bool resolves = s->is_resolver && c->head.recursion_desired;
  if (is_ours && (is_whole || !resolves)) {
    r.authoritative = true;
    add_addresses(s, &r);
    send_reply(s, c, &r);
  } else if (resolves && s->jobs->len < JOBS_MAX) {
    struct job *j = g_new0(struct job, 1);
    j->server = s;
    j->client = *c;
    j->chain = dns_rrs_new();
    append_copies(j->chain, r.answers);
    g_strlcpy(j->name, name, sizeof j->name);
    g_ptr_array_add(s->jobs, j);
    job_go_on(j);
  } else {
    reply_code(s, c, resolves ? DNS_RCODE_SERVER : DNS_RCODE_REFUSED);
  }
  reply_clear(&r);
}

static void
receive(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  struct dns_server *s = data;
  struct client c = {.addr = *from, .port = from_port};
  size_t at = dns_head_get(p, n, &c.head);
  if (!at || c.head.response)
    return;
  if (c.head.n_questions != 1 || !dns_question_get(p, n, &at, &c.question))
    return; /* nothing to repeat in an answer */
  if (c.head.opcode != 0)
    reply_code(s, &c, DNS_RCODE_NOT_IMPLEMENTED);
  else if (c.question.class != DNS_CLASS_IN)
    reply_code(s, &c, DNS_RCODE_REFUSED);
  else
    answer(s, &c);
}

void
dns_server_start(struct host *h, bool is_resolver)
{
  if (!h->dns_server) {
    struct dns_server *s = g_new0(struct dns_server, 1);
    s->host = h;
    s->cache =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)cache_entry_free);
    s->jobs = g_ptr_array_new();
    s->ids = world_random(h->net->world, h->index, "dns server ids");
    h->dns_server = s;
    udp_bind(h, DNS_PORT, receive, NULL, s);
  }
  h->dns_server->is_resolver = h->dns_server->is_resolver || is_resolver;
}

void
dns_server_clear(struct host *h)
{
  struct dns_server *s = h->dns_server;
  if (!s)
    return;
  for (unsigned i = 0; i < s->jobs->len; i++)
    job_free(s->jobs->pdata[i]);
  g_ptr_array_free(s->jobs, TRUE);
  g_hash_table_destroy(s->cache);
  g_free(s);
}
