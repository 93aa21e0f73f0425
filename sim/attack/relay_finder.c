/* SPDX-License-Identifier: GPL-3.0-or-later */
/* relay_finder.c -- looks for open relays: host after host of a net is asked by relay_probe.c, a
 * few at one time, and what was learnt stands in a table of events. The keys stand in attack.h. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/attack/attack.h"
#include "sim/attack/relay_probe.h"
#include "sim/mail/smtp.h"
#include "sim/net/build.h"

enum { FINDER_TARGETS_MAX = 256 /* a /24: a search of more says nothing new */ };

struct relay_finder {
  struct ports *ports;
  struct world *world;
};

struct search {
  struct relay_finder *finder;
  struct action *action;
  GPtrArray *targets; /* char*: addresses, or names for the DNS */
  GPtrArray *probed;  /* struct target*, in the order of their beginning */
  guint next;
  unsigned n_under_way, at_once, n_smtp, n_open;
  const char *victim;
  uint16_t port;
};

/* One host that is asked. */
struct target {
  struct search *search;
  char *address;
  bool is_open, is_over;
};

static void go_on(struct search *s);

static void
emit(const struct target *t, const char *trick, const char *format, const char *argument)
{
  const struct search *s = t->search;
  g_autofree char *key = trick ? g_strdup_printf("%s %s", t->address, trick) : g_strdup(t->address);
  world_emit(s->finder->world, action_host(s->action), "relay-finder", key, format, argument);
}

static void
answered(void *data, const struct relay_trick *trick, const char *reply, bool is_open)
{
  struct target *t = data;
  t->is_open |= is_open;
  emit(t, trick->name, "%s", reply);
}

static void
done(void *data, bool is_smtp, const char *last)
{
  struct target *t = data;
  struct search *s = t->search;
  t->is_over = true;
  s->n_smtp += is_smtp;
  s->n_open += t->is_open;
  if (is_smtp)
    emit(t, NULL, "%s", t->is_open ? "open" : "safe");
  else if (last)
    emit(t, NULL, "no-smtp: %s", last);
  else
    emit(t, NULL, "%s", "closed");
  s->n_under_way--;
  go_on(s);
}

static void
finish(struct search *s)
{
  struct world *w = s->finder->world;
  world_emit(w, action_host(s->action), "relay-finder", "result", "hosts=%u smtp=%u open=%u",
             s->probed->len, s->n_smtp, s->n_open);
  g_autofree char *text = g_strdup_printf(
      lang_text("%u hosts asked, %u speak SMTP, %u pass on mail of strangers",
                "ถามไป %u เครื่อง พูด SMTP %u เครื่อง ยอมส่งต่อจดหมายของคนแปลกหน้า %u เครื่อง"),
      s->probed->len, s->n_smtp, s->n_open);
  action_log(s->action, text);
  action_finish(s->action, true);
}

static void
probe(struct search *s, const struct ip_addr *addr)
{
  struct target *t = g_new0(struct target, 1);
  char text[ADDR_TEXT_MAX], own[ADDR_TEXT_MAX];
  t->search = s;
  t->address = g_strdup(ip_addr_format(addr, text));
  g_ptr_array_add(s->probed, t);
  emit(t, NULL, "%s", "asking");
  struct net *n = ports_net(s->finder->ports);
  struct host_info info = net_host_info(n, action_host(s->action));
  g_autofree char *name = g_strdup_printf("[%s%s]", info.addr.version == 6 ? "IPv6:" : "",
                                          ip_addr_format(&info.addr, own));
  const struct relay_probe_config config = {.name = name,
                                            .target = t->address,
                                            .victim = s->victim,
                                            .answered = answered,
                                            .done = done,
                                            .data = t};
  s->n_under_way++;
  ports_connect(s->finder->ports, action_host(s->action), addr, s->port, relay_probe_new(&config),
                NULL, NULL);
}

static void
resolved(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct search *s = data;
  s->n_under_way--;
  if (status == DNS_FOUND && n > 0)
    probe(s, &answers[0].addr);
  else
    go_on(s);
}

static void
go_on(struct search *s)
{
  while (s->next < s->targets->len && s->n_under_way < s->at_once) {
    const char *target = s->targets->pdata[s->next++];
    struct ip_addr addr;
    if (ip_addr_parse(target, &addr)) {
      probe(s, &addr);
      continue;
    }
    s->n_under_way++;
    net_resolve_address(ports_net(s->finder->ports), action_host(s->action), target, resolved, s);
  }
  if (s->n_under_way == 0 && s->next >= s->targets->len)
    finish(s);
}

static void
begin(struct action *a, void *own)
{
  go_on(own);
}

/* ---- reading ---- */

static void
target_free(void *data)
{
  struct target *t = data;
  g_free(t->address);
  g_free(t);
}

