/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bomber.c -- sends many messages, from one host or several, at a pace: what a mail host has to
 * bear, and what rate limits are for. The keys stand in attack.h.
 *
 *     every `pace` ─> a connection is free? ─> one message ─> counted: sent, refused, failed
 *                          └ no: it waits for one            all `count` done ─> over */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/attack/attack.h"
#include "sim/mail/compose.h"
#include "sim/mail/machine.h"
#include "sim/mail/smtp.h"

enum {
  BOMBER_COUNT_MAX = 100000,
  BOMBER_AT_ONCE_MAX = 1000,
  BOMBER_HOSTS_MAX = 64,
  BOMBER_SIZE_MAX = 1 << 20,
};

struct bomber {
  struct ports *ports;
  struct world *world;
};

struct raid {
  struct bomber *bomber;
  struct action *action;
  struct ip_addr addr;
  const char *server, *user, *password, *subject;
  uint16_t port;
  char **from, **to;
  uint32_t hosts[BOMBER_HOSTS_MAX];
  unsigned n_hosts;
  int64_t count, size, pace_ns, at_once;
  char *text;
  struct random_stream random;
  unsigned n_begun, n_under_way, n_sent, n_refused, n_failed;
  int64_t due_ns; /* the next message */
  uint64_t timer;
};

static void go_on(struct raid *r);

static void
count_one(struct raid *r, const char *key, unsigned *n)
{
  world_emit(r->bomber->world, action_host(r->action), "bomber", key, "%u", ++*n);
}

static void
sent(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct raid *r = data;
  if (n > 0 && results[0].outcome == SMTP_OUTCOME_ACCEPTED)
    count_one(r, "sent", &r->n_sent);
  else if (n > 0 && results[0].code != 0)
    count_one(r, "refused", &r->n_refused);
  else
    count_one(r, "failed", &r->n_failed);
  if (n > 0 && results[0].outcome != SMTP_OUTCOME_ACCEPTED)
    world_emit(r->bomber->world, action_host(r->action), "bomber", "last", "%u %s", results[0].code,
               results[0].text);
  r->n_under_way--;
  go_on(r);
}

static void
shoot(struct raid *r)
{
  struct world *w = r->bomber->world;
  struct net *net = ports_net(r->bomber->ports);
  unsigned i = r->n_begun++;
  uint32_t host = r->hosts[i % r->n_hosts];
  struct compose_person to = {.address = r->to[i % g_strv_length(r->to)]};
  struct compose_letter letter = {.from = {.address = r->from[i % g_strv_length(r->from)]},
                                  .to = &to,
                                  .n_to = 1,
                                  .subject = r->subject,
                                  .text = r->text};
  g_autoptr(GBytes) octets = compose_message(&letter, world_now(w), &r->random);
  const struct envelope_recipient recipient = {.address = to.address};
  struct host_info info = net_host_info(net, host);
  char own[ADDR_TEXT_MAX];
  g_autofree char *name = g_strdup_printf("[%s%s]", info.addr.version == 6 ? "IPv6:" : "",
                                          ip_addr_format(&info.addr, own));
  const struct smtp_client_config config = {
      .name = name,
      .user = r->user,
      .password = r->password,
      .envelope = {.sender = letter.from.address, .recipients = &recipient, .n_recipients = 1},
      .octets = octets,
      .done = sent,
      .data = r};
  r->n_under_way++;
  ports_connect(r->bomber->ports, host, &r->addr, r->port, smtp_client_new(&config), NULL, NULL);
}

static void
due(void *data)
{
  struct raid *r = data;
  r->timer = 0;
  go_on(r);
}

static void
go_on(struct raid *r)
{
  struct world *w = r->bomber->world;
  while (r->n_begun < r->count && r->n_under_way < r->at_once && world_now(w) >= r->due_ns) {
    r->due_ns = MAX(r->due_ns, world_now(w)) + r->pace_ns;
    shoot(r);
  }
  if (r->n_begun >= r->count && r->n_under_way == 0) {
    g_autofree char *text = g_strdup_printf(
        lang_text("%u messages sent, %u refused, %u failed", "ส่งแล้ว %u ฉบับ ถูกปฏิเสธ %u ล้มเหลว %u"),
        r->n_sent, r->n_refused, r->n_failed);
    action_log(r->action, text);
    action_finish(r->action, r->n_sent > 0);
  } else if (r->n_begun < r->count && r->n_under_way < r->at_once && !r->timer) {
    r->timer = world_at(w, r->due_ns, WORLD_APP, action_host(r->action), due, r);
  }
}

static void
found(struct action *a, const struct ip_addr *addr, void *own)
{
  struct raid *r = own;
  r->addr = *addr;
  r->due_ns = world_now(r->bomber->world);
  go_on(r);
}

static void
begin(struct action *a, void *own)
{
  const struct raid *r = own;
  action_resolve(a, r->server, 0, found);
}

/* ---- reading ---- */

static void
raid_free(void *own)
{
  struct raid *r = own;
  if (r->timer)
    world_cancel(r->bomber->world, r->timer);
  g_strfreev(r->from);
  g_strfreev(r->to);
  g_free(r->text);
  g_free(r);
}

