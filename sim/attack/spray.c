/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spray.c -- guesses passwords at a server, from one host or several side by side.
 *
 *     begin ─> resolve ─> each source: connect ─> guess.c takes pairs from the common list
 *                             ^                      └── connection over ──pace──┐
 *                             └──────────── pairs left, time left ───────────────┘
 *
 * A pair is tried once. When the connection ends before its answer it counts as lost: whoever
 * attacks cannot know more. */
#include "sim/attack/spray.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/attack/guess.h"

struct spray;

/* One host that tries. */
struct source {
  struct spray *spray;
  uint32_t host;
  const char *user, *password; /* of the guess that runs */
  unsigned n_fruitless;        /* connections in a row without a guess */
  bool had_guess, is_over;
};

struct spray {
  struct spray_verbs *verbs;
  struct action *action;
  char *subject;
  const char *server;
  uint16_t port;
  enum auth_protocol protocol;
  enum auth_mechanism mech;
  char **users, **passwords;
  unsigned n_users, n_passwords, next;
  bool is_by_user, stops, is_stopped;
  int64_t pace_ns, for_ns, begin_ns;
  struct ip_addr addr;
  GArray *sources; /* struct source */
  unsigned n_open;
  unsigned counts[GUESS_UNFIT + 1], n_guesses;
};

struct spray_verbs {
  struct ports *ports;
  struct world *world;
};

/* ---- running ---- */

