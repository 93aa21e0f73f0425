/* SPDX-License-Identifier: GPL-3.0-or-later */
/* script_imap.c -- the lines of a dialogue that set up an IMAP server and its store. */
#include "tests/endpoints/script_imap.h"

#include <string.h>

static void
set_switches(struct imap_server_config *config, char **words)
{
  for (; *words; words++) {
    if (strcmp(*words, "offers-tls") == 0)
      config->offers_tls = true;
    else if (strcmp(*words, "needs-tls") == 0)
      config->needs_tls = true;
    else if (strcmp(*words, "literal-minus") == 0)
      config->is_literal_minus = true;
    else
      g_error("no switch of the IMAP server: %s", *words);
  }
}

bool
script_imap_line(struct imap_server_config *config, struct store *store, const char *line)
{
  g_auto(GStrv) words = g_strsplit(line, " ", -1);
  if (strcmp(words[0], "imap") == 0) {
    set_switches(config, words + 1);
  } else if (strcmp(words[0], "quota") == 0) {
    struct store_user *u = store_find_user(store, words[1]);
    u->quota_octets = g_ascii_strtoull(words[2], NULL, 10);
    u->quota_messages = words[3] ? g_ascii_strtoull(words[3], NULL, 10) : 0;
  } else if (strcmp(words[0], "share") == 0) {
    g_auto(GStrv) members = g_strsplit(words[2], ",", -1);
    g_auto(GStrv) readers = words[3] ? g_strsplit(words[3], ",", -1) : NULL;
    store_share(store, words[1], members, readers);
  } else {
    return false;
  }
  return true;
}