/* One address or a list of them. */
static bool
read_addresses(const struct tree_node *map, const char *key, char ***out, GError **error)
{
  const struct tree_node *node = tree_get(map, key);
  g_autoptr(GPtrArray) found_here = g_ptr_array_new_with_free_func(g_free);
  guint n = !node ? 0 : node->kind == TREE_LIST ? node->children->len : 1;
  for (guint i = 0; i < n; i++) {
    const struct tree_node *one = node->kind == TREE_LIST ? node->children->pdata[i] : node;
    g_autofree char *path = g_strdup_printf("<%s>", one->kind == TREE_SCALAR ? one->text : "");
    g_autofree char *address = NULL;
    size_t n_read;
    const char *wrong;
    if (!smtp_path_parse(path, strlen(path), false, &address, &n_read, &wrong) ||
        n_read != strlen(path))
      return tree_fail(error, one,
                       lang_text("\"%s\" is no address; write one such as alice@alice.test",
                                 "\"%s\" ไม่ใช่ที่อยู่อีเมล ให้เขียนเช่น alice@alice.test"),
                       one->kind == TREE_SCALAR ? one->text : "");
    g_ptr_array_add(found_here, g_steal_pointer(&address));
  }
  if (n == 0)
    return tree_fail(
        error, action_place(map, key),
        lang_text("`bomb` needs `%s`: an address or a list", "`bomb` ต้องมี `%s`: ที่อยู่หรือรายการ"),
        key);
  g_ptr_array_add(found_here, NULL);
  *out = (char **)g_ptr_array_steal(found_here, NULL);
  return true;
}

static bool
read_hosts(struct raid *r, const struct tree_node *map, GError **error)
{
  const struct tree_node *node = tree_get(map, "hosts");
  struct net *n = ports_net(r->bomber->ports);
  r->hosts[r->n_hosts++] = action_host(r->action);
  if (!node)
    return true;
  if (node->kind != TREE_LIST || node->children->len >= BOMBER_HOSTS_MAX)
    return tree_fail(
        error, node,
        lang_text("`hosts` is a list of at most %d hosts", "`hosts` เป็นรายการโฮสต์ไม่เกิน %d เครื่อง"),
        BOMBER_HOSTS_MAX - 1);
  for (guint i = 0; i < node->children->len; i++) {
    const struct tree_node *one = node->children->pdata[i];
    uint32_t host = net_find_host(n, one->kind == TREE_SCALAR ? one->text : "");
    if (host == UINT32_MAX)
      return tree_fail(
          error, one,
          lang_text("there is no host \"%s\": add it to `hosts`", "ไม่มีเครื่อง \"%s\": เพิ่มใน `hosts`"),
          one->kind == TREE_SCALAR ? one->text : "");
    r->hosts[r->n_hosts++] = host;
  }
  return true;
}

static bool
read_keys(struct raid *r, const struct tree_node *node, GError **error)
{
  int64_t port;
  if (!tree_text(node, "server", NULL, &r->server, error) ||
      !tree_text(node, "user", NULL, &r->user, error) ||
      !tree_text(node, "password", NULL, &r->password, error) ||
      !tree_text(node, "subject", "Congratulations", &r->subject, error) ||
      !tree_int(node, "port", r->user ? 587 : 25, 1, 65535, &port, error) ||
      !tree_int(node, "count", 10, 1, BOMBER_COUNT_MAX, &r->count, error) ||
      !tree_int(node, "at_once", 1, 1, BOMBER_AT_ONCE_MAX, &r->at_once, error) ||
      !tree_int(node, "size", 200, 0, BOMBER_SIZE_MAX, &r->size, error) ||
      !tree_duration(node, "pace", 0, &r->pace_ns, error) ||
      !read_addresses(node, "from", &r->from, error) ||
      !read_addresses(node, "to", &r->to, error) || !read_hosts(r, node, error))
    return false;
  r->port = (uint16_t)port;
  if (!r->server)
    return tree_fail(error, node, "%s",
                     lang_text("the action needs `server`: a name or an address",
                               "การกระทำนี้ต้องมี `server`: ชื่อหรือที่อยู่"));
  return true;
}

/* Text of so many octets in lines that every host takes. */
static char *
text_of(int64_t size)
{
  static const char line[] = "You have won. Send us your name, your street and all your money.\n";
  GString *text = g_string_new(NULL);
  while ((int64_t)text->len < size)
    g_string_append_len(text, line, MIN((gssize)strlen(line), (gssize)(size - (int64_t)text->len)));
  return g_string_free(text, FALSE);
}

static void *
read_raid(void *owner, struct action *action, GError **error)
{
  struct raid *r = g_new0(struct raid, 1);
  r->bomber = owner;
  r->action = action;
  if (!read_keys(r, action_node(action), error)) {
    raid_free(r);
    return NULL;
  }
  g_autofree char *purpose = g_strdup_printf("bomb %s", action_id(action));
  r->random = world_random(r->bomber->world, action_host(action), purpose);
  r->text = text_of(r->size);
  return r;
}

static const char *const keys[] = {"server", "port",    "user", "password", "from",  "to", "count",
                                   "pace",   "at_once", "size", "subject",  "hosts", NULL};
static const struct action_verb verbs[] = {{"bomb", keys, read_raid, begin, raid_free}};

struct action_table
bomber_table(struct bomber *b)
{
  return (struct action_table){verbs, G_N_ELEMENTS(verbs), b};
}

struct bomber *
bomber_new(struct ports *ports)
{
  struct bomber *b = g_new0(struct bomber, 1);
  b->ports = ports;
  b->world = ports_world(ports);
  return b;
}

void
bomber_free(struct bomber *b)
{
  g_free(b);
}