static void tell(const struct spray *s, const char *key, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void
tell(const struct spray *s, const char *key, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *value = g_strdup_vprintf(format, args);
  va_end(args);
  world_emit(s->verbs->world, action_host(s->action), s->subject, key, "%s", value);
}

static bool
is_at_end(const struct spray *s)
{
  bool is_late = s->for_ns > 0 && world_now(s->verbs->world) - s->begin_ns >= s->for_ns;
  return s->is_stopped || is_late || s->next >= s->n_users * s->n_passwords;
}

/* The next pair of the list. */
static bool
next_pair(void *data, const char **user, const char **password)
{
  struct source *from = data;
  struct spray *s = from->spray;
  if (is_at_end(s))
    return false;
  unsigned i = s->next++;
  unsigned u = s->is_by_user ? i / s->n_passwords : i % s->n_users;
  unsigned p = s->is_by_user ? i % s->n_passwords : i / s->n_users;
  from->user = *user = s->users[u];
  from->password = *password = s->passwords[p];
  from->had_guess = true;
  return true;
}

static void
take_result(void *data, enum guess_outcome outcome, const char *text, int64_t now_ns)
{
  struct source *from = data;
  struct spray *s = from->spray;
  char key[16];
  s->counts[outcome]++;
  g_snprintf(key, sizeof key, "%u", ++s->n_guesses);
  g_autofree char *line = g_utf8_make_valid(text, (gssize)MIN(strlen(text), 120));
  tell(s, key, "%s %s %s %s %s", net_host_info(ports_net(s->verbs->ports), from->host).name,
       from->user, from->password, guess_outcome_name(outcome), line);
  if (outcome == GUESS_RIGHT)
    tell(s, "found", "%s %s", from->user, from->password);
  if (outcome == GUESS_UNFIT || (outcome == GUESS_RIGHT && s->stops))
    s->is_stopped = true;
}

static void
finish(struct spray *s)
{
  int64_t tenths = (world_now(s->verbs->world) - s->begin_ns) / 100000000;
  tell(s, "guesses", "%u", s->n_guesses);
  tell(s, "found-n", "%u", s->counts[GUESS_RIGHT]);
  tell(s, "wrong-n", "%u", s->counts[GUESS_WRONG]);
  tell(s, "later-n", "%u", s->counts[GUESS_LATER]);
  tell(s, "lost-n", "%u", s->counts[GUESS_LOST]);
  tell(s, "seconds", "%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, tenths / 10, tenths % 10);
  action_finish(s->action, s->counts[GUESS_RIGHT] > 0);
}

static void connect_source(void *data);

/* A connection is over. */
static void
connection_over(void *data)
{
  struct source *from = data;
  struct spray *s = from->spray;
  from->n_fruitless = from->had_guess ? 0 : from->n_fruitless + 1;
  if (!is_at_end(s) && from->n_fruitless < SPRAY_CONNECTS_MAX) {
    world_at(s->verbs->world, world_now(s->verbs->world) + s->pace_ns, WORLD_APP, from->host,
             connect_source, from);
    return;
  }
  from->is_over = true;
  if (--s->n_open == 0)
    finish(s);
}

static void
connect_source(void *data)
{
  struct source *from = data;
  struct spray *s = from->spray;
  g_autofree char *purpose = g_strdup_printf("%s %u", s->subject, s->next);
  struct random_stream random = world_random(s->verbs->world, from->host, purpose);
  struct guess_config config = {.protocol = s->protocol,
                                .mech = s->mech,
                                .random = &random,
                                .pace_ns = s->pace_ns,
                                .next = next_pair,
                                .result = take_result,
                                .data = from};
  from->had_guess = false;
  ports_connect(s->verbs->ports, from->host, &s->addr, s->port, guess_new(&config), connection_over,
                from);
}

static void
resolved(struct action *action, const struct ip_addr *addr, void *own)
{
  struct spray *s = own;
  s->addr = *addr;
  s->begin_ns = world_now(s->verbs->world);
  s->n_open = s->sources->len;
  for (guint i = 0; i < s->sources->len; i++)
    connect_source(&g_array_index(s->sources, struct source, i));
}

static void
begin(struct action *action, void *own)
{
  const struct spray *s = own;
  action_resolve(action, s->server, 0, resolved);
}

/* ---- reading ---- */

static const struct {
  const char *name;
  uint16_t port;
  enum auth_mechanism mech;
} protocols[AUTH_N_PROTOCOLS] = {[AUTH_SMTP] = {"smtp", 587, AUTH_PLAIN},
                                 [AUTH_POP3] = {"pop3", 110, AUTH_COMMAND},
                                 [AUTH_IMAP] = {"imap", 143, AUTH_COMMAND}};

static bool
read_protocol(struct spray *s, const struct tree_node *node, GError **error)
{
  const char *protocol, *auth;
  int64_t port;
  int i = 0;
  if (!tree_text(node, "protocol", "imap", &protocol, error))
    return false;
  while (i < AUTH_N_PROTOCOLS && strcmp(protocols[i].name, protocol) != 0)
    i++;
  if (i == AUTH_N_PROTOCOLS)
    return tree_fail(
        error, action_place(node, "protocol"),
        lang_text("`protocol` is smtp, pop3 or imap", "`protocol` ต้องเป็น smtp, pop3 หรือ imap"));
  s->protocol = (enum auth_protocol)i;
  if (!tree_int(node, "port", protocols[i].port, 1, 65535, &port, error) ||
      !tree_text(node, "auth", auth_name(protocols[i].mech), &auth, error))
    return false;
  s->port = (uint16_t)port;
  s->mech = auth_find(auth, strlen(auth));
  bool is_spoken = auth_is_sasl(s->mech) || (s->mech == AUTH_COMMAND && i != AUTH_SMTP) ||
                   (s->mech == AUTH_APOP && i == AUTH_POP3);
  if (!is_spoken || s->mech == AUTH_EXTERNAL || s->mech == AUTH_ANONYMOUS)
    return tree_fail(
        error, action_place(node, "auth"),
        lang_text("this mechanism cannot be guessed in this protocol; write USER or PLAIN",
                  "กลไกนี้เดารหัสผ่านในโปรโตคอลนี้ไม่ได้ ให้เขียน USER หรือ PLAIN"));
  return true;
}

/* The texts of a list that is not empty. */
static bool
read_words(const struct tree_node *node, const char *key, char ***words, unsigned *n,
           GError **error)
{
  const struct tree_node *list = tree_get(node, key);
  if (!list || list->kind != TREE_LIST || list->children->len == 0 ||
      list->children->len > SPRAY_LIST_MAX)
    return tree_fail(
        error, list ? list : node,
        lang_text("`%1$s` is a list of 1 to %2$d texts", "`%1$s` เป็นรายการข้อความ 1 ถึง %2$d รายการ"),
        key, SPRAY_LIST_MAX);
  *words = g_new0(char *, list->children->len + 1);
  *n = list->children->len;
  for (guint i = 0; i < list->children->len; i++) {
    const struct tree_node *word = list->children->pdata[i];
    if (word->kind != TREE_SCALAR || strpbrk(word->text, "\r\n"))
      return tree_fail(error, word,
                       lang_text("a text of one line is wanted here", "ตรงนี้ต้องเป็นข้อความบรรทัดเดียว"));
    (*words)[i] = g_strdup(word->text);
  }
  return true;
}

static bool
read_hosts(struct spray *s, const struct tree_node *node, GError **error)
{
  const struct tree_node *list = tree_get(node, "hosts");
  s->sources = g_array_new(FALSE, TRUE, sizeof(struct source));
  if (!list) {
    struct source own = {.spray = s, .host = action_host(s->action)};
    g_array_append_val(s->sources, own);
    return true;
  }
  if (list->kind != TREE_LIST || list->children->len == 0 || list->children->len > SPRAY_HOSTS_MAX)
    return tree_fail(
        error, list,
        lang_text("`hosts` is a list of 1 to %d hosts", "`hosts` เป็นรายการเครื่อง 1 ถึง %d เครื่อง"),
        SPRAY_HOSTS_MAX);
  for (guint i = 0; i < list->children->len; i++) {
    const struct tree_node *name = list->children->pdata[i];
    struct source from = {.spray = s, .host = UINT32_MAX};
    if (name->kind == TREE_SCALAR)
      from.host = net_find_host(action_net(s->action), name->text);
    if (from.host == UINT32_MAX)
      return tree_fail(error, name,
                       lang_text("there is no such host: add it to `hosts` of the scenario",
                                 "ไม่มีเครื่องนี้: เพิ่มใน `hosts` ของสถานการณ์"));
    g_array_append_val(s->sources, from);
  }
  return true;
}

static bool
read_all(struct spray *s, const struct tree_node *node, GError **error)
{
  const char *order;
  if (!tree_text(node, "server", NULL, &s->server, error) || !read_protocol(s, node, error) ||
      !read_words(node, "users", &s->users, &s->n_users, error) ||
      !read_words(node, "passwords", &s->passwords, &s->n_passwords, error) ||
      !read_hosts(s, node, error) || !tree_text(node, "order", "passwords", &order, error) ||
      !tree_duration(node, "pace", 1000000000, &s->pace_ns, error) ||
      !tree_duration(node, "for", 0, &s->for_ns, error) ||
      !tree_bool(node, "stop", true, &s->stops, error))
    return false;
  s->is_by_user = strcmp(order, "users") == 0;
  if (!s->is_by_user && strcmp(order, "passwords") != 0)
    return tree_fail(error, action_place(node, "order"),
                     lang_text("`order` is passwords (spraying) or users (brute force)",
                               "`order` ต้องเป็น passwords (พ่นรหัสผ่าน) หรือ users (ไล่เดา)"));
  if (!s->server)
    return tree_fail(error, node,
                     lang_text("the action needs `server`: a name or an address",
                               "การกระทำนี้ต้องมี `server`: ชื่อหรือที่อยู่"));
  return true;
}

static void
spray_free(void *own)
{
  struct spray *s = own;
  g_strfreev(s->users);
  g_strfreev(s->passwords);
  g_clear_pointer(&s->sources, g_array_unref);
  g_free(s->subject);
  g_free(s);
}

static void *
read_spray(void *owner, struct action *action, GError **error)
{
  struct spray *s = g_new0(struct spray, 1);
  s->verbs = owner;
  s->action = action;
  s->subject = g_strdup_printf("spray %s", action_id(action));
  if (read_all(s, action_node(action), error))
    return s;
  spray_free(s);
  return NULL;
}

static const char *const spray_keys[] = {"server", "protocol", "port", "auth", "users", "passwords",
                                         "order",  "hosts",    "pace", "for",  "stop",  NULL};

static const struct action_verb verbs[] = {
    {"spray", spray_keys, read_spray, begin, spray_free},
};

struct action_table
spray_table(struct spray_verbs *all)
{
  return (struct action_table){verbs, G_N_ELEMENTS(verbs), all};
}

struct spray_verbs *
spray_verbs_new(struct ports *ports)
{
  struct spray_verbs *all = g_new0(struct spray_verbs, 1);
  all->ports = ports;
  all->world = ports_world(ports);
  return all;
}

void
spray_verbs_free(struct spray_verbs *all)
{
  g_free(all);
}
