/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue_route.c -- which hosts take mail for a domain.
 *
 *     [10.0.0.3] ──────────────────────────────────────────────────────> that address
 *     domain ─MX─┬ found ─> best preference first, equal ones shuffled ─> A, AAAA of each
 *                ├ "." ─> 5.1.10 (null MX, RFC 7505)   this host among them ─> only better ones,
 *                │                                     none left ─> 5.4.6 (a loop)
 *                ├ no MX ─> the domain itself          no such name ─> 5.1.2
 *                └ no answer ─> 4.4.3, later
 *
 * RFC 5321 5.1. An exchange that is an alias is against 2181 10.3; it is followed, and told. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/queue_private.h"

static bool
name_is(const char *a, const char *b)
{
  size_t n = strlen(a), m = strlen(b);
  if (n > 0 && a[n - 1] == '.')
    n--;
  if (m > 0 && b[m - 1] == '.')
    m--;
  return n == m && g_ascii_strncasecmp(a, b, n) == 0;
}

/* ---- addresses of an exchange ---- */

static bool
is_own_address(const struct queue *q, const struct ip_addr *addr)
{
  const struct net *n = ports_net(q->config.ports);
  for (uint32_t i = 0; i < net_n_addresses(n, q->config.host); i++) {
    struct host_address own = net_address(n, q->config.host, i);
    if (ip_addr_equal(&own.addr, addr))
      return true;
  }
  return false;
}

static void
found_address(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct queue_item *item = data;
  struct queue *q = item->queue;
  item->n_addresses = item->next_address = 0;
  if (status == DNS_FAILED) {
    item->saw_temporary = true;
    queue_set_reason(item, "4.4.3 The name servers did not answer");
  } else if (status != DNS_FOUND || n == 0) {
    g_autofree char *reason =
        g_strdup_printf("%s %s has no address",
                        name_is(item->exchange, item->domain) ? "5.1.2" : "5.4.4", item->exchange);
    queue_set_reason(item, reason);
  }
  if (status == DNS_FOUND && n > 0 && !name_is(answers[0].name, item->exchange) &&
      !name_is(item->exchange, item->domain))
    world_emit(q->world, q->config.host, "log", "mail-queue",
               lang_text("the exchange %s is an alias of %s, which the MX record should name",
                         "MX ชี้ไปที่ %s ซึ่งเป็นชื่อแฝงของ %s ระเบียน MX ควรชี้ชื่อจริงโดยตรง"),
               item->exchange, answers[0].name);
  for (unsigned i = 0; status == DNS_FOUND && i < n; i++) {
    if (item->n_addresses >= QUEUE_ADDRESSES_MAX)
      break;
    if (item->transport == QUEUE_SMTP && item->port == QUEUE_SMTP_PORT &&
        is_own_address(q, &answers[i].addr))
      queue_set_reason(item, "5.4.6 The exchange of the domain is this host: mail would loop");
    else
      item->addresses[item->n_addresses++] = answers[i].addr;
  }
  queue_try_next(item);
}

bool
queue_next_exchange(struct queue_item *item)
{
  struct queue *q = item->queue;
  if (item->next_exchange >= item->exchanges->len)
    return false;
  item->exchange = item->exchanges->pdata[item->next_exchange++];
  struct ip_addr addr;
  if (ip_addr_parse(item->exchange, &addr)) {
    const struct dns_answer answer = {.addr = addr};
    item->addresses[0] = answer.addr;
    item->n_addresses = 1;
    item->next_address = 0;
    queue_try_next(item);
    return true;
  }
  net_resolve_address(ports_net(q->config.ports), q->config.host, item->exchange, found_address,
                      item);
  return true;
}

/* ---- exchanges of a domain ---- */

