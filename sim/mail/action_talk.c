/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action_talk.c -- the verb talk: a dialogue that stands in the scenario. Its keys stand in
 * build.h. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/action_errand.h"
#include "sim/mail/deflate_layer.h"
#include "sim/mail/talk.h"

struct script {
  GArray *steps; /* struct talk_step */
  gsize n_octets;
  int64_t pace_ns, patience_ns;
  enum reply_protocol protocol;
};

static void
step_clear(void *data)
{
  g_clear_pointer(&((struct talk_step *)data)->octets, g_bytes_unref);
}

static void
script_free(void *own)
{
  struct script *s = own;
  g_array_unref(s->steps);
  g_free(s);
}

static struct endpoint *
make_talker(struct errand *e)
{
  const struct script *s = e->own;
  struct talk_config config = {.protocol = s->protocol,
                               .steps = &g_array_index(s->steps, struct talk_step, 0),
                               .n_steps = s->steps->len,
                               .pace_ns = s->pace_ns,
                               .patience_ns = s->patience_ns,
                               .done = action_errand_over,
                               .data = e};
  struct endpoint *talk = talk_new(&config);
  for (guint i = 0; i < s->steps->len; i++)
    if (g_array_index(s->steps, struct talk_step, i).what == TALK_DEFLATE)
      return deflate_layer_new(talk);
  return talk;
}

/* ---- reading ---- */

/* Line ends of the scenario become those of the wire; `end` comes behind the last. */
static GBytes *
wire_text(const char *text, const char *end)
{
  g_autoptr(GString) out = g_string_new(NULL);
  gsize n = strlen(text);
  if (n > 0 && text[n - 1] == '\n') /* a block of YAML ends with one that nobody sees */
    n--;
  for (gsize i = 0; i < n; i++) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
      g_string_append_c(out, '\r');
    g_string_append_c(out, text[i]);
  }
  g_string_append(out, end);
  return g_string_free_to_bytes(g_steal_pointer(&out));
}

static bool
read_say(const struct tree_node *node, const char *text, struct talk_step *step, GError **error)
{
  const char *end;
  int64_t n;
  if (!tree_text(node, "end", "\r\n", &end, error) ||
      !tree_int(node, "repeat", 1, 1, TALK_STEPS_MAX, &n, error) ||
      !tree_bool(node, "early", false, &step->is_early, error))
    return false;
  step->what = TALK_SAY;
  step->octets = wire_text(text, end);
  step->n_repeats = (unsigned)n;
  return true;
}

static bool
read_fill(const struct tree_node *node, struct talk_step *step, GError **error)
{
  int64_t n;
  if (!tree_int(node, "fill", 0, 1, TALK_OCTETS_MAX, &n, error) ||
      !tree_bool(node, "early", false, &step->is_early, error))
    return false;
  char *octets = g_malloc((gsize)n);
  memset(octets, 'x', (gsize)n);
  step->what = TALK_SAY;
  step->octets = g_bytes_new_take(octets, (gsize)n);
  step->n_repeats = 1;
  return true;
}

/* A step that is a map: exactly one of these keys says what it is. */
static bool
read_map(const struct tree_node *node, struct talk_step *step, GError **error)
{
  static const char *const keys[] = {"say",      "fill", "wait",   "closed", "drop",   "starttls",
                                     "compress", "end",  "repeat", "early",  "expect", NULL};
  static const struct {
    const char *key;
    enum talk_do what;
  } switches[] = {{"closed", TALK_CLOSED},
                  {"drop", TALK_DROP},
                  {"starttls", TALK_TLS},
                  {"compress", TALK_DEFLATE}};
  const char *text;
  bool is_asked = true;
  if (!tree_known(node, keys, error) || !tree_text(node, "say", NULL, &text, error) ||
      !tree_text(node, "expect", NULL, &step->expect, error))
    return false;
  if (text)
    return read_say(node, text, step, error);
  if (tree_get(node, "fill"))
    return read_fill(node, step, error);
  step->what = TALK_WAIT;
  if (tree_get(node, "wait"))
    return tree_duration(node, "wait", 0, &step->ns, error);
  for (guint i = 0; i < G_N_ELEMENTS(switches); i++) {
    if (!tree_get(node, switches[i].key))
      continue;
    step->what = switches[i].what;
    if (!tree_bool(node, switches[i].key, true, &is_asked, error))
      return false;
    if (is_asked)
      return true;
  }
  return tree_fail(error, node, "%s",
                   lang_text("say what to do: a line, or one of {say: …}, {fill: N}, {wait: 2s}, "
                             "{closed: true}, {drop: true}, {starttls: true}, {compress: true}",
                             "บอกว่าให้ทำอะไร: บรรทัดที่จะพิมพ์ หรือ {say: …}, {fill: N}, {wait: 2s}, "
                             "{closed: true}, {drop: true}, {starttls: true}, {compress: true}"));
}

