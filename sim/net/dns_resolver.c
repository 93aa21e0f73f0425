/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_resolver.c -- the long way to an answer, RFC 1034 5.3.3.
 *
 *   go_on ─cache, own zones─> finish
 *     │ ^                                          ┌ silent, lame, SERVFAIL ─> the next server
 *     │ └── CNAME: the target is looked for ───┐   │
 *     └─> find_servers ─> ask_next ─answer─> take ─┤ records, NODATA, NXDOMAIN ─> finish
 *           ^  │ └ a server's address is not known: ask for that first (another job)
 *           │  └ nearest zone of which servers are known, at last the root
 *           └──────────────── referral: a zone further down ──┘
 *
 * Every referral must lead down and only what lies in the asked servers' zone is believed (RFC 5452
 * 6). SIMPLIFIED: servers are asked in their order, not the quickest first; the root's addresses
 * are those of the scenario (no priming, RFC 8109); without a zone "." the servers of every zone
 * are known beforehand, and a name outside all zones does not exist. Not here: QNAME minimisation,
 * DNSSEC. */
#include "sim/net/dns_resolver.h"

#include <string.h>

#include "sim/net/dns_exchange.h"

enum {
  JOBS_MAX = 1024,
  SERVERS_MAX = 16, /* addresses that one zone's servers have */
  ROUNDS_MAX = 2,   /* how often each is asked */
  STEPS_MAX = 30,   /* questions for one job (RFC 1034 5.3.3: bound the work) */
  DEPTH_MAX = 4,    /* jobs that wait for the address of a server */
  UNKNOWN_MAX = 4,  /* servers without address that one job looks up (NXNSAttack) */
};
#define TRY_NS (INT64_C(1) * 1000000000) /* below the stub's two seconds */

struct server {
  struct ip_addr addr;
  char *name;   /* as the NS record says; NULL: known beforehand */
  bool is_lame; /* answered, but not what a server of the zone may answer */
  bool without_edns;
};

struct job {
  struct dns_resolver *resolver;
  char name[DNS_NAME_TEXT_MAX]; /* what is looked for now: the end of the chain */
  uint16_t type;
  unsigned depth;
  GArray *chain; /* the CNAMEs so far */
  char *zone;    /* whose servers are asked; NULL before that */
  struct server servers[SERVERS_MAX];
  unsigned n_servers, server, round, n_steps;
  GPtrArray *unknown; /* names of servers whose address is not known */
  unsigned n_unknown_asked;
  struct dns_exchange *exchange;
  dns_resolved done;
  void *data;
};

struct dns_resolver {
  struct host *host;
  struct dns_cache *cache;
  struct dns_asker *asker;
  GPtrArray *jobs;
};

static void go_on(struct job *j);
static void ask_next(struct job *j);

/* ---- life of a job ---- */

static void
clear_servers(struct job *j)
{
  for (unsigned i = 0; i < j->n_servers; i++)
    g_free(j->servers[i].name);
  j->n_servers = j->server = j->round = 0;
  g_ptr_array_set_size(j->unknown, 0);
}

static void
job_free(struct job *j)
{
  clear_servers(j);
  g_ptr_array_free(j->unknown, TRUE);
  g_array_free(j->chain, TRUE);
  g_free(j->zone);
  g_free(j);
}

static struct job *
job_new(struct dns_resolver *r, const char *name, uint16_t type, unsigned depth, dns_resolved done,
        void *data)
{
  struct job *j = g_new0(struct job, 1);
  *j = (struct job){.resolver = r, .type = type, .depth = depth, .done = done, .data = data};
  g_strlcpy(j->name, name, sizeof j->name);
  j->chain = dns_rrs_new();
  j->unknown = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(r->jobs, j);
  return j;
}

/* Chain and records, or "no" with the SOA that proves it, go to whoever asked. */
static void
finish(struct job *j, uint16_t rcode, const GArray *records, const GArray *soa)
{
  struct dns_reply reply;
  dns_reply_init(&reply);
  reply.rcode = rcode;
  dns_rrs_append(reply.answers, j->chain);
  if (records)
    dns_rrs_append(reply.answers, records);
  if (soa)
    dns_rrs_append(reply.authorities, soa);
  dns_resolved done = j->done;
  void *data = j->data;
  g_ptr_array_remove(j->resolver->jobs, j);
  job_free(j);
  done(data, &reply);
  dns_reply_clear(&reply);
}

