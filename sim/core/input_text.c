/* SPDX-License-Identifier: GPL-3.0-or-later */
/* input_text.c -- the text form of inputs, both ways: "{at: 1.5s, do: drop, link: wan, packet:
 * 42}".
 *
 * Read from a tree, so that every complaint names file and line; written on one line, with quotes
 * where YAML would read something else. Times are exact to the nanosecond in both directions. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/core/input_private.h"

enum { KEYS_MAX = 24 };

/* Which keys a group of fields is written with. */
static const struct {
  unsigned takes;
  const char *keys[2];
} groups[] = {
    {TAKES_LINK, {"link", "from"}},
    {TAKES_PACKET, {"packet"}},
    {TAKES_BY, {"by"}},
    {TAKES_OCTETS, {"offset", "octets"}},
    {TAKES_ENDS, {"from", "to"}},
    {TAKES_VALUE, {"key", "value"}},
    {TAKES_HAND, {"as"}},
    {TAKES_HOST, {"host"}},
    {TAKES_SERVER, {"to"}},
    {TAKES_LINE, {"line", "end"}},
    {TAKES_PORT, {"port"}},
};

/* ---- reading ---- */

static bool
read_verb(const struct tree_node *map, enum input_verb *verb, GError **error)
{
  const char *names[N_INPUT_VERBS + 1] = {NULL};
  const char *text;
  if (!tree_text(map, "do", "", &text, error))
    return false;
  for (int i = 0; i < N_INPUT_VERBS; i++) {
    names[i] = input_forms[i].name;
    if (strcmp(text, names[i]) == 0) {
      *verb = (enum input_verb)i;
      return true;
    }
  }
  const struct tree_node *at = tree_get(map, "do");
  g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)names);
  return tree_fail(error, at ? at : map,
                   lang_text("\"do\" is \"%1$s\"; write one of: %2$s",
                             "\"do\" มีค่า \"%1$s\" ให้เขียนอย่างใดอย่างหนึ่งใน: %2$s"),
                   text, all);
}

/* "10.0.0.5:25", "[2001:db8::1]:25" or "mail.bob.test:25" cut into name and port. NULL when it is
 * none. */
static char *
read_name_and_port(const char *text, uint16_t *port)
{
  const char *colon = strrchr(text, ':');
  guint64 number;
  if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 1, UINT16_MAX, &number, NULL))
    return NULL;
  *port = (uint16_t)number;
  size_t n = (size_t)(colon - text);
  if (n >= 2 && text[0] == '[' && text[n - 1] == ']')
    return g_strndup(text + 1, n - 2);
  return memchr(text, ':', n) ? NULL : g_strndup(text, n);
}

static bool
read_end(const struct tree_node *map, const char *key, struct ip_addr *addr, uint16_t *port,
         GError **error)
{
  const char *text;
  if (!tree_text(map, key, "", &text, error))
    return false;
  g_autofree char *name = read_name_and_port(text, port);
  if (name && ip_addr_parse(name, addr))
    return true;
  const struct tree_node *at = tree_get(map, key);
  return tree_fail(error, at ? at : map,
                   lang_text("\"%s\" is \"%s\"; write address and port, such as 10.0.0.5:50112",
                             "\"%s\" มีค่า \"%s\" ให้เขียนที่อยู่กับพอร์ต เช่น 10.0.0.5:50112"),
                   key, text);
}

static bool
read_server(const struct tree_node *map, struct input *i, GError **error)
{
  const char *text;
  if (!tree_text(map, "to", "", &text, error))
    return false;
  i->server = read_name_and_port(text, &i->to_port);
  if (i->server && *i->server)
    return true;
  const struct tree_node *at = tree_get(map, "to");
  return tree_fail(error, at ? at : map,
                   lang_text("\"to\" is \"%s\"; write name and port, such as mail.bob.test:25",
                             "\"to\" มีค่า \"%s\" ให้เขียนชื่อกับพอร์ต เช่น mail.bob.test:25"),
                   text);
}

