/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue.c -- the mail transfer agent: local delivery, the queue, MX lookup, retries, bounces.
 *
 *     SMTP server ─message─> local recipients ─> mailbox
 *                       └──> one item per domain ─attempt─> MX ─> A ─> SMTP client ─┬ 250: gone
 *                                   ^                  └ next exchange <─ no answer ─┤
 *                                   └────── defer (1 min, 2, 4 … 1 h) <── 4yz ───────┤
 *                                                         bounce <── 5yz, expired ───┘
 *
 * RFC 5321 4.5.4.1 (retries), 5.1 (MX, and the A record where there is none), 6.1 (null return path
 * of bounces), 4.4 (Return-Path); 7505 (null MX). */
#include "sim/mail/queue.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/bounce.h"
#include "sim/mail/machine.h"

enum { SMTP_PORT = 25, ADDRESSES_MAX = 4 /* of one exchange: two of each family */ };

#define RETRY_NS (60 * MACHINE_SECOND)
#define RETRY_NS_MAX (3600 * MACHINE_SECOND)
#define EXPIRE_NS (5 * 24 * 3600 * MACHINE_SECOND)

struct item {
  struct queue *queue;
  char *id, *sender, *domain;
  GPtrArray *recipients; /* char* */
  GBytes *octets;
  int64_t since_ns, wait_ns;
  uint64_t timer;
  GPtrArray *exchanges; /* char*, best first */
  guint next_exchange;
  struct ip_addr addresses[ADDRESSES_MAX]; /* of the exchange that is tried, best first */
  unsigned n_addresses, next_address;
  char *reason; /* of the last failure */
};

struct queue {
  struct queue_config config;
  struct world *world;
  char *name;
  char **domains;
  GPtrArray *items; /* struct item* */
  unsigned n_ids;
  char *id; /* of the last message, lent to the server */
};

static void attempt(void *data);
static void try_exchange(struct item *item);
static bool submit(struct queue *q, const char *sender, char *const *recipients, unsigned n,
                   GBytes *octets, int64_t now_ns);

static int64_t
now(const struct queue *q)
{
  return world_now(q->world);
}

static bool
is_local(const struct queue *q, const char *address)
{
  const char *domain = smtp_domain(address);
  if (!*domain)
    return true; /* postmaster */
  for (char **d = q->domains; *d; d++) {
    if (g_ascii_strcasecmp(*d, domain) == 0)
      return true;
  }
  return false;
}

static struct store_user *
local_user(const struct queue *q, const char *address)
{
  g_autofree char *name = g_strndup(address, strcspn(address, "@"));
  struct store_user *user = store_find_user(q->config.store, name);
  if (!user && g_ascii_strcasecmp(name, "postmaster") == 0) /* RFC 5321 4.5.1: always there */
    user = store_first_user(q->config.store);
  return user;
}

/* ---- items ---- */

static void
tell(const struct item *item, const char *state)
{
  struct queue *q = item->queue;
  g_autoptr(GString) to = g_string_new(NULL);
  for (guint i = 0; i < item->recipients->len; i++)
    g_string_append_printf(to, "%s<%s>", i ? "," : "", (char *)item->recipients->pdata[i]);
  world_emit(q->world, q->config.host, "mail-queue", item->id, "from=<%s> to=%s state=%s",
             item->sender, to->str, state);
}

static void
item_free(void *data)
{
  struct item *item = data;
  if (item->timer)
    world_cancel(item->queue->world, item->timer);
  g_free(item->id);
  g_free(item->sender);
  g_free(item->domain);
  g_ptr_array_unref(item->recipients);
  g_ptr_array_unref(item->exchanges);
  g_bytes_unref(item->octets);
  g_free(item->reason);
  g_free(item);
}

static void
finish(struct item *item)
{
  struct queue *q = item->queue;
  world_emit(q->world, q->config.host, "mail-queue", item->id, "%s", "");
  g_ptr_array_remove(q->items, item);
}

static void
set_reason(struct item *item, const char *reason)
{
  char *copy = g_strdup(reason);
  g_free(item->reason);
  item->reason = copy;
}

/* ---- bounces ---- */

