/* SPDX-License-Identifier: GPL-3.0-or-later */
/* input.c -- the input log: a list in the order of time, its limits, and which verb takes what.
 *
 *     input_log_add (a window, a test) ──┐
 *     input_log_read, _parse (text) ─────┴─> check: order, limits, what the verb needs ─> kept copy
 *
 * The text form is read and written in input_text.c; both go by the table here. Names of links and
 * hosts are looked up by those who carry the inputs out, for only they know the network. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/core/input_private.h"

const struct input_form input_forms[N_INPUT_VERBS] = {
    [INPUT_DROP] = {"drop", TAKES_LINK | TAKES_PACKET},
    [INPUT_DELAY] = {"delay", TAKES_LINK | TAKES_PACKET | TAKES_BY},
    [INPUT_DUPLICATE] = {"duplicate", TAKES_LINK | TAKES_PACKET | TAKES_BY},
    [INPUT_ALTER] = {"alter", TAKES_LINK | TAKES_PACKET | TAKES_OCTETS},
    [INPUT_RESET] = {"reset", TAKES_ENDS},
    [INPUT_SET] = {"set", TAKES_LINK | TAKES_VALUE},
    [INPUT_DOWN] = {"down", TAKES_LINK},
    [INPUT_UP] = {"up", TAKES_LINK},
    [INPUT_OPEN] = {"open", TAKES_HAND | TAKES_HOST | TAKES_SERVER},
    [INPUT_TAKE] = {"take", TAKES_HAND | TAKES_HOST | TAKES_ENDS},
    [INPUT_LISTEN] = {"listen", TAKES_HAND | TAKES_HOST | TAKES_PORT},
    [INPUT_TYPE] = {"type", TAKES_HAND | TAKES_LINE},
    [INPUT_TLS] = {"tls", TAKES_HAND},
    [INPUT_CLOSE] = {"close", TAKES_HAND},
};

struct entry {
  struct input input;
  struct tree_node node;
};

struct input_log {
  GPtrArray *entries; /* struct entry* */
  GStringChunk *files;
};

const char *
input_verb_name(enum input_verb verb)
{
  return input_forms[verb].name;
}

static void
entry_free(void *data)
{
  struct entry *e = data;
  g_free(e->input.link);
  g_free(e->input.from_host);
  g_free(e->input.octets);
  g_free(e->input.key);
  g_free(e->input.value);
  g_free(e->input.hand);
  g_free(e->input.host);
  g_free(e->input.server);
  g_free(e->input.line);
  g_free(e->input.end);
  g_free(e);
}

struct input_log *
input_log_new(void)
{
  struct input_log *log = g_new0(struct input_log, 1);
  log->entries = g_ptr_array_new_with_free_func(entry_free);
  log->files = g_string_chunk_new(256);
  return log;
}

void
input_log_free(struct input_log *log)
{
  if (!log)
    return;
  g_ptr_array_unref(log->entries);
  g_string_chunk_free(log->files);
  g_free(log);
}

unsigned
input_log_n(const struct input_log *log)
{
  return log ? log->entries->len : 0;
}

const struct input *
input_log_at(const struct input_log *log, unsigned i)
{
  return &((const struct entry *)log->entries->pdata[i])->input;
}

const struct tree_node *
input_log_node(const struct input_log *log, unsigned i)
{
  return &((const struct entry *)log->entries->pdata[i])->node;
}

void
input_log_cut(struct input_log *log, int64_t time_ns)
{
  guint n = log->entries->len;
  while (n > 0 && input_log_at(log, n - 1)->time_ns >= time_ns)
    n--;
  g_ptr_array_set_size(log->entries, (gint)n);
}

/* ---- what is refused ---- */

static bool
check_name(const char *name, const char *key, const struct tree_node *at, GError **error)
{
  if (!name || !*name)
    return tree_fail(error, at,
                     lang_text("\"%s\" is missing; write %s: NAME", "ไม่มี \"%s\" ให้เขียน %s: NAME"),
                     key, key);
  if (strlen(name) <= INPUT_NAME_OCTETS_MAX && g_utf8_validate(name, -1, NULL))
    return true;
  return tree_fail(error, at,
                   lang_text("\"%s\" is no name; write at most %d octets of text",
                             "\"%s\" ไม่ใช่ชื่อ ให้เขียนข้อความไม่เกิน %d ออกเตต"),
                   key, INPUT_NAME_OCTETS_MAX);
}