/* One step of the walk, for those who watch: subject "resolve www.bob.test A", keys 1, 2, 3 … */
static void
tell(const struct job *j, const struct server *s)
{
  struct world *w = j->resolver->host->net->world;
  if (!world_wants_events(w))
    return;
  const char *type = dns_type_name(j->type);
  char addr[ADDR_TEXT_MAX], key[12];
  g_autofree char *subject = g_strdup_printf("resolve %s %s", j->name, type ? type : "?");
  g_snprintf(key, sizeof key, "%u", j->n_steps);
  world_emit(w, j->resolver->host->index, subject, key, "asks=%s server=%s zone=%s",
             ip_addr_format(&s->addr, addr), s->name ? s->name : "-", *j->zone ? j->zone : ".");
}

/* ---- whom to ask ---- */

static bool
can_reach(const struct job *j, const struct ip_addr *a)
{
  return ip_source(j->resolver->host, a).version != 0;
}

static void
add_server(struct job *j, const struct ip_addr *addr, const char *name)
{
  if (j->n_servers == SERVERS_MAX || !can_reach(j, addr))
    return;
  j->servers[j->n_servers++] = (struct server){.addr = *addr, .name = g_strdup(name)};
}

/* The addresses of a server that `glue` (may be NULL) or the cache know. */
static void
add_server_name(struct job *j, const char *name, const GArray *glue)
{
  static const uint16_t types[] = {DNS_RR_A, DNS_RR_AAAA};
  unsigned before = j->n_servers;
  for (unsigned t = 0; t < G_N_ELEMENTS(types); t++) {
    unsigned had = j->n_servers;
    for (unsigned i = 0; glue && i < glue->len; i++) {
      const struct dns_rr *r = dns_rrs_at(glue, i);
      if (r->type == types[t] && dns_name_equal(r->name, name))
        add_server(j, &r->addr, name);
    }
    const struct dns_cached *c =
        j->n_servers > had ? NULL
                           : dns_cache_get(j->resolver->cache, name, types[t], DNS_TRUST_GLUE);
    for (unsigned i = 0; c && i < c->records->len; i++)
      add_server(j, &dns_rrs_at(c->records, i)->addr, name);
  }
  if (j->n_servers == before)
    g_ptr_array_add(j->unknown, g_strdup(name));
}

/* The servers of a zone, from its NS records. False when no way to one of them is known. */
static bool
take_servers(struct job *j, const char *zone, const GArray *ns, const GArray *glue)
{
  g_autofree char *kept = g_strdup(zone);
  clear_servers(j);
  for (unsigned i = 0; i < ns->len; i++)
    if (dns_rrs_at(ns, i)->type == DNS_RR_NS)
      add_server_name(j, dns_rrs_at(ns, i)->target, glue);
  /* A name inside the zone could only be asked for there. */
  for (unsigned i = j->unknown->len; i-- > 0;)
    if (dns_name_is_in(j->unknown->pdata[i], kept))
      g_ptr_array_remove_index(j->unknown, i);
  g_free(j->zone);
  j->zone = g_steal_pointer(&kept);
  return j->n_servers > 0 || j->unknown->len > 0;
}

/* Servers that need no finding: the root's, or without a root all. */
static bool
take_known_servers(struct job *j, const char *zone)
{
  const struct net *n = j->resolver->host->net;
  const struct zone *z = zone_named(n, zone);
  if (!z || (*zone && zone_named(n, "")))
    return false;
  clear_servers(j);
  for (unsigned i = 0; i < z->n_servers; i++) {
    for (uint8_t version = 4; version <= 6; version += 2) {
      struct ip_addr addr = host_addr(n->hosts[z->servers[i]], version);
      if (addr.version)
        add_server(j, &addr, NULL);
    }
  }
  g_free(j->zone);
  j->zone = g_strdup(z->name);
  return j->n_servers > 0;
}

