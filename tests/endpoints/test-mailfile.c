/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-mailfile.c -- Maildir and mbox, in and out: what comes back is what was there. Foreign
 * readers and writers judge the same files in judge_mailfile.py. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "sim/mail/mailfile.h"

/* Messages that each kind of file must carry: quoted and unquoted "From ", own fields' names in a
 * body, 8-bit octets, dots, long lines. */
static const char *const texts[] = {
    "Subject: quotes\r\nFrom: a@b.test\r\n\r\nFrom here on\r\n>From there\r\n>>From both\r\n\r\n"
    "From x Thu Jan  1 00:00:00 2026\r\nStatus: RO\r\nend\r\n",
    "Subject: \xe0\xb8\xaa\xe0\xb8\xa7\r\nReturn-Path: <alice@alice.test>\r\n\r\n\xff\x80 "
    ".\r\n.\r\n",
    "Subject: empty body\r\n\r\n",
    "From: x@y.test\r\nSubject: =?utf-8?q?two_lines?=\r\n =?utf-8?q?_folded?=\r\n\r\n\r\n\r\n",
};

static struct store_user *
user_new(struct store **s)
{
  *s = store_new(NULL, NULL, NULL);
  return store_add_user(*s, "bob", "secret");
}

static void
add(struct mailbox *b, const char *text, unsigned flags, const char *keyword, int64_t seconds)
{
  g_autoptr(GBytes) octets = g_bytes_new(text, strlen(text));
  uint64_t keywords = keyword ? store_keyword(b, keyword, true) : 0;
  g_assert_nonnull(store_append(b, octets, flags, keywords, seconds * INT64_C(1000000000)));
}

/* INBOX and two more, later dates first, flags of every kind. */
static struct store_user *
filled(struct store **s)
{
  struct store_user *u = user_new(s);
  struct mailbox *inbox = store_find(u, "INBOX");
  struct mailbox *work = store_create(u, "Work/\xe0\xb8\x87\xe0\xb8\xb2\xe0\xb8\x99 & 2026.old");
  add(inbox, texts[0], FLAG_SEEN | FLAG_FLAGGED, "$Forwarded", 86400);
  add(inbox, texts[1], 0, NULL, 60);
  add(inbox, texts[2], FLAG_DRAFT | FLAG_DELETED | FLAG_ANSWERED, "$Label1", -3600);
  add(work, texts[3], FLAG_SEEN, NULL, 0);
  return u;
}

static void
compare_mailboxes(const struct mailbox *a, const struct mailbox *b)
{
  g_assert_cmpuint(a->messages->len, ==, b->messages->len);
  for (guint i = 0; i < a->messages->len; i++) {
    const struct store_message *x = a->messages->pdata[i], *y = b->messages->pdata[i];
    g_autofree char *x_flags = store_flags_text(a, x->flags, x->keywords, ' ');
    g_autofree char *y_flags = store_flags_text(b, y->flags, y->keywords, ' ');
    gsize n, m;
    const void *p = g_bytes_get_data(x->octets, &n), *q = g_bytes_get_data(y->octets, &m);
    g_assert_cmpmem(p, n, q, m);
    g_assert_cmpstr(x_flags, ==, y_flags);
    g_assert_cmpint(x->internal_ns, ==, y->internal_ns);
  }
}

static void
compare_users(const struct store_user *a, const struct store_user *b)
{
  for (guint i = 0; i < a->mailboxes->len; i++) {
    const struct mailbox *x = a->mailboxes->pdata[i], *y = store_find(b, x->name);
    g_assert_nonnull(y);
    compare_mailboxes(x, y);
  }
}

static void
remove_tree(const char *path)
{
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *child = g_build_filename(path, name, NULL);
    remove_tree(child);
  }
  g_remove(path);
}

