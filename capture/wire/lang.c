/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lang.c -- which of two languages the program speaks. */
#include "capture/wire/lang.h"

#include <stdlib.h>
#include <string.h>

static enum lang current = LANG_EN;

void
lang_set(enum lang lang)
{
  current = lang;
}

enum lang
lang_get(void)
{
  return current;
}

enum lang
lang_from_name(const char *name)
{
  return name && strncmp(name, "th", 2) == 0 ? LANG_TH : LANG_EN;
}

void
lang_set_from_environment(void)
{
  static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *value = getenv(names[i]);
    if (value && *value) {
      lang_set(lang_from_name(value));
      return;
    }
  }
}

const char *
lang_text(const char *en, const char *th)
{
  return current == LANG_TH ? th : en;
}

const char *
lang_pick(struct lang_pair pair)
{
  return lang_text(pair.en, pair.th);
}
