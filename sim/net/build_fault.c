/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_fault.c -- the rules under `faults`: which frames of a link suffer what. */
#include "sim/net/build.h"

#include <string.h>

#include "capture/wire/lang.h"

/* A word of a table, or `fallback` when the key is absent; -1 with error. */
static int
read_word(const struct tree_node *node, const char *key, const char *const *words, int fallback,
          GError **error)
{
  const char *text;
  if (!tree_text(node, key, words[fallback], &text, error))
    return -1;
  for (int i = 0; words[i]; i++)
    if (strcmp(words[i], text) == 0)
      return i;
  g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)words);
  tree_fail(
      error, tree_get(node, key),
      lang_text("\"%s\" is \"%s\"; write one of: %s", "\"%s\" มีค่า \"%s\" ให้เขียนค่าใดค่าหนึ่งใน: %s"),
      key, text, all);
  return -1;
}

static const char *const sorts[FAULT_SORTS + 1] = {
    [FAULT_ANY] = "any",   [FAULT_DATA] = "data", [FAULT_SYN] = "syn",
    [FAULT_FIN] = "fin",   [FAULT_ACK] = "ack",   [FAULT_UDP] = "udp",
    [FAULT_ICMP] = "icmp", [FAULT_ARP] = "arp",   [FAULT_SORTS] = NULL};

static const char *const acts[FAULT_ACTS + 1] = {
    [FAULT_DROP] = "drop",       [FAULT_DELAY] = "delay",     [FAULT_DUPLICATE] = "duplicate",
    [FAULT_CORRUPT] = "corrupt", [FAULT_REORDER] = "reorder", [FAULT_MARK] = "mark",
    [FAULT_HIDE] = "hide",       [FAULT_ACTS] = NULL};

/* `drop: 3` says in one key what `do: drop` and `occurrence: 3` say in two. */
static bool
read_occurrence(const struct tree_node *node, struct fault *f, GError **error)
{
  const struct tree_node *drop = tree_get(node, "drop"), *act = tree_get(node, "do");
  const struct tree_node *occurrence = tree_get(node, "occurrence");
  int64_t first, times;
  if (drop && (act || occurrence))
    return tree_fail(
        error, drop, "%s",
        lang_text("\"drop\" stands alone; with \"do\" write occurrence: 3",
                  "ใช้ \"drop\" ร่วมกับ \"do\" หรือ \"occurrence\" ไม่ได้ ให้เขียน occurrence: 3"));
  if (!drop && !act)
    return tree_fail(
        error, node, "%s",
        lang_text("a fault needs to know what it does: drop: 3, or do: delay with occurrence: 3",
                  "ความผิดปกติต้องบอกว่าทำอะไร: drop: 3 หรือ do: delay พร้อม occurrence: 3"));
  if (!tree_int(node, drop ? "drop" : "occurrence", 1, 1, UINT32_MAX, &first, error) ||
      !tree_int(node, "times", 1, 1, UINT32_MAX, &times, error))
    return false;
  f->first = (uint64_t)first;
  f->times = (uint64_t)times;
  return true;
}

static bool
read_by(const struct tree_node *node, struct fault *f, GError **error)
{
  const struct tree_node *by = tree_get(node, "by");
  if (!tree_duration(node, "by", 0, &f->by_ns, error))
    return false;
  bool takes_time = f->act == FAULT_DELAY || f->act == FAULT_REORDER || f->act == FAULT_DUPLICATE;
  if (by && !takes_time)
    return tree_fail(error, by, "%s",
                     lang_text("\"by\" is the time of delay, reorder or duplicate; remove it",
                               "\"by\" เป็นเวลาของ delay, reorder หรือ duplicate ให้ลบออก"));
  if (f->act == FAULT_DELAY && f->by_ns == 0)
    return tree_fail(error, node, "%s",
                     lang_text("a delay needs its time, for example by: 200ms",
                               "การหน่วงต้องบอกเวลา เช่น by: 200ms"));
  if (f->by_ns > FAULT_BY_NS_MAX)
    return tree_fail(error, by, "%s",
                     lang_text("\"by\" is longer than 10min; write less",
                               "\"by\" นานเกิน 10min ให้เขียนค่าที่น้อยกว่านี้"));
  return true;
}

static bool
read_filter(struct net *n, const struct link *l, const struct tree_node *node, struct fault *f,
            GError **error)
{
  const struct tree_node *filter = tree_get(node, "filter");
  f->filter = UINT32_MAX;
  if (!filter)
    return true;
  const char *text;
  if (!tree_text(node, "filter", NULL, &text, error))
    return false;
  f->filter = n->filters->len;
  const struct net_filter row = {.link = l->index, .text = text, .node = filter};
  g_array_append_val(n->filters, row);
  return true;
}

static bool
read_fault(struct net *n, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"link", "from",       "drop", "of",     "port", "times",
                                     "do",   "occurrence", "by",   "filter", NULL};
  if (!tree_known(node, keys, error))
    return false;
  struct link *l = build_find_link(n, node, error);
  int way = l ? build_find_way(n, l, node, error) : -2;
  if (way == -2)
    return false;
  bool has_filter = tree_get(node, "filter") != NULL;
  if (way == -1 && !has_filter)
    return tree_fail(
        error, node, "%s",
        lang_text(
            "a fault needs the end that its frames come from: {link: lan, from: alice-pc, drop: 3}",
            "ความผิดปกติต้องบอกปลายที่เฟรมออกมา: {link: lan, from: alice-pc, drop: 3}"));
  struct fault f = {.ways = way == -1 ? 3 : (uint8_t)(1u << way)};
  int of = read_word(node, "of", sorts, has_filter ? FAULT_ANY : FAULT_DATA, error);
  int act = of < 0 ? -1 : read_word(node, "do", acts, FAULT_DROP, error);
  int64_t port;
  if (act < 0 || !tree_int(node, "port", 0, 1, UINT16_MAX, &port, error))
    return false;
  f.of = (enum fault_of)of;
  f.act = (enum fault_act)act;
  f.port = (uint16_t)port;
  if (!read_occurrence(node, &f, error) || !read_by(node, &f, error) ||
      !read_filter(n, l, node, &f, error))
    return false;
  if (!l->faults)
    l->faults = g_array_new(FALSE, TRUE, sizeof f);
  g_array_append_val(l->faults, f);
  for (unsigned i = 0; i < 2; i++)
    link_way_settle(&l->ways[i]);
  return true;
}

bool
build_faults(struct net *n, const struct tree_node *scenario, GError **error)
{
  const struct tree_node *faults = tree_get(scenario, "faults");
  if (!faults)
    return true;
  if (faults->kind != TREE_LIST || faults->children->len > NET_FAULTS_MAX)
    return tree_fail(
        error, faults,
        lang_text("\"faults\" is a list of at most %d: - {link: lan, from: alice-pc, drop: 3}",
                  "\"faults\" เป็นรายการไม่เกิน %d ข้อ: - {link: lan, from: alice-pc, drop: 3}"),
        NET_FAULTS_MAX);
  for (unsigned i = 0; i < faults->children->len; i++)
    if (!read_fault(n, faults->children->pdata[i], error))
      return false;
  return true;
}
