/* SPDX-License-Identifier: GPL-3.0-or-later */
/* maildir.c -- a user's mail from and to a Maildir++ folder (its layout stands in mailfile.h).
 *
 * Nothing but cur and new is looked into; names that begin with '.' and whatever is no regular file
 * are passed over. A name is the only place of flags, so the flags of a message survive a round
 * trip as far as the letters a to z reach: 26 keywords of a mailbox. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#include "capture/wire/lang.h"
#include "sim/mail/date.h"
#include "sim/mail/imap_name.h"
#include "sim/mail/machine.h"
#include "sim/mail/mailfile.h"

enum { LETTERS_MAX = 26 };

static const struct {
  char letter;
  unsigned flag;
} flag_letters[] = {{'D', FLAG_DRAFT},
                    {'F', FLAG_FLAGGED},
                    {'R', FLAG_ANSWERED},
                    {'S', FLAG_SEEN},
                    {'T', FLAG_DELETED}};

#define UIDLIST "dovecot-uidlist"
#define FORWARDED "$Forwarded" /* the letter P has no system flag */

bool
mailfile_fail(GError **error, const char *path, const char *reason)
{
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", path, reason);
  return false;
}

GBytes *
mailfile_read(const char *path, size_t max, GError **error)
{
  GStatBuf info;
  char *octets;
  gsize n;
  if (g_stat(path, &info) != 0) {
    mailfile_fail(error, path, g_strerror(errno));
    return NULL;
  }
  if (!S_ISREG(info.st_mode)) {
    mailfile_fail(error, path, lang_text("this is no ordinary file", "นี่ไม่ใช่ไฟล์ธรรมดา"));
    return NULL;
  }
  if ((uint64_t)info.st_size > max) {
    mailfile_fail(error, path, lang_text("the file is too large", "ไฟล์ใหญ่เกินไป"));
    return NULL;
  }
  return g_file_get_contents(path, &octets, &n, error) ? g_bytes_new_take(octets, n) : NULL;
}

GBytes *
mailfile_with_crlf(const uint8_t *p, size_t n)
{
  size_t n_bare = 0;
  for (size_t i = 0; i < n; i++)
    n_bare += p[i] == '\n' && (i == 0 || p[i - 1] != '\r');
  if (n_bare == 0)
    return NULL;
  uint8_t *out = g_malloc(n + n_bare);
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
      out[at++] = '\r';
    out[at++] = p[i];
  }
  return g_bytes_new_take(out, at);
}

/* ---- in ---- */

struct found {
  char *folder; /* "cur" or "new" */
  char *name;
  uint64_t uid;     /* of dovecot-uidlist; UINT64_MAX: none */
  uint64_t seconds; /* that the name begins with; 0: none */
};

static void
found_free(void *data)
{
  struct found *f = data;
  g_free(f->folder);
  g_free(f->name);
  g_free(f);
}

/* Names with their numbers as numbers: "1.M98P1" stands before "1.M100P1". */
static int
compare_names(const char *a, const char *b)
{
  for (;;) {
    while (*a && *a == *b && !g_ascii_isdigit(*a))
      a++, b++;
    if (!g_ascii_isdigit(*a) || !g_ascii_isdigit(*b))
      return (unsigned char)*a - (unsigned char)*b;
    const char *x = a + strspn(a, "0"), *y = b + strspn(b, "0");
    size_t n = strspn(x, "0123456789"), m = strspn(y, "0123456789");
    int difference = n != m ? (n < m ? -1 : 1) : strncmp(x, y, n);
    if (difference != 0)
      return difference;
    if (x - a != y - b) /* the same number, written longer */
      return x - a < y - b ? -1 : 1;
    a = x + n;
    b = y + m;
  }
}

static gint
by_name(gconstpointer a, gconstpointer b)
{
  const struct found *x = *(struct found *const *)a, *y = *(struct found *const *)b;
  if (x->uid != y->uid)
    return x->uid < y->uid ? -1 : 1;
  if (x->seconds != y->seconds)
    return x->seconds < y->seconds ? -1 : 1;
  return compare_names(x->name, y->name);
}