/* The status code in a reply's text, "5.1.1 No such user", or the general one. */
static char *
status_of(const char *reason)
{
  size_t n = strspn(reason, "0123456789.");
  bool is_status = n >= 5 && reason[0] >= '4' && reason[0] <= '5' && reason[1] == '.';
  return is_status ? g_strndup(reason, n) : g_strdup("5.0.0");
}

static void
send_bounce(struct queue *q, const char *sender, const char *recipient, const char *reason,
            GBytes *octets)
{
  if (!*sender) { /* RFC 5321 6.1: nobody is told of a bounce that bounces */
    world_emit(q->world, q->config.host, "log", "mail-queue", "%s",
               lang_text("a report that cannot be delivered is dropped", "รายงานที่ส่งไม่ถึงผู้รับถูกทิ้งไป"));
    return;
  }
  g_autofree char *status = status_of(reason);
  g_autofree char *id = g_strdup_printf("B%05u", ++q->n_ids);
  struct bounce b = {.host = q->name,
                     .sender = sender,
                     .recipient = recipient,
                     .status = status,
                     .reason = reason,
                     .id = id,
                     .octets = octets};
  g_autoptr(GBytes) report = bounce_message(&b, now(q));
  char *const to[] = {(char *)sender};
  submit(q, "", to, 1, report, now(q));
}

/* The item's recipients `from` index on are told to the sender and leave. */
static void
bounce_all(struct item *item, const char *reason)
{
  for (guint i = 0; i < item->recipients->len; i++)
    send_bounce(item->queue, item->sender, item->recipients->pdata[i], reason, item->octets);
  finish(item);
}

static void
defer(struct item *item)
{
  struct queue *q = item->queue;
  int64_t expire_ns = q->config.expire_ns;
  if (now(q) + item->wait_ns - item->since_ns > expire_ns) {
    g_autofree char *reason = g_strdup_printf("4.4.7 Given up after many attempts; the last: %s",
                                              item->reason ? item->reason : "");
    bounce_all(item, reason);
    return;
  }
  g_autofree char *state = g_strdup_printf("deferred reason=%s", item->reason ? item->reason : "");
  tell(item, state);
  item->timer =
      world_at(q->world, now(q) + item->wait_ns, WORLD_APP, q->config.host, attempt, item);
  item->wait_ns = MIN(item->wait_ns * 2, RETRY_NS_MAX);
}

/* ---- one attempt ---- */

static void
sent(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct item *item = data;
  struct queue *q = item->queue;
  g_assert(n == item->recipients->len);
  bool has_answered = false;
  for (unsigned i = n; i > 0; i--) {
    const struct smtp_recipient_result *r = &results[i - 1];
    has_answered |= r->code != 0;
    if (r->outcome == SMTP_OUTCOME_PERMANENT)
      send_bounce(q, item->sender, item->recipients->pdata[i - 1], r->text, item->octets);
    if (r->outcome == SMTP_OUTCOME_TEMPORARY)
      set_reason(item, r->text);
    else
      g_ptr_array_remove_index(item->recipients, i - 1);
  }
  if (item->recipients->len == 0)
    finish(item);
  else if (has_answered)
    defer(item);
  else
    try_exchange(item);
}

static void
connect_to(struct item *item, const struct ip_addr *addr)
{
  struct queue *q = item->queue;
  g_autofree struct envelope_recipient *to =
      g_new0(struct envelope_recipient, item->recipients->len);
  for (guint i = 0; i < item->recipients->len; i++)
    to[i].address = item->recipients->pdata[i];
  struct smtp_client_config config = {
      .name = q->name,
      .envelope = {.sender = item->sender, .recipients = to, .n_recipients = item->recipients->len},
      .octets = item->octets,
      .done = sent,
      .data = item};
  ports_connect(q->config.ports, q->config.host, addr, SMTP_PORT, smtp_client_new(&config), NULL,
                NULL);
}

static void
found_address(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct item *item = data;
  if (status == DNS_FOUND && n > 0) {
    item->n_addresses = MIN(n, (unsigned)ADDRESSES_MAX);
    item->next_address = 1;
    for (unsigned i = 0; i < item->n_addresses; i++)
      item->addresses[i] = answers[i].addr;
    connect_to(item, &item->addresses[0]);
    return;
  }
  set_reason(item, "4.4.3 The exchange's address was not found");
  if (status == DNS_NO_NAME && item->exchanges->len == 1) {
    bounce_all(item, "5.1.2 The domain or its exchange does not exist");
    return;
  }
  try_exchange(item);
}

