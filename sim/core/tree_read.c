/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tree_read.c -- typed readings of a tree's scalars: numbers, durations, rates, ratios, text pairs.
 *
 * Decimal fractions are read as scaled integers, so a scenario means the same on every machine.
 * Each complaint says what stands there, what is expected, and gives an example. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/core/tree.h"

/* The scalar map[key]; *absent when there is none. False with error when it is a list or map. */
static bool
scalar(const struct tree_node *map, const char *key, const struct tree_node **out, GError **error)
{
  *out = tree_get(map, key);
  if (*out && (*out)->kind != TREE_SCALAR)
    return tree_fail(error, *out,
                     lang_text("\"%s\" is a list or a map; write one value",
                               "\"%s\" เป็นรายการหรือแมป ให้เขียนค่าเพียงค่าเดียว"),
                     key);
  return true;
}

bool
tree_text(const struct tree_node *map, const char *key, const char *fallback, const char **out,
          GError **error)
{
  const struct tree_node *node;
  *out = fallback;
  if (!scalar(map, key, &node, error))
    return false;
  if (node)
    *out = node->text;
  return true;
}

bool
tree_int(const struct tree_node *map, const char *key, int64_t fallback, int64_t min, int64_t max,
         int64_t *out, GError **error)
{
  const struct tree_node *node;
  *out = fallback;
  if (!scalar(map, key, &node, error))
    return false;
  if (node && !g_ascii_string_to_signed(node->text, 10, min, max, out, NULL)) {
    *out = fallback;
    return tree_fail(error, node,
                     lang_text("\"%1$s\" is \"%2$s\"; write a whole number from %3$" G_GINT64_FORMAT
                               " to %4$" G_GINT64_FORMAT,
                               "\"%1$s\" มีค่า \"%2$s\" ให้เขียนจำนวนเต็มตั้งแต่ %3$" G_GINT64_FORMAT
                               " ถึง %4$" G_GINT64_FORMAT),
                     key, node->text, min, max);
  }
  return true;
}

bool
tree_bool(const struct tree_node *map, const char *key, bool fallback, bool *out, GError **error)
{
  static const char *const yes[] = {"true", "yes", "on", NULL};
  static const char *const no[] = {"false", "no", "off", NULL};
  const struct tree_node *node;
  *out = fallback;
  if (!scalar(map, key, &node, error))
    return false;
  if (!node)
    return true;
  *out = g_strv_contains(yes, node->text);
  if (!*out && !g_strv_contains(no, node->text))
    return tree_fail(error, node,
                     lang_text("\"%s\" is \"%s\"; write true or false",
                               "\"%s\" มีค่า \"%s\" ให้เขียน true หรือ false"),
                     key, node->text);
  return true;
}

/* Reads digits and an optional fraction as a number times `scale` (a power of ten). The fraction
 * may be no finer than the scale. *end is what follows. False on overflow or when nothing is there.
 */
static bool
read_decimal(const char *text, int64_t scale, int64_t *out, const char **end)
{
  const char *p = text;
  int64_t value = 0;
  if (!g_ascii_isdigit(*p))
    return false;
  for (; g_ascii_isdigit(*p); p++)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, *p - '0', &value))
      return false;
  if (__builtin_mul_overflow(value, scale, &value))
    return false;
  if (*p == '.') {
    p++;
    if (!g_ascii_isdigit(*p))
      return false;
    for (; g_ascii_isdigit(*p); p++) {
      if (scale == 1 && *p != '0')
        return false;
      scale = scale > 1 ? scale / 10 : 1;
      if (*p != '0' && __builtin_add_overflow(value, (*p - '0') * scale, &value))
        return false;
    }
  }
  *out = value;
  *end = p;
  return true;
}

struct unit {
  const char *name;
  int64_t scale; /* a power of ten */
  int64_t factor;
};