static bool
read_step(struct script *s, const struct tree_node *node, GError **error)
{
  struct talk_step step = {.what = TALK_SAY, .n_repeats = 1};
  bool is_good = true;
  if (node->kind == TREE_SCALAR)
    step.octets = wire_text(node->text, "\r\n");
  else if (node->kind == TREE_MAP)
    is_good = read_map(node, &step, error);
  else
    is_good = tree_fail(error, node, "%s",
                        lang_text("a line is a text or a map", "หนึ่งบรรทัดต้องเป็นข้อความหรือแผนที่"));
  g_array_append_val(s->steps, step);
  if (step.octets)
    s->n_octets += g_bytes_get_size(step.octets) * step.n_repeats;
  return is_good;
}

static bool
read_lines(struct script *s, const struct tree_node *node, GError **error)
{
  const struct tree_node *lines = tree_get(node, "lines");
  if (!lines || lines->kind != TREE_LIST)
    return tree_fail(error, lines ? lines : node, "%s",
                     lang_text("`talk` needs `lines`: a list of what is typed",
                               "`talk` ต้องมี `lines`: รายการบรรทัดที่จะพิมพ์"));
  for (guint i = 0; i < lines->children->len; i++) {
    if (!read_step(s, lines->children->pdata[i], error))
      return false;
  }
  if (s->steps->len <= TALK_STEPS_MAX && s->n_octets <= TALK_OCTETS_MAX)
    return true;
  return tree_fail(error, lines,
                   lang_text("a dialogue has at most %1$d lines and %2$d octets: split it",
                             "บทสนทนามีได้ไม่เกิน %1$d บรรทัดและ %2$d ออกเตต: ให้แบ่งออก"),
                   (int)TALK_STEPS_MAX, (int)TALK_OCTETS_MAX);
}

static bool
read_protocol(struct errand *e, struct script *s, GError **error)
{
  const struct tree_node *node = action_node(e->action);
  const char *name;
  if (!tree_text(node, "protocol", NULL, &name, error))
    return false;
  s->protocol = name ? reply_protocol_find(name) : reply_protocol_of_port(e->port);
  if (name && s->protocol == REPLY_LINE && strcmp(name, "line") != 0)
    return tree_fail(error, tree_get(node, "protocol"), "%s",
                     lang_text("`protocol` is smtp, lmtp, pop3, imap or line",
                               "`protocol` ต้องเป็น smtp, lmtp, pop3, imap หรือ line"));
  return true;
}

void *
action_read_talk(void *owner, struct action *action, GError **error)
{
  struct errand *e = action_errand_new(owner, action, make_talker);
  struct script *s = g_new0(struct script, 1);
  const struct tree_node *node = action_node(action);
  s->steps = g_array_new(FALSE, TRUE, sizeof(struct talk_step));
  g_array_set_clear_func(s->steps, step_clear);
  e->own = s;
  e->own_free = script_free;
  return action_errand_kept(e, action_read_account(e, 25, false, error) &&
                                   read_protocol(e, s, error) && read_lines(s, node, error) &&
                                   tree_duration(node, "pace", 0, &s->pace_ns, error) &&
                                   tree_duration(node, "patience", 0, &s->patience_ns, error));
}