/* Exchanges of one preference in an order drawn anew for each attempt (RFC 5321 5.1). */
static void
shuffle(struct queue *q, struct dns_answer *mx, unsigned n)
{
  for (unsigned from = 0, to; from < n; from = to) {
    for (to = from + 1; to < n && mx[to].preference == mx[from].preference;)
      to++;
    for (unsigned i = to - 1; i > from; i--) {
      unsigned j = from + (unsigned)random_below(&q->random, i - from + 1);
      struct dns_answer other = mx[i];
      mx[i] = mx[j];
      mx[j] = other;
    }
  }
}

/* How many of the exchanges may be tried: those better than this host, when it is one. */
static unsigned
better_than_us(const struct queue *q, const struct dns_answer *mx, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    if (!name_is(mx[i].name, q->name))
      continue;
    unsigned better = 0;
    while (better < n && mx[better].preference < mx[i].preference)
      better++;
    return better;
  }
  return n;
}

static void
take_exchanges(struct queue_item *item, const struct dns_answer *answers, unsigned n)
{
  struct queue *q = item->queue;
  for (unsigned i = 0; i < n; i++) {
    if (answers[i].name[0] == '\0' || strcmp(answers[i].name, ".") == 0) {
      queue_fail_all(item, "5.1.10 The domain takes no mail (null MX)");
      return;
    }
  }
  g_autofree struct dns_answer *mx = g_memdup2(answers, n * sizeof *answers);
  unsigned n_usable = better_than_us(q, mx, n);
  if (n_usable == 0) {
    queue_fail_all(item, "5.4.6 The best exchange of the domain is this host: mail would loop");
    return;
  }
  shuffle(q, mx, n_usable);
  for (unsigned i = 0; i < n_usable && i < QUEUE_MX_MAX; i++)
    g_ptr_array_add(item->exchanges, g_strdup(mx[i].name));
  queue_try_next(item);
}

static void
found_exchanges(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct queue_item *item = data;
  switch (status) {
  case DNS_NO_NAME:
    queue_fail_all(item, "5.1.2 The domain does not exist");
    break;
  case DNS_FAILED:
    queue_set_reason(item, "4.4.3 The domain's name servers did not answer");
    queue_defer(item);
    break;
  case DNS_FOUND:
    if (n > 0) {
      take_exchanges(item, answers, n);
      break;
    }
    G_GNUC_FALLTHROUGH;
  case DNS_NO_DATA: /* the domain itself is the exchange */
    g_ptr_array_add(item->exchanges, g_strdup(item->domain));
    queue_try_next(item);
    break;
  }
}

/* The address inside "[10.0.0.3]" or "[IPv6:2001:db8::3]". */
static bool
is_literal(const char *domain, struct ip_addr *addr)
{
  size_t n = strlen(domain);
  if (n < 3 || domain[0] != '[' || domain[n - 1] != ']')
    return false;
  g_autofree char *inside = g_strndup(domain + 1, n - 2);
  return ip_addr_parse(g_ascii_strncasecmp(inside, "IPv6:", 5) == 0 ? inside + 5 : inside, addr);
}

void
queue_route(struct queue_item *item)
{
  struct queue *q = item->queue;
  struct ip_addr addr;
  item->next_exchange = 0;
  item->next_address = item->n_addresses = 0;
  item->exchange = NULL;
  item->saw_temporary = false;
  g_ptr_array_set_size(item->exchanges, 0);
  if (item->transport == QUEUE_LMTP || q->relay_host) {
    g_ptr_array_add(item->exchanges,
                    g_strdup(item->transport == QUEUE_LMTP ? q->lmtp_host : q->relay_host));
    queue_try_next(item);
    return;
  }
  if (item->domain[0] == '[') {
    if (!is_literal(item->domain, &addr)) {
      queue_fail_all(item, "5.1.2 The address literal names no host");
      return;
    }
    char text[ADDR_TEXT_MAX];
    g_ptr_array_add(item->exchanges, g_strdup(ip_addr_format(&addr, text)));
    queue_try_next(item);
    return;
  }
  queue_tell(item, "lookup attempt=%u", item->n_attempts);
  net_resolve(ports_net(q->config.ports), q->config.host, item->domain, DNS_TYPE_MX,
              found_exchanges, item);
}
