/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_smtp.c -- the switches of one SMTP or LMTP service of a scenario: what it offers, what it
 * answers, and where a lesson has made it weak. The keys stand in build.h. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/build_private.h"

enum { GREET_PAUSE_S_MAX = 60 }; /* clients wait five minutes: RFC 5321 4.5.3.2.1 */

const char *const build_smtp_keys[] = {"smuggling", "greet_pause", "vrfy", "expn",
                                       "help",      "without",     NULL};

/* The word's place in the list, or its length when it is not there. */
static unsigned
word_place(const char *word, const char *const *words)
{
  unsigned i = 0;
  while (words[i] && g_ascii_strcasecmp(words[i], word) != 0)
    i++;
  return i;
}

static bool
read_inquiry(const struct tree_node *node, const char *key, enum smtp_inquiry *inquiry,
             GError **error)
{
  static const char *const words[] = {[SMTP_INQUIRY_VAGUE] = "vague",
                                      [SMTP_INQUIRY_ANSWERED] = "answer",
                                      [SMTP_INQUIRY_OFF] = "off",
                                      NULL};
  const char *word;
  if (!tree_text(node, key, "vague", &word, error))
    return false;
  unsigned place = word_place(word, words);
  *inquiry = (enum smtp_inquiry)place;
  return words[place] || tree_fail(error, tree_get(node, key),
                                   lang_text("`%s` is vague, answer or off, not \"%s\"",
                                             "`%s` เป็น vague, answer หรือ off ได้ ไม่ใช่ \"%s\""),
                                   key, word);
}

static bool
read_without(const struct tree_node *node, unsigned *without, GError **error)
{
  g_auto(GStrv) words = NULL;
  if (!build_read_names(node, "without", &words, error))
    return false;
  *without = 0;
  for (char **word = words; *word; word++) {
    enum smtp_extension extension = smtp_extension_find(*word, strlen(*word));
    if (extension == SMTP_N_EXTENSIONS)
      return tree_fail(error, tree_get(node, "without"),
                       lang_text("\"%s\" is no keyword of EHLO that is built here",
                                 "\"%s\" ไม่ใช่คำสำคัญของ EHLO ที่มีในโปรแกรมนี้"),
                       *word);
    *without |= 1u << extension;
  }
  return true;
}

/* strict, relay (lets bare line ends through), lenient (all look-alikes end the data), or those
 * that do. */
static bool
read_smuggling(const struct tree_node *node, struct smtp_lenience *lenience, GError **error)
{
  g_auto(GStrv) words = NULL;
  if (!build_read_names(node, "smuggling", &words, error))
    return false;
  for (char **word = words; *word; word++) {
    enum smtp_end end = smtp_end_find(*word);
    lenience->passes_bare |= strcmp(*word, "relay") == 0;
    if (strcmp(*word, "lenient") == 0)
      lenience->ends = SMTP_ENDS_ALL;
    else if (end != SMTP_N_ENDS)
      lenience->ends |= 1u << end;
    else if (strcmp(*word, "relay") != 0 && (strcmp(*word, "strict") != 0 || words[1]))
      return tree_fail(error, tree_get(node, "smuggling"),
                       lang_text("`smuggling` is strict, relay, lenient or a list such as [LF.LF, "
                                 "CR.CR], not \"%s\"",
                                 "`smuggling` เป็น strict, relay, lenient หรือรายการเช่น [LF.LF, "
                                 "CR.CR] ได้ ไม่ใช่ \"%s\""),
                       *word);
  }
  return true;
}

bool
build_smtp_read(const struct tree_node *node, struct build_smtp *s, GError **error)
{
  *s = (struct build_smtp){0};
  if (node->kind != TREE_MAP)
    return true;
  if (!tree_duration(node, "greet_pause", 0, &s->greet_pause_ns, error) ||
      !read_inquiry(node, "vrfy", &s->vrfy, error) ||
      !read_inquiry(node, "expn", &s->expn, error) ||
      !read_inquiry(node, "help", &s->help, error) || !read_without(node, &s->without, error) ||
      !read_smuggling(node, &s->lenience, error))
    return false;
  if (s->greet_pause_ns > GREET_PAUSE_S_MAX * INT64_C(1000000000))
    return tree_fail(error, tree_get(node, "greet_pause"),
                     lang_text("a pause of more than %d s drives clients away",
                               "การหน่วงเกิน %d วินาทีทำให้ไคลเอนต์หนีไป"),
                     GREET_PAUSE_S_MAX);
  return true;
}

bool
build_smtp_sends(const struct tree_node *node, struct queue_sends *sends, GError **error)
{
  static const char *const keys[] = {"pipelining", "chunking", "chunk", NULL};
  const struct tree_node *map = tree_get(node, "sends");
  int64_t chunk_octets;
  if (!map)
    return true;
  if (map->kind != TREE_MAP)
    return tree_fail(error, map,
                     lang_text("`sends` is a map: {pipelining: true, chunking: true}",
                               "`sends` ต้องเขียนเป็น {pipelining: true, chunking: true}"));
  if (!tree_known(map, keys, error) ||
      !tree_bool(map, "pipelining", false, &sends->pipelines, error) ||
      !tree_bool(map, "chunking", false, &sends->chunks, error) ||
      !tree_int(map, "chunk", 0, 0, SMTP_SIZE_MAX, &chunk_octets, error))
    return false;
  sends->chunk_octets = (size_t)chunk_octets;
  return true;
}