static bool
find_servers(struct job *j)
{
  for (const char *zone = j->name; zone; zone = dns_name_up(zone)) {
    if (take_known_servers(j, zone))
      return true;
    const struct dns_cached *c = dns_cache_get(j->resolver->cache, zone, DNS_RR_NS, DNS_TRUST_GLUE);
    if (c && c->records->len > 0 && take_servers(j, zone, c->records, NULL))
      return true;
  }
  return false;
}

/* ---- the address of a server ---- */

static void
server_resolved(void *data, const struct dns_reply *reply)
{
  struct job *j = data;
  for (unsigned i = 0; i < reply->answers->len; i++) {
    const struct dns_rr *r = dns_rrs_at(reply->answers, i);
    if (r->type == DNS_RR_A || r->type == DNS_RR_AAAA)
      add_server(j, &r->addr, r->name);
  }
  ask_next(j);
}

/* Only addresses of an IP version that this host speaks are of use. */
static bool
look_up_server(struct job *j)
{
  struct dns_resolver *r = j->resolver;
  if (j->unknown->len == 0 || j->depth == DEPTH_MAX || j->n_unknown_asked == UNKNOWN_MAX ||
      r->jobs->len >= JOBS_MAX)
    return false;
  g_autofree char *name = g_ptr_array_steal_index(j->unknown, 0);
  j->n_unknown_asked++;
  go_on(job_new(r, name, host_addr(r->host, 4).version ? DNS_RR_A : DNS_RR_AAAA, j->depth + 1,
                server_resolved, j));
  return true;
}

/* ---- answers ---- */

/* The records of a section that lie in the zone of the servers asked: others could say anything. */
static GArray *
read_section(const struct job *j, const uint8_t *p, size_t n, size_t *at, unsigned count)
{
  GArray *out = dns_rrs_new();
  dns_rrs_read(p, n, at, count, out, NULL, NULL);
  for (unsigned i = out->len; i-- > 0;)
    if (!dns_name_is_in(dns_rrs_at(out, i)->name, j->zone))
      g_array_remove_index(out, i);
  return out;
}

/* Keeps the records of a name and type, and returns them. */
static GArray *
remember(struct job *j, const GArray *all, const char *name, uint16_t type, enum dns_trust trust)
{
  GArray *same = dns_rrs_new();
  for (unsigned i = 0; i < all->len; i++) {
    const struct dns_rr *r = dns_rrs_at(all, i);
    if ((r->type != type && type != DNS_RR_ANY) || !dns_name_equal(r->name, name))
      continue;
    struct dns_rr copy = dns_rr_copy(r);
    g_array_append_val(same, copy);
  }
  if (same->len > 0 && type != DNS_RR_ANY)
    dns_cache_put(j->resolver->cache, name, type, trust, same);
  return same;
}

static void
remember_addresses(struct job *j, const GArray *records)
{
  for (unsigned i = 0; i < records->len; i++) {
    const struct dns_rr *r = dns_rrs_at(records, i);
    if (r->type == DNS_RR_A || r->type == DNS_RR_AAAA)
      g_array_unref(remember(j, records, r->name, r->type, DNS_TRUST_GLUE));
  }
}

/* Follows CNAMEs through the answers. True when at least one was there. */
static bool
follow(struct job *j, const GArray *answers)
{
  bool moved = false;
  for (const struct dns_rr *r; j->type != DNS_RR_CNAME && j->chain->len <= DNS_CHAIN_MAX &&
                               (r = dns_rrs_find(answers, j->name, DNS_RR_CNAME)) != NULL;) {
    g_autoptr(GArray) one = remember(j, answers, j->name, DNS_RR_CNAME, DNS_TRUST_ANSWER);
    dns_rrs_append(j->chain, one);
    g_strlcpy(j->name, r->target, sizeof j->name);
    moved = true;
  }
  return moved;
}

/* The delegation in an authority section: further down, and above the name. NULL when it is none.
 */
static const struct dns_rr *
find_referral(const struct job *j, const GArray *authorities)
{
  for (unsigned i = 0; i < authorities->len; i++) {
    const struct dns_rr *r = dns_rrs_at(authorities, i);
    if (r->type == DNS_RR_NS && strlen(r->name) > strlen(j->zone) &&
        dns_name_is_in(j->name, r->name))
      return r;
  }
  return NULL;
}