static void
look_into(GPtrArray *found, const char *dir, const char *folder)
{
  g_autofree char *path = g_build_filename(dir, folder, NULL);
  g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
  const char *name;
  while (entries && (name = g_dir_read_name(entries)) != NULL) {
    if (name[0] == '.' || found->len > STORE_MESSAGES_MAX)
      continue;
    struct found *f = g_new(struct found, 1);
    *f = (struct found){.folder = g_strdup(folder), .name = g_strdup(name), .uid = UINT64_MAX};
    f->seconds = g_ascii_strtoull(name, NULL, 10);
    g_ptr_array_add(found, f);
  }
}

/* The order that dovecot-uidlist tells: "3 V1767225600 N3", then "1 :BASE" per message, BASE being
 * the name without its flags. */
static void
read_uids(const char *dir, GPtrArray *found)
{
  g_autofree char *path = g_build_filename(dir, UIDLIST, NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, NULL))
    return;
  g_autoptr(GHashTable) uids = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line && line[0][0]; line++) {
    const char *base = strstr(*line, " :");
    guint64 uid = g_ascii_strtoull(*line, NULL, 10);
    if (line > lines && base && uid > 0)
      g_hash_table_insert(uids, (gpointer)(base + 2), g_memdup2(&uid, sizeof uid));
  }
  for (guint i = 0; i < found->len; i++) {
    struct found *f = found->pdata[i];
    g_autofree char *base = g_strndup(f->name, strcspn(f->name, ":"));
    const guint64 *uid = g_hash_table_lookup(uids, base);
    if (uid)
      f->uid = *uid;
  }
}

/* "0 $Label1" per line. */
static void
read_keywords(const char *dir, char *letters[LETTERS_MAX])
{
  g_autofree char *path = g_build_filename(dir, "dovecot-keywords", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, NULL))
    return;
  g_auto(GStrv) lines = g_strsplit(text, "\n", LETTERS_MAX + 1);
  for (char **line = lines; *line; line++) {
    char *end;
    guint64 index = g_ascii_strtoull(*line, &end, 10);
    if (end > *line && *end == ' ' && end[1] && index < LETTERS_MAX && !letters[index])
      letters[index] = g_strdup(g_strstrip(end + 1));
  }
}

static void
read_flags(struct mailbox *b, const char *name, char *const letters[LETTERS_MAX], unsigned *flags,
           uint64_t *keywords)
{
  const char *info = strstr(name, ":2,");
  *flags = 0;
  *keywords = 0;
  for (const char *c = info ? info + 3 : ""; *c && *c != ','; c++) {
    for (size_t i = 0; i < G_N_ELEMENTS(flag_letters); i++)
      *flags |= flag_letters[i].letter == *c ? flag_letters[i].flag : 0;
    if (*c == 'P')
      *keywords |= store_keyword(b, FORWARDED, true);
    if (*c >= 'a' && *c <= 'z' && letters[*c - 'a'])
      *keywords |= store_keyword(b, letters[*c - 'a'], true);
  }
}

static int64_t
internal_date(const struct found *f, const char *path, bool uses_file_times)
{
  enum { YEAR_3000 = 32503680000 / 1000 }; /* in thousands of seconds: fits an int */
  GStatBuf info;
  if (f->seconds > 0 && f->seconds / 1000 < YEAR_3000 && f->seconds >= 1000000)
    return date_from_unix((int64_t)f->seconds);
  if (uses_file_times && g_stat(path, &info) == 0)
    return date_from_unix((int64_t)info.st_mtime);
  return 0;
}

static bool
load_message(struct mailbox *b, const char *dir, const struct found *f,
             char *const letters[LETTERS_MAX], bool uses_file_times, GError **error)
{
  g_autofree char *path = g_build_filename(dir, f->folder, f->name, NULL);
  if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
    return true;
  g_autoptr(GBytes) octets = mailfile_read(path, MAILFILE_MESSAGE_MAX, error);
  if (!octets)
    return false;
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  g_autoptr(GBytes) lines = n > 0 && !memchr(p, '\r', n) ? mailfile_with_crlf(p, n) : NULL;
  unsigned flags;
  uint64_t keywords;
  read_flags(b, f->name, letters, &flags, &keywords);
  if (!store_append(b, lines ? lines : octets, flags, keywords,
                    internal_date(f, path, uses_file_times)))
    return mailfile_fail(
        error, path,
        lang_text("the message does not fit into the user's quota", "ข้อความเกินโควตาของผู้ใช้"));
  return true;
}