static void
test_maildir(void)
{
  struct store *from, *to;
  struct store_user *u = filled(&from), *v = user_new(&to);
  g_autofree char *dir = g_dir_make_tmp("mailfile-XXXXXX", NULL);
  GError *error = NULL;
  unsigned n;
  g_assert_true(maildir_save(u, dir, "mail.test", &error));
  g_assert_true(maildir_load(v, dir, false, &n, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(n, ==, 4);
  compare_users(u, v);
  g_assert_false(maildir_save(u, dir, "mail.test", &error)); /* never over another's mail */
  g_assert_nonnull(error);
  g_clear_error(&error);
  remove_tree(dir);
  store_free(from);
  store_free(to);
}

static void
put(const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(dir, name, NULL);
  g_autofree char *folder = g_path_get_dirname(path);
  g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* As other programs write it: LF line ends, no list of UIDs, odd names. */
static void
test_maildir_of_others(void)
{
  struct store *s;
  struct store_user *u = user_new(&s);
  g_autofree char *dir = g_dir_make_tmp("mailfile-XXXXXX", NULL);
  GError *error = NULL;
  unsigned n;
  put(dir, "cur/1767225700.M2P3.host,S=9,W=11:2,FSab", "A: second\n\nx\n");
  put(dir, "cur/1767225700.M10P3.host:2,", "A: behind\n");
  put(dir, "new/1767225600.V1.host", "A: first\r\n\r\nbare\nline\r\n");
  put(dir, "cur/odd name:2,RTz", "A: third\n");
  put(dir, "cur/.hidden", "A: no\n");
  put(dir, "tmp/1767225600.V9.host", "A: no\n");
  put(dir, "dovecot-keywords", "0 $Label1\n1 Junk\n");
  put(dir, ".&Dio-.x&AC4-y/cur/1767225601.a:2,", "A: thai\n");
  put(dir, ".noise/file", "");
  g_assert_true(maildir_load(u, dir, false, &n, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(n, ==, 5);
  struct mailbox *b = store_find(u, "INBOX");
  static const struct {
    const char *text, *flags;
    int64_t seconds;
  } wanted[] = {{"A: third\r\n", "\\Answered \\Deleted", 0}, /* no seconds in its name */
                {"A: first\r\n\r\nbare\nline\r\n", "", 0},
                {"A: second\r\n\r\nx\r\n", "\\Flagged \\Seen $Label1 Junk", 100},
                {"A: behind\r\n", "", 100}};
  for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
    const struct store_message *m = b->messages->pdata[i];
    g_autofree char *flags = store_flags_text(b, m->flags, m->keywords, ' ');
    gsize size;
    const void *p = g_bytes_get_data(m->octets, &size);
    g_assert_cmpmem(p, size, wanted[i].text, strlen(wanted[i].text));
    g_assert_cmpstr(flags, ==, wanted[i].flags);
    g_assert_cmpint(m->internal_ns, ==, wanted[i].seconds * INT64_C(1000000000));
  }
  g_assert_nonnull(store_find(u, "\xe0\xb8\xaa/x.y"));
  g_assert_null(store_find(u, "noise"));
  g_assert_false(maildir_load(u, "/nonexistent", false, &n, &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  remove_tree(dir);
  store_free(s);
}

static void
test_mbox(void)
{
  static const enum mbox_kind kinds[][2] = {
      {MBOX_RD, MBOX_ANY}, {MBOX_RD, MBOX_RD}, {MBOX_CL2, MBOX_ANY}, {MBOX_CL2, MBOX_CL2}};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    struct store *from, *to;
    struct store_user *u = filled(&from), *v = user_new(&to);
    struct mailbox *into = store_find(v, "INBOX");
    GError *error = NULL;
    unsigned n;
    g_autoptr(GBytes) file = mbox_write(store_find(u, "INBOX"), kinds[i][0]);
    gsize size;
    const uint8_t *p = g_bytes_get_data(file, &size);
    g_assert_true(mbox_read(into, p, size, kinds[i][1], &n, &error));
    g_assert_no_error(error);
    compare_mailboxes(store_find(u, "INBOX"), into);
    store_free(from);
    store_free(to);
  }
}

/* Written by hand, after the descriptions of the kinds. */
static void
test_mbox_of_others(void)
{
  static const char file[] = "From alice@alice.test Thu Jan  1 00:01:00 2026\n"
                             "Subject: one\nStatus: R\nX-Keywords: Junk $Label1\n"
                             "\n"
                             "From now on this is prose\n"
                             "\n"
                             "From there on as well, on day 1 at 10:00\n"
                             ">From quoted\n"
                             "\n"
                             "From \"odd sender\" Fri Jan  2 00:00 +0100 2026\n"
                             "Subject: two\nX-Status: AFTD\n"
                             "\n"
                             "no line end";
  struct store *s;
  struct store_user *u = user_new(&s);
  struct mailbox *b = store_find(u, "INBOX");
  GError *error = NULL;
  unsigned n;
  g_assert_true(mbox_read(b, (const uint8_t *)file, strlen(file), MBOX_ANY, &n, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(n, ==, 2);
  const struct store_message *one = b->messages->pdata[0], *two = b->messages->pdata[1];
  g_autofree char *flags = store_flags_text(b, one->flags, one->keywords, ' ');
  g_assert_cmpstr(flags, ==, "\\Seen Junk $Label1");
  g_assert_cmpint(one->internal_ns, ==, INT64_C(60000000000));
  g_assert_cmpint(two->internal_ns, ==, INT64_C(82800000000000)); /* 23:00 UTC */
  g_assert_cmpuint(two->flags, ==, FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT | FLAG_DELETED);
  gsize size;
  const char *p = g_bytes_get_data(one->octets, &size);
  static const char wanted[] = "Subject: one\r\n\r\nFrom now on this is prose\r\n\r\n"
                               "From there on as well, on day 1 at 10:00\r\nFrom quoted\r\n";
  g_assert_cmpmem(p, size, wanted, strlen(wanted));
  g_assert_false(mbox_read(b, (const uint8_t *)"Subject: x\n", 11, MBOX_ANY, &n, &error));
  g_clear_error(&error);
  /* a Content-Length that leads nowhere is not believed */
  static const char liar[] = "From a Thu Jan  1 00:00:00 2026\nContent-Length: 3\n\nlonger\n\n"
                             "From b Thu Jan  1 00:00:00 2026\n\nx\n\n";
  g_assert_true(mbox_read(b, (const uint8_t *)liar, strlen(liar), MBOX_ANY, &n, &error));
  g_assert_cmpuint(n, ==, 2);
  store_free(s);
}

/* A message that came with a Content-Length of its own, wrong by now, and a line that looks like the
 * begin of the next message: the length that the writer adds is the one that counts, and goes. */
static void
test_mbox_length_of_its_own(void)
{
  static const char text[] = "Subject: one\r\nContent-Length: 2\r\n\r\nx\r\n\r\n"
                             "From z Thu Jan  1 00:00:01 2026\r\nstill the same\r\n";
  struct store *from, *to;
  struct store_user *u = user_new(&from), *v = user_new(&to);
  g_autoptr(GBytes) octets = g_bytes_new_static(text, strlen(text));
  g_assert_nonnull(store_append(store_find(u, "INBOX"), octets, 0, 0, 0));
  g_autoptr(GBytes) file = mbox_write(store_find(u, "INBOX"), MBOX_CL2);
  gsize size;
  const uint8_t *p = g_bytes_get_data(file, &size);
  unsigned n;
  g_assert_true(mbox_read(store_find(v, "INBOX"), p, size, MBOX_ANY, &n, NULL));
  g_assert_cmpuint(n, ==, 1);
  compare_mailboxes(store_find(u, "INBOX"), store_find(v, "INBOX"));
  store_free(from);
  store_free(to);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mailfile/maildir-round-trip", test_maildir);
  g_test_add_func("/mailfile/maildir-of-other-programs", test_maildir_of_others);
  g_test_add_func("/mailfile/mbox-round-trip", test_mbox);
  g_test_add_func("/mailfile/mbox-of-other-programs", test_mbox_of_others);
  g_test_add_func("/mailfile/mbox-length-of-its-own", test_mbox_length_of_its_own);
  return g_test_run();
}