/* The exchange's next address, the next exchange of this attempt (RFC 5321 5.1), or deferral when
 * all were tried. */
static void
try_exchange(struct item *item)
{
  struct queue *q = item->queue;
  if (item->next_address < item->n_addresses) {
    connect_to(item, &item->addresses[item->next_address++]);
    return;
  }
  if (item->next_exchange >= item->exchanges->len) {
    defer(item);
    return;
  }
  const char *name = item->exchanges->pdata[item->next_exchange++];
  g_autofree char *state = g_strdup_printf("sending via=%s", name);
  tell(item, state);
  net_resolve_address(ports_net(q->config.ports), q->config.host, name, found_address, item);
}

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

static void
found_exchanges(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct item *item = data;
  if (status == DNS_NO_NAME) {
    bounce_all(item, "5.1.2 The domain does not exist");
    return;
  }
  if (status == DNS_FAILED) {
    set_reason(item, "4.4.3 The domain's name servers did not answer");
    defer(item);
    return;
  }
  if (status == DNS_NO_DATA || n == 0) /* RFC 5321 5.1: the domain itself is the exchange */
    g_ptr_array_add(item->exchanges, g_strdup(item->domain));
  for (unsigned i = 0; i < n && i < QUEUE_MX_MAX; i++) {
    if (answers[i].name[0] == '\0' || strcmp(answers[i].name, ".") == 0) {
      bounce_all(item, "5.1.10 The domain takes no mail (null MX)");
      return;
    }
    if (name_is(answers[i].name, item->queue->name)) /* we are one: only better ones may be tried */
      break;
    g_ptr_array_add(item->exchanges, g_strdup(answers[i].name));
  }
  if (item->exchanges->len == 0)
    bounce_all(item, "5.4.6 The best exchange of the domain is this host, which does not serve it");
  else
    try_exchange(item);
}

static void
attempt(void *data)
{
  struct item *item = data;
  struct queue *q = item->queue;
  struct ip_addr addr;
  item->timer = 0;
  item->next_exchange = 0;
  item->next_address = item->n_addresses = 0;
  g_ptr_array_set_size(item->exchanges, 0);
  size_t n = strlen(item->domain);
  g_autofree char *inside = n > 2 ? g_strndup(item->domain + 1, n - 2) : g_strdup("");
  const char *literal = g_ascii_strncasecmp(inside, "IPv6:", 5) == 0 ? inside + 5 : inside;
  if (item->domain[0] == '[' && ip_addr_parse(literal, &addr)) {
    connect_to(item, &addr);
    return;
  }
  tell(item, "lookup");
  net_resolve(ports_net(q->config.ports), q->config.host, item->domain, DNS_TYPE_MX,
              found_exchanges, item);
}

/* ---- taking ---- */

/* RFC 5321 4.4: final delivery writes the reverse path on top. False when the mailbox is full. */
static bool
deliver(struct queue *q, const char *sender, struct store_user *user, GBytes *octets,
        int64_t now_ns)
{
  gsize n;
  const char *p = g_bytes_get_data(octets, &n);
  GString *text = g_string_new(NULL);
  g_string_printf(text, "Return-Path: <%s>\r\n", sender);
  g_string_append_len(text, p, (gssize)n);
  g_autoptr(GBytes) whole = g_string_free_to_bytes(text);
  return store_append(store_find(user, "INBOX"), whole, 0, 0, now_ns) != NULL;
}

static struct item *
item_for(struct queue *q, GPtrArray *fresh, const char *sender, const char *domain, GBytes *octets)
{
  for (guint i = 0; i < fresh->len; i++) {
    struct item *item = fresh->pdata[i];
    if (g_ascii_strcasecmp(item->domain, domain) == 0)
      return item;
  }
  struct item *item = g_new0(struct item, 1);
  item->queue = q;
  item->id = fresh->len == 0 ? g_strdup(q->id) : g_strdup_printf("%s.%u", q->id, fresh->len);
  item->sender = g_strdup(sender);
  item->domain = g_strdup(domain);
  item->recipients = g_ptr_array_new_with_free_func(g_free);
  item->exchanges = g_ptr_array_new_with_free_func(g_free);
  item->octets = g_bytes_ref(octets);
  item->since_ns = now(q);
  item->wait_ns = q->config.retry_ns;
  g_ptr_array_add(fresh, item);
  return item;
}

