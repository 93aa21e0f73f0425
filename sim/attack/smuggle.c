/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smuggle.c -- tries the look-alikes of the end of data one after the other, each on a connection
 * of its own (smuggler.c), and tells what became of each.
 *
 *     begin ─> resolve ─> attempt ─connection over─> told ──pace──> the next look-alike
 *                                                     └─ none left: sums, action_finish */
#include "sim/attack/smuggle.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/smtp_text.h"

struct smuggle {
  struct smuggle_verbs *verbs;
  struct action *action;
  char *subject;
  const char *server, *from, *forge, *to;
  uint16_t port;
  int64_t pace_ns;
  unsigned ends; /* bits of enum smtp_end that are left */
  enum smtp_end current;
  struct ip_addr addr;
  unsigned counts[SMUGGLE_N];
};

struct smuggle_verbs {
  struct ports *ports;
  struct world *world;
};

/* ---- running ---- */

static void
take_outcome(void *data, enum smuggle_outcome outcome, const char *answer)
{
  struct smuggle *s = data;
  g_autofree char *text = g_utf8_make_valid(answer, (gssize)MIN(strlen(answer), 120));
  s->counts[outcome]++;
  world_emit(s->verbs->world, action_host(s->action), s->subject, smtp_ends[s->current].name,
             "%s%s%s", smuggle_outcome_name(outcome), *text ? " " : "", text);
}

static void
finish(struct smuggle *s)
{
  for (int i = 0; i < SMUGGLE_N; i++) {
    g_autofree char *key = g_strdup_printf("%s-n", smuggle_outcome_name((enum smuggle_outcome)i));
    world_emit(s->verbs->world, action_host(s->action), s->subject, key, "%u", s->counts[i]);
  }
  action_finish(s->action, s->counts[SMUGGLE_PASSED] + s->counts[SMUGGLE_OBEYED] > 0);
}

static void attempt(void *data);

static void
connection_over(void *data)
{
  struct smuggle *s = data;
  if (s->ends)
    world_at(s->verbs->world, world_now(s->verbs->world) + s->pace_ns, WORLD_APP,
             action_host(s->action), attempt, s);
  else
    finish(s);
}

static void
attempt(void *data)
{
  struct smuggle *s = data;
  int next = 0;
  while (!(s->ends & 1u << next))
    next++;
  s->ends &= ~(1u << next);
  s->current = (enum smtp_end)next;
  char text[ADDR_TEXT_MAX];
  struct host_info info = net_host_info(ports_net(s->verbs->ports), action_host(s->action));
  g_autofree char *name = g_strdup_printf("[%s%s]", info.addr.version == 6 ? "IPv6:" : "",
                                          ip_addr_format(&info.addr, text));
  struct smuggler_config config = {.name = name,
                                   .from = s->from,
                                   .forge = s->forge,
                                   .to = s->to,
                                   .end = s->current,
                                   .done = take_outcome,
                                   .data = s};
  ports_connect(s->verbs->ports, action_host(s->action), &s->addr, s->port, smuggler_new(&config),
                connection_over, s);
}

static void
resolved(struct action *action, const struct ip_addr *addr, void *own)
{
  struct smuggle *s = own;
  s->addr = *addr;
  attempt(s);
}

static void
begin(struct action *action, void *own)
{
  const struct smuggle *s = own;
  action_resolve(action, s->server, 0, resolved);
}

/* ---- reading ---- */

static bool
read_address(const struct tree_node *node, const char *key, const char **address, GError **error)
{
  if (!tree_text(node, key, NULL, address, error))
    return false;
  g_autofree char *path = g_strdup_printf("<%s>", *address ? *address : "");
  g_autofree char *parsed = NULL;
  const char *wrong;
  size_t n;
  if (smtp_path_parse(path, strlen(path), 0, &parsed, &n, &wrong) && n == strlen(path))
    return true;
  return tree_fail(
      error, action_place(node, key),
      lang_text("`%s` is an address such as bob@bob.test", "`%s` ต้องเป็นที่อยู่อีเมล เช่น bob@bob.test"),
      key);
}

static bool
read_ends(const struct tree_node *node, unsigned *ends, GError **error)
{
  const struct tree_node *list = tree_get(node, "ends");
  *ends = SMTP_ENDS_ALL;
  if (!list)
    return true;
  *ends = 0;
  for (guint i = 0; list->kind == TREE_LIST && i < list->children->len; i++) {
    const struct tree_node *word = list->children->pdata[i];
    enum smtp_end end = word->kind == TREE_SCALAR ? smtp_end_find(word->text) : SMTP_N_ENDS;
    if (end == SMTP_N_ENDS)
      return tree_fail(error, word,
                       lang_text("no such look-alike of the end of data; write LF.LF or CR.CR",
                                 "ไม่มีสิ่งที่คล้ายจุดจบของข้อมูลแบบนี้ ให้เขียนเช่น LF.LF หรือ CR.CR"));
    *ends |= 1u << end;
  }
  return *ends != 0 || tree_fail(error, list,
                                 lang_text("`ends` is a list: [LF.LF, CR.CR]",
                                           "`ends` เป็นรายการ: [LF.LF, CR.CR]"));
}

static bool
read_all(struct smuggle *s, const struct tree_node *node, GError **error)
{
  int64_t port;
  if (!tree_text(node, "server", NULL, &s->server, error) ||
      !tree_int(node, "port", 25, 1, 65535, &port, error) ||
      !read_address(node, "from", &s->from, error) ||
      !read_address(node, "forge", &s->forge, error) || !read_address(node, "to", &s->to, error) ||
      !read_ends(node, &s->ends, error) ||
      !tree_duration(node, "pace", 1000000000, &s->pace_ns, error))
    return false;
  s->port = (uint16_t)port;
  return s->server || tree_fail(error, node,
                                lang_text("the action needs `server`: a name or an address",
                                          "การกระทำนี้ต้องมี `server`: ชื่อหรือที่อยู่"));
}

static void
smuggle_free(void *own)
{
  struct smuggle *s = own;
  g_free(s->subject);
  g_free(s);
}

static void *
read_smuggle(void *owner, struct action *action, GError **error)
{
  struct smuggle *s = g_new0(struct smuggle, 1);
  s->verbs = owner;
  s->action = action;
  s->subject = g_strdup_printf("smuggle %s", action_id(action));
  if (read_all(s, action_node(action), error))
    return s;
  smuggle_free(s);
  return NULL;
}

static const char *const smuggle_keys[] = {"server", "port", "from", "forge",
                                           "to",     "ends", "pace", NULL};

static const struct action_verb verbs[] = {
    {"smuggle", smuggle_keys, read_smuggle, begin, smuggle_free},
};

struct action_table
smuggle_table(struct smuggle_verbs *all)
{
  return (struct action_table){verbs, G_N_ELEMENTS(verbs), all};
}

struct smuggle_verbs *
smuggle_verbs_new(struct ports *ports)
{
  struct smuggle_verbs *all = g_new0(struct smuggle_verbs, 1);
  all->ports = ports;
  all->world = ports_world(ports);
  return all;
}

void
smuggle_verbs_free(struct smuggle_verbs *all)
{
  g_free(all);
}