static bool
load_folder(struct mailbox *b, const char *dir, bool uses_file_times, unsigned *n_messages,
            GError **error)
{
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(found_free);
  char *letters[LETTERS_MAX] = {0};
  bool is_good = true;
  look_into(found, dir, "cur");
  look_into(found, dir, "new");
  read_uids(dir, found);
  g_ptr_array_sort(found, by_name);
  read_keywords(dir, letters);
  for (guint i = 0; is_good && i < found->len; i++) {
    is_good = load_message(b, dir, found->pdata[i], letters, uses_file_times, error);
    if (is_good && n_messages)
      (*n_messages)++;
  }
  for (size_t i = 0; i < LETTERS_MAX; i++)
    g_free(letters[i]);
  return is_good;
}

/* ".Work.2026" is Work/2026; names are modified UTF-7, in which "&AC4-" is a '.' inside a level.
 * What is no modified UTF-7 is taken as it is: some programs write UTF-8. */
static char *
mailbox_of(const char *folder)
{
  GString *name = g_string_new(folder + 1);
  g_string_replace(name, ".", "/", 0);
  g_string_replace(name, "&AC4-", ".", 0);
  char *decoded = imap_name_decode(name->str);
  if (decoded)
    g_string_assign(name, decoded);
  g_free(decoded);
  return g_string_free(name, FALSE);
}

static gint
by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the folders ".…" that hold mail, in order. */
static GPtrArray *
folders_of(const char *dir)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
  const char *name;
  while (entries && (name = g_dir_read_name(entries)) != NULL) {
    g_autofree char *cur = g_build_filename(dir, name, "cur", NULL);
    if (name[0] == '.' && name[1] && name[1] != '.' && folders->len < MAILFILE_FOLDERS_MAX &&
        g_file_test(cur, G_FILE_TEST_IS_DIR))
      g_ptr_array_add(folders, g_strdup(name));
  }
  g_ptr_array_sort(folders, by_text);
  return folders;
}

bool
maildir_load(struct store_user *user, const char *dir, bool uses_file_times, unsigned *n_messages,
             GError **error)
{
  g_autofree char *cur = g_build_filename(dir, "cur", NULL);
  if (n_messages)
    *n_messages = 0;
  if (!g_file_test(cur, G_FILE_TEST_IS_DIR))
    return mailfile_fail(error, dir,
                         lang_text("this is no Maildir: it holds no folder `cur`",
                                   "นี่ไม่ใช่ Maildir: ไม่มีโฟลเดอร์ `cur`"));
  if (!load_folder(store_find(user, "INBOX"), dir, uses_file_times, n_messages, error))
    return false;
  g_autoptr(GPtrArray) folders = folders_of(dir);
  for (guint i = 0; i < folders->len; i++) {
    g_autofree char *path = g_build_filename(dir, folders->pdata[i], NULL);
    g_autofree char *name = mailbox_of(folders->pdata[i]);
    struct mailbox *b = store_find(user, name);
    if (!b)
      b = store_create(user, name);
    if (!b)
      return mailfile_fail(error, path,
                           lang_text("the folder's name cannot be a mailbox name",
                                     "ชื่อโฟลเดอร์ใช้เป็นชื่อกล่องจดหมายไม่ได้"));
    if (!load_folder(b, path, uses_file_times, n_messages, error))
      return false;
  }
  return true;
}

/* ---- out ---- */

static char *
folder_of(const struct mailbox *b, const char *dir)
{
  if (b == b->user->mailboxes->pdata[0])
    return g_strdup(dir);
  g_autofree char *encoded = imap_name_encode(b->name);
  g_autoptr(GString) name = g_string_new(encoded);
  g_string_replace(name, ".", "&AC4-", 0);
  g_string_replace(name, "/", ".", 0);
  g_string_prepend_c(name, '.');
  return g_build_filename(dir, name->str, NULL);
}

static bool
make_folders(const char *path, GError **error)
{
  static const char *const names[] = {"cur", "new", "tmp"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *folder = g_build_filename(path, names[i], NULL);
    if (g_mkdir_with_parents(folder, 0700) != 0)
      return mailfile_fail(error, folder, g_strerror(errno));
  }
  return true;
}

/* The letter of keyword `bit`, or 0 when it has none: a to z in the mailbox's order. */
static char
keyword_letter(const struct mailbox *b, guint bit)
{
  if (g_ascii_strcasecmp(b->keywords->pdata[bit], FORWARDED) == 0)
    return 'P';
  return bit < LETTERS_MAX ? (char)('a' + bit) : '\0';
}

