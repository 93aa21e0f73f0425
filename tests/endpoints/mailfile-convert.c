/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mailfile-convert.c -- mail of one kind of file to another, for judges that speak only files.
 *
 *     mailfile-convert maildir|mbox|mboxrd|mboxo|mboxcl2 IN maildir|mboxrd|mboxo|mboxcl2 OUT
 */
#include <glib.h>
#include <string.h>

#include "sim/mail/mailfile.h"

static enum mbox_kind
kind_of(const char *name)
{
  return strcmp(name, "mboxrd") == 0    ? MBOX_RD
         : strcmp(name, "mboxo") == 0   ? MBOX_O
         : strcmp(name, "mboxcl2") == 0 ? MBOX_CL2
                                        : MBOX_ANY;
}

int
main(int argc, char **argv)
{
  if (argc != 5)
    return 2;
  struct store *s = store_new(NULL, NULL, NULL);
  struct store_user *u = store_add_user(s, "bob", "");
  struct mailbox *inbox = store_find(u, "INBOX");
  GError *error = NULL;
  bool is_good = strcmp(argv[1], "maildir") == 0
                     ? maildir_load(u, argv[2], true, NULL, &error)
                     : mbox_load(inbox, argv[2], kind_of(argv[1]), NULL, &error);
  if (is_good && strcmp(argv[3], "maildir") == 0)
    is_good = maildir_save(u, argv[4], "mail.test", &error);
  else if (is_good)
    is_good = mbox_save(u, argv[4], kind_of(argv[3]), &error);
  if (!is_good)
    g_printerr("%s\n", error->message);
  g_clear_error(&error);
  store_free(s);
  return is_good ? 0 : 1;
}
