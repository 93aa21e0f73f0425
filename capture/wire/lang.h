/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_LANG_H
#define CAPTURE_WIRE_LANG_H

/* The language in which the program speaks. It is the one process-wide setting of the project:
 * every room says sentences, and passing it through every call would bury their real arguments.
 * Both languages stand side by side where a sentence is said, so neither can be forgotten:
 *
 *     printf("%s\n", lang_text("no such file", "ไม่พบไฟล์นี้"));
 */
enum lang { LANG_EN, LANG_TH };

struct lang_pair {
  const char *en;
  const char *th;
};

void lang_set(enum lang lang);
enum lang lang_get(void);

/* Reads "th", "en", or a locale name such as "th_TH.UTF-8"; NULL or anything else is LANG_EN. */
enum lang lang_from_name(const char *name);

/* Sets the language from LC_ALL, LC_MESSAGES or LANG, the first that is set and not empty. */
void lang_set_from_environment(void);

/* Picks one of two literals by the current language; never NULL when both are given. */
const char *lang_text(const char *en, const char *th) __attribute__((format_arg(1), format_arg(2)));
const char *lang_pick(struct lang_pair pair);

/* Both, for who decides later which is said. */
static inline struct lang_pair
lang_pair(const char *en, const char *th)
{
  return (struct lang_pair){en, th};
}

#endif
