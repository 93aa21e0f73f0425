/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link_property.c -- the settings of a link's direction: their names, forms, limits and defaults.
 *
 * One table serves the scenario (`links`, `changes`), the input log and the messages. All values
 * are whole numbers: bits per second, nanoseconds, parts per million, octets, frames. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/host.h"

#define SECOND INT64_C(1000000000)
enum { PPM = 1000000 };

enum form { FORM_RATE, FORM_DURATION, FORM_RATIO, FORM_COUNT, FORM_SWITCH };

static const struct {
  enum form form;
  int64_t fallback, min, max;
} properties[LINK_PROPERTIES] = {
    [LINK_RATE] = {FORM_RATE, INT64_C(100000000), 1, INT64_C(100000000000)},
    /* ten minutes: light to Mars and half back */
    [LINK_DELAY] = {FORM_DURATION, 100000, 0, 600 * SECOND},
    [LINK_JITTER] = {FORM_DURATION, 0, 0, 600 * SECOND},
    [LINK_KEEP_ORDER] = {FORM_SWITCH, 1, 0, 1},
    [LINK_LOSS] = {FORM_RATIO, 0, 0, PPM},
    [LINK_BURST] = {FORM_COUNT, 0, 0, 100000},
    [LINK_REORDER] = {FORM_RATIO, 0, 0, PPM},
    [LINK_REORDER_DELAY] = {FORM_DURATION, 0, 0, 600 * SECOND},
    [LINK_DUPLICATE] = {FORM_RATIO, 0, 0, PPM},
    [LINK_CORRUPT] = {FORM_RATIO, 0, 0, PPM},
    [LINK_MTU] = {FORM_COUNT, ETH_MTU, LINK_MTU_MIN, LINK_MTU_MAX},
    [LINK_QUEUE] = {FORM_COUNT, 100, 1, LINK_QUEUE_MAX},
    [LINK_QUEUE_OCTETS] = {FORM_COUNT, 0, 0, 1 << 30},
    [LINK_MARK] = {FORM_COUNT, 0, 0, LINK_QUEUE_MAX},
    [LINK_UP] = {FORM_SWITCH, 1, 0, 1},
};

const char *const link_property_names[LINK_PROPERTIES + 1] = {
    [LINK_RATE] = "rate",
    [LINK_DELAY] = "delay",
    [LINK_JITTER] = "jitter",
    [LINK_KEEP_ORDER] = "keep_order",
    [LINK_LOSS] = "loss",
    [LINK_BURST] = "burst",
    [LINK_REORDER] = "reorder",
    [LINK_REORDER_DELAY] = "reorder_delay",
    [LINK_DUPLICATE] = "duplicate",
    [LINK_CORRUPT] = "corrupt",
    [LINK_MTU] = "mtu",
    [LINK_QUEUE] = "queue",
    [LINK_QUEUE_OCTETS] = "queue_octets",
    [LINK_MARK] = "mark",
    [LINK_UP] = "up",
    [LINK_PROPERTIES] = NULL,
};

void
link_defaults(int64_t set[LINK_PROPERTIES])
{
  for (unsigned i = 0; i < LINK_PROPERTIES; i++)
    set[i] = properties[i].fallback;
}

char *
link_format(enum link_property property, int64_t value)
{
  switch (properties[property].form) {
  case FORM_RATE:
    if (value % 1000000 == 0)
      return g_strdup_printf("%" G_GINT64_FORMAT "Mbit/s", value / 1000000);
    if (value % 1000 == 0)
      return g_strdup_printf("%" G_GINT64_FORMAT "kbit/s", value / 1000);
    return g_strdup_printf("%" G_GINT64_FORMAT "bit/s", value);
  case FORM_DURATION:
    if (value % 1000000 == 0)
      return g_strdup_printf("%" G_GINT64_FORMAT "ms", value / 1000000);
    if (value % 1000 == 0)
      return g_strdup_printf("%" G_GINT64_FORMAT "us", value / 1000);
    return g_strdup_printf("%" G_GINT64_FORMAT "ns", value);
  case FORM_RATIO:
    if (value % 10000 == 0)
      return g_strdup_printf("%" G_GINT64_FORMAT "%%", value / 10000);
    return g_strdup_printf("%" G_GINT64_FORMAT ".%04" G_GINT64_FORMAT "%%", value / 10000,
                           value % 10000);
  case FORM_COUNT:
    return g_strdup_printf("%" G_GINT64_FORMAT, value);
  case FORM_SWITCH:
    return g_strdup(value ? "true" : "false");
  }
  g_assert_not_reached();
}

static bool
read_property(const struct tree_node *map, enum link_property i, int64_t *value, GError **error)
{
  const char *name = link_property_names[i];
  uint32_t ppm = (uint32_t)*value;
  bool is_on = *value != 0;
  switch (properties[i].form) {
  case FORM_RATE:
    if (!tree_rate(map, name, *value, value, error))
      return false;
    break;
  case FORM_DURATION:
    if (!tree_duration(map, name, *value, value, error))
      return false;
    break;
  case FORM_RATIO:
    if (!tree_ratio(map, name, ppm, &ppm, error))
      return false;
    *value = ppm;
    break;
  case FORM_COUNT:
    return tree_int(map, name, *value, properties[i].min, properties[i].max, value, error);
  case FORM_SWITCH:
    if (!tree_bool(map, name, is_on, &is_on, error))
      return false;
    *value = is_on;
    break;
  }
  if (*value <= properties[i].max)
    return true;
  const struct tree_node *node = tree_get(map, name);
  g_autofree char *most = link_format(i, properties[i].max);
  return tree_fail(error, node,
                   lang_text("\"%s\" is \"%s\"; the most is %s", "\"%s\" มีค่า \"%s\" ค่ามากที่สุดคือ %s"),
                   name, node->text, most);
}