static bool
read_octets(const struct tree_node *map, struct input *i, GError **error)
{
  const char *text;
  int64_t offset;
  if (!tree_int(map, "offset", 0, 0, INPUT_ALTER_OCTETS_MAX, &offset, error) ||
      !tree_text(map, "octets", "", &text, error))
    return false;
  size_t n = strlen(text);
  bool good = n % 2 == 0 && n / 2 <= INPUT_ALTER_OCTETS_MAX;
  for (size_t k = 0; k < n; k++)
    good = good && g_ascii_isxdigit(text[k]);
  if (!good)
    return tree_fail(error, tree_get(map, "octets"), "%s",
                     lang_text("\"octets\" is hexadecimal, two digits for each octet: 0d0a",
                               "\"octets\" เป็นเลขฐานสิบหก ออกเตตละสองหลัก เช่น 0d0a"));
  i->offset = (uint32_t)offset;
  i->n_octets = (uint32_t)(n / 2);
  i->octets = g_malloc(n / 2 + 1);
  for (size_t k = 0; k < n; k += 2)
    i->octets[k / 2] =
        (uint8_t)(g_ascii_xdigit_value(text[k]) << 4 | g_ascii_xdigit_value(text[k + 1]));
  return true;
}

/* Texts of the tree are borrowed: input_log_add_at copies them. */
static bool
read_word(const struct tree_node *map, const char *key, char **out, GError **error)
{
  const char *text;
  if (!tree_text(map, key, NULL, &text, error))
    return false;
  *out = (char *)(uintptr_t)text;
  return true;
}

static bool
read_fields(const struct tree_node *map, struct input *i, GError **error)
{
  unsigned takes = input_forms[i->verb].takes;
  int64_t packet = 0;
  if ((takes & TAKES_LINK) &&
      (!read_word(map, "link", &i->link, error) || !read_word(map, "from", &i->from_host, error)))
    return false;
  if ((takes & TAKES_PACKET) && !tree_int(map, "packet", 0, 1, INT64_MAX, &packet, error))
    return false;
  i->packet = (uint64_t)packet;
  if ((takes & TAKES_BY) && !tree_duration(map, "by", 0, &i->by_ns, error))
    return false;
  if ((takes & TAKES_OCTETS) && !read_octets(map, i, error))
    return false;
  if ((takes & TAKES_ENDS) && (!read_end(map, "from", &i->from, &i->from_port, error) ||
                               !read_end(map, "to", &i->to, &i->to_port, error)))
    return false;
  if ((takes & TAKES_VALUE) &&
      (!read_word(map, "key", &i->key, error) || !read_word(map, "value", &i->value, error)))
    return false;
  if ((takes & TAKES_HAND) && !read_word(map, "as", &i->hand, error))
    return false;
  if ((takes & TAKES_HOST) && !read_word(map, "host", &i->host, error))
    return false;
  if ((takes & TAKES_SERVER) && !read_server(map, i, error))
    return false;
  int64_t port = 0;
  if ((takes & TAKES_PORT) && !tree_int(map, "port", 0, 1, UINT16_MAX, &port, error))
    return false;
  if (takes & TAKES_PORT)
    i->to_port = (uint16_t)port;
  return !(takes & TAKES_LINE) ||
         (read_word(map, "line", &i->line, error) && read_word(map, "end", &i->end, error));
}

static bool
read_one(struct input_log *log, const struct tree_node *map, GError **error)
{
  struct input i = {0};
  const char *keys[KEYS_MAX] = {"at", "do"};
  unsigned n_keys = 2;
  if (map->kind != TREE_MAP)
    return tree_fail(error, map, "%s",
                     lang_text("an input is a map, such as {at: 1.5s, do: drop, link: wan}",
                               "คำสั่งแทรกต้องเป็นแมป เช่น {at: 1.5s, do: drop, link: wan}"));
  if (!read_verb(map, &i.verb, error))
    return false;
  for (size_t g = 0; g < G_N_ELEMENTS(groups); g++)
    for (unsigned k = 0; k < 2 && (input_forms[i.verb].takes & groups[g].takes); k++)
      if (groups[g].keys[k])
        keys[n_keys++] = groups[g].keys[k];
  if (!tree_known(map, keys, error))
    return false;
  if (!tree_get(map, "at"))
    return tree_fail(error, map, "%s",
                     lang_text("\"at\" is missing; write at: 1.5s", "ไม่มี \"at\" ให้เขียน at: 1.5s"));
  bool good = tree_duration(map, "at", 0, &i.time_ns, error) && read_fields(map, &i, error) &&
              input_log_add_at(log, &i, map, error);
  g_free(i.octets);
  g_free(i.server);
  return good;
}