static void
search_free(void *own)
{
  struct search *s = own;
  g_ptr_array_unref(s->targets);
  g_ptr_array_unref(s->probed);
  g_free(s);
}

/* All addresses of a net that a host can have. */
static bool
read_net(struct search *s, const struct tree_node *node, GError **error)
{
  struct ip_addr net;
  uint8_t prefix;
  if (!build_prefixed(node, &net, &prefix, error))
    return false;
  if (net.version != 4 || prefix < 24)
    return tree_fail(
        error, node, "%s",
        lang_text("a search goes through an IPv4 net of at most 256 addresses: /24 or less",
                  "ค้นได้ในเครือข่าย IPv4 ไม่เกิน 256 ที่อยู่: /24 หรือเล็กกว่า"));
  unsigned n = 1u << (32 - prefix), first = net.octets[3] & (0xffu << (32 - prefix));
  for (unsigned i = 0; i < n; i++) {
    if (n > 2 && (i == 0 || i == n - 1)) /* the net itself, and all of it */
      continue;
    struct ip_addr addr = net;
    char text[ADDR_TEXT_MAX];
    addr.octets[3] = (uint8_t)(first + i);
    if (!ip_addr_equal(&addr, &(struct ip_addr){0}))
      g_ptr_array_add(s->targets, g_strdup(ip_addr_format(&addr, text)));
  }
  return true;
}

static bool
read_targets(struct search *s, const struct tree_node *node, GError **error)
{
  const struct tree_node *net = tree_get(node, "net"), *targets = tree_get(node, "targets");
  if (!net == !targets)
    return tree_fail(error, node, "%s",
                     lang_text("say where to look: `net: 10.0.2.0/24` or `targets: [mx.b.test]`",
                               "บอกว่าจะค้นที่ไหน: `net: 10.0.2.0/24` หรือ `targets: [mx.b.test]`"));
  if (net)
    return read_net(s, net, error);
  if (targets->kind != TREE_LIST || targets->children->len > FINDER_TARGETS_MAX)
    return tree_fail(error, targets,
                     lang_text("`targets` is a list of at most %d hosts",
                               "`targets` เป็นรายการโฮสต์ไม่เกิน %d เครื่อง"),
                     FINDER_TARGETS_MAX);
  for (guint i = 0; i < targets->children->len; i++) {
    const struct tree_node *one = targets->children->pdata[i];
    if (one->kind != TREE_SCALAR)
      return tree_fail(error, one, "%s", lang_text("a host is wanted here", "ตรงนี้ต้องเป็นโฮสต์"));
    g_ptr_array_add(s->targets, g_strdup(one->text));
  }
  return true;
}

static void *
read_search(void *owner, struct action *action, GError **error)
{
  const struct tree_node *node = action_node(action);
  struct search *s = g_new0(struct search, 1);
  int64_t port, at_once;
  s->finder = owner;
  s->action = action;
  s->targets = g_ptr_array_new_with_free_func(g_free);
  s->probed = g_ptr_array_new_with_free_func(target_free);
  bool is_good = read_targets(s, node, error) &&
                 tree_int(node, "port", 25, 1, 65535, &port, error) &&
                 tree_int(node, "at_once", 8, 1, 64, &at_once, error) &&
                 tree_text(node, "victim", "victim@elsewhere.test", &s->victim, error);
  g_autofree char *path = g_strdup_printf("<%s>", is_good ? s->victim : "");
  g_autofree char *address = NULL;
  size_t n;
  const char *wrong;
  if (is_good && (!smtp_path_parse(path, strlen(path), false, &address, &n, &wrong) ||
                  n != strlen(path) || !*smtp_domain(s->victim)))
    is_good = tree_fail(error, tree_get(node, "victim"),
                        lang_text("\"%s\" is no address; write one such as victim@elsewhere.test",
                                  "\"%s\" ไม่ใช่ที่อยู่อีเมล ให้เขียนเช่น victim@elsewhere.test"),
                        s->victim);
  if (!is_good) {
    search_free(s);
    return NULL;
  }
  s->port = (uint16_t)port;
  s->at_once = (unsigned)at_once;
  return s;
}

static const char *const keys[] = {"net", "targets", "port", "victim", "at_once", NULL};
static const struct action_verb verbs[] = {{"find-relays", keys, read_search, begin, search_free}};

struct action_table
relay_finder_table(struct relay_finder *f)
{
  return (struct action_table){verbs, G_N_ELEMENTS(verbs), f};
}

struct relay_finder *
relay_finder_new(struct ports *ports)
{
  struct relay_finder *f = g_new0(struct relay_finder, 1);
  f->ports = ports;
  f->world = ports_world(ports);
  return f;
}

void
relay_finder_free(struct relay_finder *f)
{
  g_free(f);
}