static void
take_no(struct job *j, uint8_t rcode, const GArray *authorities)
{
  g_autoptr(GArray) soa = dns_rrs_new();
  for (unsigned i = 0; i < authorities->len && soa->len == 0; i++) {
    if (dns_rrs_at(authorities, i)->type == DNS_RR_SOA) {
      struct dns_rr copy = dns_rr_copy(dns_rrs_at(authorities, i));
      g_array_append_val(soa, copy);
    }
  }
  dns_cache_put_no(j->resolver->cache, j->name, j->type, rcode,
                   soa->len ? dns_rrs_at(soa, 0) : NULL);
  finish(j, rcode, NULL, soa);
}

static void
take(struct job *j, const struct dns_head *head, const GArray *answers, const GArray *authorities,
     const GArray *additionals)
{
  bool moved = follow(j, answers);
  g_autoptr(GArray) wanted = remember(j, answers, j->name, j->type, DNS_TRUST_ANSWER);
  remember_addresses(j, additionals);
  const struct dns_rr *referral = find_referral(j, authorities);
  bool has_soa = dns_rrs_find(authorities, j->zone, DNS_RR_SOA) != NULL;
  if (wanted->len > 0) {
    finish(j, DNS_RCODE_OK, wanted, NULL);
  } else if (moved) {
    go_on(j);
  } else if (head->rcode == DNS_RCODE_NO_NAME || (has_soa && !referral)) {
    take_no(j, head->rcode, authorities);
  } else if (referral && !head->authoritative) {
    g_autoptr(GArray) ns = remember(j, authorities, referral->name, DNS_RR_NS, DNS_TRUST_GLUE);
    if (take_servers(j, referral->name, ns, additionals))
      ask_next(j);
    else
      finish(j, DNS_RCODE_SERVER, NULL, NULL);
  } else if (head->authoritative) {
    take_no(j, DNS_RCODE_OK, authorities); /* NODATA without SOA: not kept (RFC 2308 2.2) */
  } else {
    j->servers[j->server].is_lame = true;
    ask_next(j);
  }
}

static void
exchanged(void *data, enum dns_exchange_end how, const uint8_t *message, size_t n)
{
  struct job *j = data;
  struct server *s = &j->servers[j->server];
  struct dns_head head;
  struct dns_question q;
  j->exchange = NULL;
  if (how != DNS_EXCHANGE_ANSWERED) {
    s->is_lame = how == DNS_EXCHANGE_UNREACHABLE;
    j->server++;
    ask_next(j);
    return;
  }
  size_t at = dns_head_get(message, n, &head);
  bool is_old = head.rcode == DNS_RCODE_FORMAT || head.rcode == DNS_RCODE_NOT_IMPLEMENTED;
  if (is_old && !s->without_edns) { /* RFC 6891 7: it may not know EDNS */
    s->without_edns = true;
    ask_next(j);
    return;
  }
  if ((head.rcode != DNS_RCODE_OK && head.rcode != DNS_RCODE_NO_NAME) ||
      !dns_question_get(message, n, &at, &q)) {
    s->is_lame = true;
    ask_next(j);
    return;
  }
  g_autoptr(GArray) answers = read_section(j, message, n, &at, head.n_answers);
  g_autoptr(GArray) authorities = read_section(j, message, n, &at, head.n_authorities);
  g_autoptr(GArray) additionals = read_section(j, message, n, &at, head.n_additionals);
  take(j, &head, answers, authorities, additionals);
}

/* Asks the next server that may still answer; after the last one the first again. */
static void
ask_next(struct job *j)
{
  struct dns_resolver *r = j->resolver;
  for (;; j->server++) {
    if (j->server >= j->n_servers) {
      if (look_up_server(j))
        return;
      j->server = 0;
      j->round++;
      bool all_lame = true;
      for (unsigned i = 0; i < j->n_servers; i++)
        all_lame = all_lame && j->servers[i].is_lame;
      if (all_lame || j->round == ROUNDS_MAX) {
        finish(j, DNS_RCODE_SERVER, NULL, NULL);
        return;
      }
    }
    if (!j->servers[j->server].is_lame)
      break;
  }
  if (j->n_steps++ == STEPS_MAX) {
    finish(j, DNS_RCODE_SERVER, NULL, NULL);
    return;
  }
  const struct server *s = &j->servers[j->server];
  tell(j, s);
  const struct dns_ask what = {.to = s->addr,
                               .name = j->name,
                               .type = j->type,
                               .udp_octets = s->without_edns ? 0 : DNS_EDNS_UDP_OCTETS,
                               .timeout_ns = TRY_NS};
  j->exchange = dns_ask(r->asker, &what, exchanged, j);
}