static gint
by_octet(gconstpointer a, gconstpointer b)
{
  return *(const char *)a - *(const char *)b;
}

static char *
file_name(const struct mailbox *b, const struct store_message *m, const char *host)
{
  g_autoptr(GArray) letters = g_array_new(TRUE, FALSE, 1);
  for (size_t i = 0; i < G_N_ELEMENTS(flag_letters); i++) {
    if (m->flags & flag_letters[i].flag)
      g_array_append_val(letters, flag_letters[i].letter);
  }
  for (guint i = 0; i < b->keywords->len; i++) {
    char letter = m->keywords & UINT64_C(1) << i ? keyword_letter(b, i) : '\0';
    if (letter)
      g_array_append_val(letters, letter);
  }
  g_array_sort(letters, by_octet);
  bool is_new = m->uid >= b->recent_from && letters->len == 0;
  int64_t seconds = DATE_EPOCH_S + m->internal_ns / MACHINE_SECOND;
  /* The UID, ten digits wide, keeps the order among messages of one second. */
  return g_strdup_printf("%s/%010" G_GINT64_FORMAT ".M%06dP%010u.%s%s%s", is_new ? "new" : "cur",
                         MAX(seconds, 0), (int)(MAX(m->internal_ns, 0) / 1000 % 1000000), m->uid,
                         host, is_new ? "" : ":2,", letters->data ? letters->data : "");
}

static bool
save_message(const struct mailbox *b, const struct store_message *m, const char *folder,
             const char *host, GString *uids, GError **error)
{
  g_autofree char *name = file_name(b, m, host);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  const char *base = strchr(name, '/') + 1;
  gsize n;
  const char *p = g_bytes_get_data(m->octets, &n);
  g_string_append_printf(uids, "%u :%.*s\n", m->uid, (int)strcspn(base, ":"), base);
  if (!g_file_set_contents(path, p ? p : "", (gssize)n, error))
    return false;
  time_t seconds = (time_t)(DATE_EPOCH_S + m->internal_ns / MACHINE_SECOND);
  struct utimbuf times = {.actime = seconds, .modtime = seconds};
  if (g_utime(path, &times) != 0)
    return mailfile_fail(error, path, g_strerror(errno));
  return true;
}

static bool
save_keywords(const struct mailbox *b, const char *folder, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < b->keywords->len; i++) {
    char letter = keyword_letter(b, i);
    if (letter >= 'a')
      g_string_append_printf(text, "%d %s\n", letter - 'a', (const char *)b->keywords->pdata[i]);
  }
  g_autofree char *path = g_build_filename(folder, "dovecot-keywords", NULL);
  return text->len == 0 || g_file_set_contents(path, text->str, (gssize)text->len, error);
}

static bool
save_folder(const struct mailbox *b, const char *folder, const char *host, GError **error)
{
  g_autoptr(GString) uids = g_string_new(NULL);
  g_autofree char *path = g_build_filename(folder, UIDLIST, NULL);
  g_string_append_printf(uids, "3 V%u N%u\n", b->uid_validity, b->uid_next);
  for (guint i = 0; i < b->messages->len; i++) {
    if (!save_message(b, b->messages->pdata[i], folder, host, uids, error))
      return false;
  }
  return save_keywords(b, folder, error) &&
         g_file_set_contents(path, uids->str, (gssize)uids->len, error);
}

bool
maildir_save(const struct store_user *user, const char *dir, const char *host, GError **error)
{
  g_autofree char *cur = g_build_filename(dir, "cur", NULL);
  if (g_file_test(cur, G_FILE_TEST_EXISTS))
    return mailfile_fail(error, dir,
                         lang_text("there is a Maildir already: name another folder",
                                   "มี Maildir อยู่แล้ว: ระบุโฟลเดอร์อื่น"));
  for (guint i = 0; i < user->mailboxes->len; i++) {
    const struct mailbox *b = user->mailboxes->pdata[i];
    g_autofree char *folder = folder_of(b, dir);
    g_autofree char *mark = g_build_filename(folder, "maildirfolder", NULL);
    if (!make_folders(folder, error) || (i > 0 && !g_file_set_contents(mark, "", 0, error)) ||
        !save_folder(b, folder, host, error))
      return false;
  }
  return true;
}