/* Tries every unit; the last of the table has an empty name and stands for "0" only. */
static bool
read_unit(const char *text, const struct unit *units, size_t n_units, int64_t *out)
{
  for (size_t i = 0; i < n_units; i++) {
    const char *end;
    int64_t value;
    if (!read_decimal(text, units[i].scale, &value, &end))
      continue;
    while (*end == ' ')
      end++;
    if (strcmp(end, units[i].name) == 0 && (*units[i].name || value == 0))
      return !__builtin_mul_overflow(value, units[i].factor, out);
  }
  return false;
}

static bool
read_duration(const struct tree_node *node, const char *key, int64_t *out_ns, GError **error)
{
  static const struct unit units[] = {
      {"ns", 1, 1},         {"us", 1000, 1},         {"µs", 1000, 1},         {"ms", 1000000, 1},
      {"s", 1000000000, 1}, {"min", 1000000000, 60}, {"h", 1000000000, 3600}, {"", 1, 1}};
  const char *text = node->kind == TREE_SCALAR ? node->text : "…";
  if (read_unit(text, units, G_N_ELEMENTS(units), out_ns))
    return true;
  return tree_fail(
      error, node,
      lang_text("\"%s\" is \"%s\"; write a duration with its unit (ns, us, ms, s, min, h), "
                "for example 20ms",
                "\"%s\" มีค่า \"%s\" ให้เขียนระยะเวลาพร้อมหน่วย (ns, us, ms, s, min, h) "
                "เช่น 20ms"),
      key, text);
}

bool
tree_duration(const struct tree_node *map, const char *key, int64_t fallback_ns, int64_t *out_ns,
              GError **error)
{
  const struct tree_node *node;
  int64_t value_ns;
  *out_ns = fallback_ns;
  if (!scalar(map, key, &node, error))
    return false;
  if (!node)
    return true;
  if (!read_duration(node, key, &value_ns, error))
    return false;
  *out_ns = value_ns;
  return true;
}

bool
tree_durations(const struct tree_node *map, const char *key, unsigned max, int64_t *out_ns,
               unsigned *n, GError **error)
{
  const struct tree_node *node = tree_get(map, key);
  *n = 0;
  if (!node || node->kind != TREE_LIST) {
    *n = node ? 1 : 0;
    return tree_duration(map, key, 0, out_ns, error);
  }
  if (node->children->len == 0 || node->children->len > max)
    return tree_fail(error, node,
                     lang_text("\"%s\" takes 1 to %u durations", "\"%s\" รับระยะเวลาได้ 1 ถึง %u ค่า"),
                     key, max);
  for (guint i = 0; i < node->children->len; i++) {
    if (!read_duration(node->children->pdata[i], key, &out_ns[i], error))
      return false;
  }
  *n = node->children->len;
  return true;
}

bool
tree_rate(const struct tree_node *map, const char *key, int64_t fallback, int64_t *out,
          GError **error)
{
  static const struct unit units[] = {
      {"bit/s", 1, 1}, {"kbit/s", 1000, 1}, {"Mbit/s", 1000000, 1}, {"Gbit/s", 1000000000, 1}};
  const struct tree_node *node;
  *out = fallback;
  if (!scalar(map, key, &node, error))
    return false;
  if (node && (!read_unit(node->text, units, G_N_ELEMENTS(units), out) || *out == 0)) {
    *out = fallback;
    return tree_fail(
        error, node,
        lang_text("\"%s\" is \"%s\"; write a rate above zero with its unit (bit/s, kbit/s, "
                  "Mbit/s, Gbit/s), for example 100Mbit/s",
                  "\"%s\" มีค่า \"%s\" ให้เขียนอัตราที่มากกว่าศูนย์พร้อมหน่วย (bit/s, kbit/s, "
                  "Mbit/s, Gbit/s) เช่น 100Mbit/s"),
        key, node->text);
  }
  return true;
}