static bool
check_text(const char *text, const char *key, const struct tree_node *at, GError **error)
{
  if (strlen(text) <= INPUT_LINE_OCTETS_MAX && g_utf8_validate(text, -1, NULL))
    return true;
  return tree_fail(error, at,
                   lang_text("\"%s\" is not UTF-8 or longer than %d octets; type it in pieces",
                             "\"%s\" ไม่ใช่ UTF-8 หรือยาวเกิน %d ออกเตต ให้แบ่งพิมพ์เป็นส่วน ๆ"),
                   key, INPUT_LINE_OCTETS_MAX);
}

static bool
check_octets(const struct input *i, const struct tree_node *at, GError **error)
{
  if (i->octets && i->n_octets > 0 && i->n_octets <= INPUT_ALTER_OCTETS_MAX &&
      i->offset <= INPUT_ALTER_OCTETS_MAX - i->n_octets)
    return true;
  return tree_fail(
      error, at,
      lang_text("\"octets\" has to name 1 to %d octets inside a frame; write for "
                "example offset: 54, octets: 0d0a",
                "\"octets\" ต้องระบุ 1 ถึง %d ออกเตตภายในเฟรม เช่น offset: 54, octets: 0d0a"),
      INPUT_ALTER_OCTETS_MAX);
}

static bool
check_ends(const struct input *i, const struct tree_node *at, GError **error)
{
  if (i->from.version && i->from.version == i->to.version && i->from_port && i->to_port)
    return true;
  return tree_fail(
      error, at, "%s",
      lang_text("the two ends of a connection are missing; write from: 10.0.0.5:50112, "
                "to: 10.0.0.2:25",
                "ยังไม่ได้ระบุปลายทั้งสองของการเชื่อมต่อ ให้เขียน from: 10.0.0.5:50112, "
                "to: 10.0.0.2:25"));
}

static bool
check_fields(const struct input *i, const struct tree_node *at, GError **error)
{
  unsigned takes = input_forms[i->verb].takes;
  if ((takes & TAKES_LINK) && (!check_name(i->link, "link", at, error) ||
                               (i->from_host && !check_name(i->from_host, "from", at, error))))
    return false;
  if ((takes & TAKES_BY) && (i->by_ns < (i->verb == INPUT_DELAY) || i->by_ns > INPUT_TIME_MAX_NS))
    return tree_fail(error, at, "%s",
                     lang_text("\"by\" is missing or too long; write by: 200ms",
                               "ไม่มี \"by\" หรือยาวเกินไป ให้เขียน by: 200ms"));
  if ((takes & TAKES_OCTETS) && !check_octets(i, at, error))
    return false;
  if ((takes & TAKES_ENDS) && !check_ends(i, at, error))
    return false;
  if ((takes & TAKES_VALUE) &&
      (!check_name(i->key, "key", at, error) || !check_name(i->value, "value", at, error)))
    return false;
  if ((takes & TAKES_HAND) && !check_name(i->hand, "as", at, error))
    return false;
  if ((takes & TAKES_HOST) && !check_name(i->host, "host", at, error))
    return false;
  if ((takes & TAKES_SERVER) && !check_name(i->server, "to", at, error))
    return false;
  if ((takes & TAKES_SERVER) && !i->to_port)
    return tree_fail(error, at, "%s",
                     lang_text("the port is missing; write to: mail.bob.test:25",
                               "ไม่มีพอร์ต ให้เขียน to: mail.bob.test:25"));
  if ((takes & TAKES_PORT) && !i->to_port)
    return tree_fail(error, at, "%s",
                     lang_text("the port is missing; write port: 25", "ไม่มีพอร์ต ให้เขียน port: 25"));
  if (!(takes & TAKES_LINE))
    return true;
  if (!i->line)
    return tree_fail(error, at, "%s",
                     lang_text("\"line\" is missing; write line: EHLO alice",
                               "ไม่มี \"line\" ให้เขียน line: EHLO alice"));
  return check_text(i->line, "line", at, error) &&
         (!i->end || check_text(i->end, "end", at, error));
}