/* ---- going on ---- */

/* What is known without asking. True when the job went on or ended. */
static bool
go_on_from_cache(struct job *j)
{
  struct dns_cache *cache = j->resolver->cache;
  const struct dns_cached *c = dns_cache_get(cache, j->name, j->type, DNS_TRUST_ANSWER);
  if (c) {
    finish(j, c->rcode, c->records, c->soa);
    return true;
  }
  c = dns_cache_get(cache, j->name, DNS_RR_CNAME, DNS_TRUST_ANSWER);
  if (!c || c->records->len == 0)
    return false;
  dns_rrs_append(j->chain, c->records);
  g_strlcpy(j->name, dns_rrs_at(c->records, 0)->target, sizeof j->name);
  go_on(j);
  return true;
}

static bool
go_on_from_zones(struct job *j)
{
  const struct host *h = j->resolver->host;
  struct dns_reply own;
  dns_reply_init(&own);
  enum dns_from_zones how = dns_reply_from_zones(&own, h->net, h->index, j->type, j->name);
  bool is_over = true;
  if (how == DNS_FROM_ZONE) {
    finish(j, own.rcode, own.answers, own.authorities);
  } else {
    dns_rrs_append(j->chain, own.answers);
    is_over = own.answers->len > 0;
    if (is_over)
      go_on(j); /* a CNAME led out of our zones */
    else if (how == DNS_FROM_REFERRAL) {
      const struct zone *z = zone_find(h->net, h->index, j->name);
      g_autoptr(GArray) glue = dns_rrs_new();
      dns_rrs_append(glue, z->records);
      if (take_servers(j, dns_rrs_at(own.authorities, 0)->name, own.authorities, glue)) {
        ask_next(j);
        is_over = true;
      }
    }
  }
  dns_reply_clear(&own);
  return is_over;
}

/* Goes on with j->name: from the cache, from our zones, or by asking. May end the job. */
static void
go_on(struct job *j)
{
  if (j->chain->len > DNS_CHAIN_MAX)
    finish(j, DNS_RCODE_SERVER, NULL, NULL); /* a ring of CNAMEs */
  else if (go_on_from_cache(j) || go_on_from_zones(j))
    return;
  else if (find_servers(j))
    ask_next(j);
  else
    finish(j, zone_named(j->resolver->host->net, "") ? DNS_RCODE_SERVER : DNS_RCODE_NO_NAME, NULL,
           NULL);
}

bool
dns_resolver_ask(struct dns_resolver *r, const char *name, uint16_t type, dns_resolved done,
                 void *data)
{
  if (r->jobs->len >= JOBS_MAX)
    return false;
  go_on(job_new(r, name, type, 0, done, data));
  return true;
}

const struct dns_cached *
dns_resolver_cached(struct dns_resolver *r, const char *name, uint16_t type)
{
  return dns_cache_get(r->cache, name, type, DNS_TRUST_GLUE);
}

struct dns_resolver *
dns_resolver_new(struct host *h)
{
  struct dns_resolver *r = g_new0(struct dns_resolver, 1);
  r->host = h;
  r->cache = dns_cache_new(h);
  r->asker = dns_asker_new(h, "dns server ids");
  r->jobs = g_ptr_array_new();
  return r;
}

void
dns_resolver_free(struct dns_resolver *r)
{
  for (unsigned i = 0; i < r->jobs->len; i++)
    job_free(r->jobs->pdata[i]);
  g_ptr_array_free(r->jobs, TRUE);
  dns_asker_free(r->asker);
  dns_cache_free(r->cache);
  g_free(r);
}