bool
input_log_read(struct input_log *log, const struct tree_node *list, GError **error)
{
  if (!list)
    return true;
  if (list->kind != TREE_LIST)
    return tree_fail(error, list, "%s",
                     lang_text("\"inputs\" is a list: - {at: 1.5s, do: drop, link: wan}",
                               "\"inputs\" เป็นรายการ: - {at: 1.5s, do: drop, link: wan}"));
  for (guint i = 0; i < list->children->len; i++)
    if (!read_one(log, list->children->pdata[i], error))
      return false;
  return true;
}

bool
input_log_parse(struct input_log *log, const char *text, const char *name, GError **error)
{
  struct tree_node *root = tree_parse(text, strlen(text), name, error);
  bool good = root && read_one(log, root, error);
  tree_free(root);
  return good;
}

/* ---- writing ---- */

static bool
is_plain(const char *text)
{
  for (const char *c = text; *c; c++)
    if (!g_ascii_isalnum(*c) && !strchr("_./%", *c) && (*c != '-' || c == text))
      return false;
  return *text != '\0';
}

void
input_append_text(GString *out, const char *text)
{
  if (is_plain(text)) {
    g_string_append(out, text);
    return;
  }
  g_string_append_c(out, '"');
  for (const char *c = text; *c; c = g_utf8_next_char(c)) {
    gunichar u = g_utf8_get_char(c);
    if (u == '"' || u == '\\')
      g_string_append_printf(out, "\\%c", (char)u);
    else if (u == ' ' || (g_unichar_isprint(u) && !g_unichar_isspace(u) && u != 0xfeff))
      g_string_append_unichar(out, u);
    else
      g_string_append_printf(out, "\\U%08x", u);
  }
  g_string_append_c(out, '"');
}

static void
append_pair(GString *out, const char *key, const char *text)
{
  if (!text)
    return;
  g_string_append_printf(out, ", %s: ", key);
  input_append_text(out, text);
}

static void
append_span(GString *out, const char *key, int64_t ns)
{
  g_string_append_printf(out, "%s: %" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT "s", key,
                         ns / 1000000000, ns % 1000000000);
}

static void
append_end(GString *out, const char *key, const struct ip_addr *addr, uint16_t port)
{
  char text[ENDPOINT_TEXT_MAX];
  append_pair(out, key, endpoint_format(addr, port, text));
}

static void
append_server(GString *out, const struct input *i)
{
  bool is_v6 = strchr(i->server, ':') != NULL;
  g_autofree char *text =
      g_strdup_printf("%s%s%s:%u", is_v6 ? "[" : "", i->server, is_v6 ? "]" : "", i->to_port);
  append_pair(out, "to", text);
}

char *
input_format(const struct input *i)
{
  unsigned takes = input_forms[i->verb].takes;
  GString *out = g_string_new("{");
  append_span(out, "at", i->time_ns);
  g_string_append_printf(out, ", do: %s", input_forms[i->verb].name);
  append_pair(out, "link", takes & TAKES_LINK ? i->link : NULL);
  append_pair(out, "from", takes & TAKES_LINK ? i->from_host : NULL);
  if ((takes & TAKES_PACKET) && i->packet)
    g_string_append_printf(out, ", packet: %" G_GUINT64_FORMAT, i->packet);
  if (takes & TAKES_BY)
    append_span(out, ", by", i->by_ns);
  if (takes & TAKES_OCTETS) {
    g_string_append_printf(out, ", offset: %u, octets: \"", i->offset);
    for (uint32_t k = 0; k < i->n_octets; k++)
      g_string_append_printf(out, "%02x", i->octets[k]);
    g_string_append_c(out, '"');
  }
  append_pair(out, "key", takes & TAKES_VALUE ? i->key : NULL);
  append_pair(out, "value", takes & TAKES_VALUE ? i->value : NULL);
  append_pair(out, "as", takes & TAKES_HAND ? i->hand : NULL);
  append_pair(out, "host", takes & TAKES_HOST ? i->host : NULL);
  if (takes & TAKES_ENDS) {
    append_end(out, "from", &i->from, i->from_port);
    append_end(out, "to", &i->to, i->to_port);
  }
  if (takes & TAKES_SERVER)
    append_server(out, i);
  if (takes & TAKES_PORT)
    g_string_append_printf(out, ", port: %u", i->to_port);
  append_pair(out, "line", takes & TAKES_LINE ? i->line : NULL);
  append_pair(out, "end", takes & TAKES_LINE ? i->end : NULL);
  g_string_append_c(out, '}');
  return g_string_free(out, false);
}