/* Bad spells of B frames in the mean cannot make up a share of L frames when B < L / (1 - L). */
static bool
check_burst(const struct tree_node *map, const int64_t set[LINK_PROPERTIES], GError **error)
{
  int64_t loss = set[LINK_LOSS], burst = set[LINK_BURST];
  if (burst == 0 || loss == PPM || burst * (PPM - loss) >= loss)
    return true;
  const struct tree_node *node = tree_get(map, "burst");
  int64_t least = (loss + PPM - loss - 1) / (PPM - loss);
  return tree_fail(error, node ? node : map,
                   lang_text("bursts of %d frames cannot lose so large a share; write burst: %d or "
                             "more, or less loss",
                             "การสูญหายติดกันครั้งละ %d เฟรมทำให้สูญหายมากเท่านี้ไม่ได้ "
                             "ให้เขียน burst: %d ขึ้นไป หรือลด loss"),
                   (int)burst, (int)least);
}

bool
link_read(const struct tree_node *map, int64_t set[LINK_PROPERTIES], uint32_t *given,
          GError **error)
{
  for (unsigned i = 0; i < LINK_PROPERTIES; i++) {
    if (!tree_get(map, link_property_names[i]))
      continue;
    if (!read_property(map, (enum link_property)i, &set[i], error))
      return false;
    if (given)
      *given |= 1u << i;
  }
  return check_burst(map, set, error);
}

/* ---- one property by its name ---- */

static bool
read_named(const char *property, const struct tree_node *value, enum link_property *which,
           int64_t *out, GError **error)
{
  for (unsigned i = 0; i < LINK_PROPERTIES; i++) {
    if (strcmp(link_property_names[i], property) != 0)
      continue;
    struct tree_node named = *value;
    named.key = (char *)(uintptr_t)link_property_names[i];
    g_autoptr(GPtrArray) children = g_ptr_array_new();
    g_ptr_array_add(children, &named);
    struct tree_node map = {
        .kind = TREE_MAP, .line = value->line, .children = children, .file = value->file};
    *which = (enum link_property)i;
    *out = properties[i].fallback;
    return read_property(&map, *which, out, error);
  }
  const char *nearest = tree_nearest(property, link_property_names);
  g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)link_property_names);
  return tree_fail(
      error, value,
      lang_text("a link has no property \"%s\"; write %s", "ลิงก์ไม่มีคุณสมบัติ \"%s\" ให้เขียน %s"),
      property, nearest ? nearest : all);
}

bool
link_check(struct net *n, const char *property, const struct tree_node *value, GError **error)
{
  enum link_property which;
  int64_t ignored;
  return read_named(property, value, &which, &ignored, error);
}

void
link_set(struct link *l, int way, const char *property, const struct tree_node *value)
{
  enum link_property which = (enum link_property)0;
  int64_t number;
  if (read_named(property, value, &which, &number, NULL))
    link_put(l, way, which, number);
}

/* ---- setting ---- */

void
link_way_settle(struct link_way *w)
{
  const int64_t *set = w->set;
  w->is_plain = !w->link->faults && set[LINK_JITTER] == 0 && set[LINK_LOSS] == 0 &&
                set[LINK_REORDER] == 0 && set[LINK_DUPLICATE] == 0 && set[LINK_CORRUPT] == 0;
  if (w->is_plain || w->chance)
    return;
  struct link_chance *c = w->chance = g_new0(struct link_chance, 1);
  const struct {
    struct random_stream *stream;
    const char *purpose;
  } streams[] = {
      {&c->loss, "loss"},
      {&c->jitter, "jitter"},
      {&c->reorder, "reorder"},
      {&c->duplicate, "duplicate"},
      {&c->corrupt, "corrupt"},
      {&c->corrupt_place, "corrupt place"},
      {&c->rule_place, "rule place"},
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(streams); i++) {
    g_autofree char *purpose = g_strdup_printf("%s %s", streams[i].purpose, w->link->name);
    *streams[i].stream = world_random(w->link->net->world, w->from->host->index, purpose);
  }
}

void
link_put(struct link *l, int way, enum link_property property, int64_t value)
{
  for (int i = 0; i < 2; i++) {
    struct link_way *w = &l->ways[i];
    if ((way >= 0 && way != i) || w->set[property] == value)
      continue;
    w->set[property] = value;
    link_way_settle(w);
    if (property == LINK_UP && !value) {
      w->n_downs++;
      link_lose_queue(w);
    }
    struct world *world = l->net->world;
    if (!world_wants_events(world))
      continue;
    g_autofree char *key = g_strdup_printf("%s %s", l->name, link_property_names[property]);
    g_autofree char *text = link_format(property, value);
    world_emit(world, w->from->host->index, "link", key, "%s", text);
  }
}

void
link_plan_down(struct link *l, int way, int64_t time_ns)
{
  for (int i = 0; i < 2; i++) {
    struct link_way *w = &l->ways[i];
    if (way >= 0 && way != i)
      continue;
    if (!w->downs)
      w->downs = g_array_new(FALSE, FALSE, sizeof(int64_t));
    unsigned k = 0;
    while (k < w->downs->len && g_array_index(w->downs, int64_t, k) < time_ns)
      k++;
    g_array_insert_val(w->downs, k, time_ns);
  }
}