static bool
check(const struct input_log *log, const struct input *i, const struct tree_node *at,
      GError **error)
{
  unsigned n = log->entries->len;
  if (n == INPUTS_MAX)
    return tree_fail(error, at,
                     lang_text("more than %d inputs; a run takes no more",
                               "มีคำสั่งแทรกเกิน %d รายการ การจำลองหนึ่งครั้งรับได้เท่านี้"),
                     INPUTS_MAX);
  if (i->time_ns < 0 || i->time_ns > INPUT_TIME_MAX_NS)
    return tree_fail(error, at, "%s",
                     lang_text("\"at\" lies outside a run; write a time from 0s to ten years",
                               "\"at\" อยู่นอกการจำลอง ให้เขียนเวลาตั้งแต่ 0s ถึงสิบปี"));
  if (n > 0 && i->time_ns < input_log_at(log, n - 1)->time_ns)
    return tree_fail(error, at, "%s",
                     lang_text("\"at\" lies before the input above it; put the inputs in the order "
                               "of their times",
                               "\"at\" มาก่อนรายการข้างบน ให้เรียงรายการตามเวลา"));
  return check_fields(i, at, error);
}

/* ---- keeping ---- */

/* Only what the verb takes is kept, so that equal inputs have equal texts. */
static void
copy_fields(struct input *to, const struct input *from)
{
  unsigned takes = input_forms[from->verb].takes;
  *to = (struct input){.time_ns = from->time_ns, .verb = from->verb};
  if (takes & TAKES_LINK) {
    to->link = g_strdup(from->link);
    to->from_host = g_strdup(from->from_host);
  }
  if (takes & TAKES_PACKET)
    to->packet = from->packet;
  if (takes & TAKES_BY)
    to->by_ns = from->by_ns;
  if (takes & TAKES_OCTETS) {
    to->offset = from->offset;
    to->n_octets = from->n_octets;
    to->octets = g_memdup2(from->octets, from->n_octets);
  }
  if (takes & TAKES_ENDS) {
    to->from = from->from;
    to->from_port = from->from_port;
    to->to = from->to;
    to->to_port = from->to_port;
  }
  if (takes & TAKES_VALUE) {
    to->key = g_strdup(from->key);
    to->value = g_strdup(from->value);
  }
  if (takes & TAKES_HAND)
    to->hand = g_strdup(from->hand);
  if (takes & TAKES_HOST)
    to->host = g_strdup(from->host);
  if (takes & TAKES_SERVER) {
    to->server = g_strdup(from->server);
    to->to_port = from->to_port;
  }
  if (takes & TAKES_PORT)
    to->to_port = from->to_port;
  if (takes & TAKES_LINE) {
    to->line = g_strdup(from->line);
    to->end = g_strdup(from->end);
  }
}

bool
input_log_add_at(struct input_log *log, const struct input *input, const struct tree_node *at,
                 GError **error)
{
  if (!check(log, input, at, error))
    return false;
  struct entry *e = g_new0(struct entry, 1);
  copy_fields(&e->input, input);
  e->node = (struct tree_node){.kind = TREE_SCALAR,
                               .line = at->line,
                               .file = g_string_chunk_insert_const(log->files, at->file)};
  g_ptr_array_add(log->entries, e);
  return true;
}

bool
input_log_add(struct input_log *log, const struct input *input, GError **error)
{
  struct tree_node at = {.line = log->entries->len + 1, .file = "input"};
  return input_log_add_at(log, input, &at, error);
}

struct input_log *
input_log_copy(const struct input_log *log)
{
  struct input_log *copy = input_log_new();
  for (unsigned i = 0; i < input_log_n(log); i++)
    input_log_add_at(copy, input_log_at(log, i), input_log_node(log, i), NULL);
  return copy;
}