bool
tree_ratio(const struct tree_node *map, const char *key, uint32_t fallback_ppm, uint32_t *out_ppm,
           GError **error)
{
  const struct tree_node *node;
  *out_ppm = fallback_ppm;
  if (!scalar(map, key, &node, error))
    return false;
  if (!node)
    return true;
  const char *end;
  int64_t value;
  bool good = (read_decimal(node->text, 10000, &value, &end) && strcmp(end, "%") == 0) ||
              (read_decimal(node->text, 1000000, &value, &end) && *end == '\0');
  if (!good || value > 1000000)
    return tree_fail(error, node,
                     lang_text("\"%s\" is \"%s\"; write a share from 0 to 1 or a percentage, for "
                               "example 0.05 or 5%%",
                               "\"%s\" มีค่า \"%s\" ให้เขียนสัดส่วนตั้งแต่ 0 ถึง 1 หรือร้อยละ เช่น "
                               "0.05 หรือ 5%%"),
                     key, node->text);
  *out_ppm = (uint32_t)value;
  return true;
}

bool
tree_pair(const struct tree_node *map, const char *key, const char **en, const char **th,
          GError **error)
{
  static const char *const keys[] = {"en", "th", NULL};
  const struct tree_node *node = tree_get(map, key);
  *en = *th = NULL;
  if (!node)
    return true;
  if (node->kind == TREE_SCALAR) {
    *en = *th = node->text;
    return true;
  }
  if (node->kind == TREE_MAP) {
    if (!tree_known(node, keys, error) || !tree_text(node, "en", NULL, en, error) ||
        !tree_text(node, "th", NULL, th, error))
      return false;
    if (*en && *th)
      return true;
  }
  return tree_fail(
      error, node,
      lang_text("\"%s\" needs both languages; write {en: …, th: …} or one text for both",
                "\"%s\" ต้องมีทั้งสองภาษา ให้เขียน {en: …, th: …} หรือข้อความเดียวสำหรับทั้งสองภาษา"),
      key);
}

enum { NAME_MAX_COMPARED = 63 }; /* keys are words; longer ones are compared by their start */

/* Levenshtein's distance, transpositions counted as one. */
static unsigned
distance(const char *a, const char *b)
{
  unsigned row[3][NAME_MAX_COMPARED + 1];
  size_t n_a = MIN(strlen(a), NAME_MAX_COMPARED), n_b = MIN(strlen(b), NAME_MAX_COMPARED);
  for (size_t j = 0; j <= n_b; j++)
    row[0][j] = (unsigned)j;
  for (size_t i = 1; i <= n_a; i++) {
    unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *older = row[(i + 1) % 3];
    now[0] = (unsigned)i;
    for (size_t j = 1; j <= n_b; j++) {
      unsigned best = before[j - 1] + (a[i - 1] != b[j - 1]);
      best = MIN(best, MIN(before[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = MIN(best, older[j - 2] + 1);
      now[j] = best;
    }
  }
  return row[n_a % 3][n_b];
}

const char *
tree_nearest(const char *name, const char *const *names)
{
  const char *best = NULL;
  unsigned best_distance = UINT_MAX;
  for (; *names; names++) {
    unsigned d = distance(name, *names);
    if (d < best_distance) {
      best = *names;
      best_distance = d;
    }
  }
  size_t n = strlen(name);
  return best && best_distance <= MAX(1, n / 3) ? best : NULL;
}

bool
tree_known(const struct tree_node *map, const char *const *keys, GError **error)
{
  if (map->kind != TREE_MAP)
    return tree_fail(error, map,
                     lang_text("a map of keys is expected here, for example \"%s: …\"",
                               "ตรงนี้ต้องเป็นแมปของคีย์ เช่น \"%s: …\""),
                     keys[0] ? keys[0] : "key");
  for (unsigned i = 0; i < map->children->len; i++) {
    const struct tree_node *child = map->children->pdata[i];
    if (g_strv_contains(keys, child->key))
      continue;
    const char *nearest = tree_nearest(child->key, keys);
    if (nearest)
      return tree_fail(error, child,
                       lang_text("unknown key \"%s\"; did you mean \"%s\"?",
                                 "ไม่รู้จักคีย์ \"%s\" หมายถึง \"%s\" หรือไม่"),
                       child->key, nearest);
    g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)keys);
    return tree_fail(
        error, child,
        lang_text("unknown key \"%s\"; known here: %s", "ไม่รู้จักคีย์ \"%s\" คีย์ที่ใช้ได้ตรงนี้: %s"),
        child->key, all);
  }
  return true;
}