/* False when the queue is full. */
static bool
submit(struct queue *q, const char *sender, char *const *recipients, unsigned n, GBytes *octets,
       int64_t now_ns)
{
  if (q->items->len >= QUEUE_ITEMS_MAX)
    return false;
  g_free(q->id);
  q->id = g_strdup_printf("Q%05u", ++q->n_ids);
  g_autoptr(GPtrArray) fresh = g_ptr_array_new();
  g_autoptr(GPtrArray) failed = g_ptr_array_new();
  for (unsigned i = 0; i < n; i++) {
    struct store_user *user = local_user(q, recipients[i]);
    if (!is_local(q, recipients[i])) {
      struct item *item = item_for(q, fresh, sender, smtp_domain(recipients[i]), octets);
      g_ptr_array_add(item->recipients, g_strdup(recipients[i]));
    } else if (!user || !deliver(q, sender, user, octets, now_ns)) {
      g_ptr_array_add(failed, recipients[i]);
    }
  }
  for (guint i = 0; i < fresh->len; i++) {
    struct item *item = fresh->pdata[i];
    g_ptr_array_add(q->items, item);
    tell(item, "queued");
    item->timer = world_at(q->world, now_ns, WORLD_APP, q->config.host, attempt, item);
  }
  g_autofree char *id = g_strdup(q->id);
  for (guint i = 0; i < failed->len; i++) {
    bool is_known = local_user(q, failed->pdata[i]) != NULL;
    send_bounce(q, sender, failed->pdata[i],
                is_known ? "5.2.2 The mailbox is full" : "5.1.1 No such user here", octets);
  }
  g_free(q->id);
  q->id = g_steal_pointer(&id);
  return true;
}

/* ---- what the SMTP servers ask ---- */

static const char *
site_recipient(void *data, const struct smtp_session *s, const struct envelope_recipient *r)
{
  struct queue *q = data;
  const char *address = r->address;
  if (!is_local(q, address))
    return s->is_trusted || q->config.is_open_relay ? NULL : "550 5.7.1 Relaying denied";
  const struct store_user *user = local_user(q, address);
  if (!user)
    return "550 5.1.1 No such user here";
  return store_has_room(user, 1) ? NULL : "452 4.2.2 The mailbox is full";
}

static const char *
site_message(void *data, const struct smtp_session *s, const struct smtp_message *m, int64_t now_ns,
             const char **refusal)
{
  struct queue *q = data;
  const struct envelope *e = m->envelope;
  g_autofree char **to = g_new0(char *, e->n_recipients);
  for (unsigned i = 0; i < e->n_recipients; i++)
    to[i] = (char *)e->recipients[i].address;
  if (submit(q, e->sender, to, e->n_recipients, m->octets, now_ns))
    return q->id;
  *refusal = "452 4.3.1 The queue is full";
  return NULL;
}

struct smtp_site
queue_site(struct queue *q)
{
  return (struct smtp_site){.data = q, .recipient = site_recipient, .message = site_message};
}

struct queue *
queue_new(const struct queue_config *config)
{
  struct queue *q = g_new0(struct queue, 1);
  q->config = *config;
  q->world = ports_world(config->ports);
  q->name = g_strdup(config->name);
  q->domains = g_strdupv((char **)config->domains);
  q->items = g_ptr_array_new_with_free_func(item_free);
  if (q->config.retry_ns <= 0)
    q->config.retry_ns = RETRY_NS;
  if (q->config.expire_ns <= 0)
    q->config.expire_ns = EXPIRE_NS;
  return q;
}

void
queue_free(struct queue *q)
{
  g_ptr_array_unref(q->items);
  g_strfreev(q->domains);
  g_free(q->name);
  g_free(q->id);
  g_free(q);
}
