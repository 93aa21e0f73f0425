/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action_letter.c -- reads what a letter of the verb send holds; compose.c writes it. */
#include "sim/mail/action_letter.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/action_errand.h"
#include "sim/mail/smtp.h"

enum { ATTACHMENTS_MAX = 50 }; /* of one letter */

bool
action_is_one_line(const struct tree_node *node, const char *text, GError **error)
{
  if (!text || !strpbrk(text, "\r\n"))
    return true;
  return tree_fail(error, node,
                   lang_text("a line end in a header would begin another field: write one line",
                             "การขึ้นบรรทัดใหม่ในส่วนหัวจะกลายเป็นฟิลด์อื่น: ให้เขียนบรรทัดเดียว"));
}

bool
action_read_person(const struct tree_node *node, struct compose_person *person, GError **error)
{
  static const char *const keys[] = {"name", "address", NULL};
  *person = (struct compose_person){0};
  if (node->kind == TREE_SCALAR)
    person->address = node->text;
  else if (node->kind == TREE_MAP && (!tree_known(node, keys, error) ||
                                      !tree_text(node, "name", NULL, &person->name, error) ||
                                      !tree_text(node, "address", NULL, &person->address, error)))
    return false;
  if (!action_is_one_line(node, person->name, error))
    return false;
  g_autofree char *path = g_strdup_printf("<%s>", person->address ? person->address : "");
  g_autofree char *address = NULL;
  size_t n;
  const char *wrong;
  if (!smtp_path_parse(path, strlen(path), SMTP_PATH_UTF8, &address, &n, &wrong) ||
      n != strlen(path))
    return tree_fail(error, node,
                     lang_text("\"%s\" is no address; write one such as alice@alice.test",
                               "\"%s\" ไม่ใช่ที่อยู่อีเมล ให้เขียนเช่น alice@alice.test"),
                     person->address ? person->address : "");
  return true;
}

bool
action_read_people(const struct tree_node *node, GArray *people, GError **error)
{
  bool is_list = node->kind == TREE_LIST;
  for (guint i = 0; i < (is_list ? node->children->len : 1); i++) {
    struct compose_person person;
    if (!action_read_person(is_list ? node->children->pdata[i] : node, &person, error))
      return false;
    g_array_append_val(people, person);
  }
  return true;
}

/* ---- text ---- */

/* A file beside the scenario. */
static char *
read_file(const struct tree_node *node, const char *name, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(node->file);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) reason = NULL;
  char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, &reason)) {
    tree_fail(error, node, "%s", reason->message);
    return NULL;
  }
  if (g_utf8_validate(text, -1, NULL))
    return text;
  g_free(text);
  tree_fail(error, node,
            lang_text("%s is not UTF-8: save it as UTF-8", "%s ไม่ใช่ UTF-8: บันทึกเป็น UTF-8"), path);
  return NULL;
}

char *
action_read_text(const struct tree_node *node, const char *key, GError **error)
{
  g_autofree char *file_key = g_strconcat(key, "_file", NULL);
  const char *text, *file;
  if (!tree_text(node, key, NULL, &text, error) || !tree_text(node, file_key, NULL, &file, error))
    return NULL;
  if (text && file) {
    tree_fail(error, node,
              lang_text("`%s` and `%s` exclude each other: remove one",
                        "`%s` กับ `%s` ใช้พร้อมกันไม่ได้: ลบออกหนึ่งอย่าง"),
              key, file_key);
    return NULL;
  }
  return file ? read_file(tree_get(node, file_key), file, error) : g_strdup(text ? text : "");
}

/* ---- attachments ---- */

static bool
read_attachment(struct action_letter *l, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"name", "text", "size", "type", "inline", NULL};
  struct compose_attachment attachment = {0};
  const char *text;
  int64_t size;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("an attachment is a map: {name: plan.txt, text: …}",
                               "ไฟล์แนบต้องเขียนเป็น {name: plan.txt, text: …}"));
  if (!tree_known(node, keys, error) ||
      !tree_text(node, "name", "attachment.txt", &attachment.name, error) ||
      !tree_text(node, "text", NULL, &text, error) ||
      !tree_text(node, "type", text ? "text/plain" : NULL, &attachment.type, error) ||
      !tree_text(node, "inline", NULL, &attachment.content_id, error) ||
      !tree_int(node, "size", 1000, 0, ACTION_ATTACHMENT_MAX, &size, error) ||
      !action_is_one_line(node, attachment.name, error) ||
      !action_is_one_line(node, attachment.type, error) ||
      !action_is_one_line(node, attachment.content_id, error))
    return false;
  attachment.octets = text ? g_bytes_new(text, strlen(text)) : NULL;
  g_array_append_val(l->attachments, attachment);
  g_array_append_val(l->sizes, size);
  return true;
}

static bool
read_attachments(struct action_letter *l, const struct tree_node *node, GError **error)
{
  const struct tree_node *one = tree_get(node, "attachment"), *list = tree_get(node, "attachments");
  if (one && !read_attachment(l, one, error))
    return false;
  if (!list)
    return true;
  if (list->kind != TREE_LIST || list->children->len > ATTACHMENTS_MAX)
    return tree_fail(error, list,
                     lang_text("`attachments` is a list of at most %d maps",
                               "`attachments` ต้องเป็นรายการไม่เกิน %d รายการ"),
                     ATTACHMENTS_MAX);
  for (guint i = 0; i < list->children->len; i++) {
    if (!read_attachment(l, list->children->pdata[i], error))
      return false;
  }
  return true;
}

/* ---- encoding and charset ---- */

static bool
read_encoding(struct action_letter *l, const struct tree_node *node, GError **error)
{
  static const char *const words[] = {[COMPOSE_BASE64] = "base64",
                                      [COMPOSE_QUOTED_PRINTABLE] = "quoted-printable",
                                      [COMPOSE_8BIT] = "8bit"};
  const char *word;
  if (!tree_text(node, "encoding", "base64", &word, error))
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (strcmp(words[i], word) == 0) {
      l->encoding = (enum compose_encoding)i;
      return true;
    }
  }
  return tree_fail(error, tree_get(node, "encoding"),
                   lang_text("`encoding` is base64, quoted-printable or 8bit",
                             "`encoding` เป็น base64, quoted-printable หรือ 8bit ได้"));
}

static bool
read_charset(struct action_letter *l, const struct tree_node *node, const char *const texts[],
             GError **error)
{
  const char *word;
  if (!tree_text(node, "charset", "utf-8", &word, error))
    return false;
  if (g_ascii_strcasecmp(word, "utf-8") == 0)
    return true;
  if (g_ascii_strcasecmp(word, "tis-620") != 0)
    return tree_fail(
        error, tree_get(node, "charset"),
        lang_text("`charset` is utf-8 or tis-620", "`charset` เป็น utf-8 หรือ tis-620 ได้"));
  l->charset = "tis-620";
  for (unsigned i = 0; texts[i]; i++) {
    if (!compose_can_say(texts[i], l->charset))
      return tree_fail(error, tree_get(node, "charset"),
                       lang_text("TIS-620 has only Thai letters and ASCII: take utf-8",
                                 "TIS-620 มีเฉพาะอักษรไทยและ ASCII: ให้ใช้ utf-8"));
  }
  return true;
}

bool
action_letter_read(struct action_letter *l, const struct tree_node *node, const char *subject,
                   const char *text, GError **error)
{
  const struct tree_node *cc = tree_get(node, "cc"), *reply_to = tree_get(node, "reply_to");
  l->attachments = g_array_new(FALSE, FALSE, sizeof(struct compose_attachment));
  l->sizes = g_array_new(FALSE, FALSE, sizeof(int64_t));
  l->cc = g_array_new(FALSE, FALSE, sizeof(struct compose_person));
  if (tree_get(node, "html")) {
    l->html = action_read_text(node, "html", error);
    if (!l->html)
      return false;
  }
  const char *const texts[] = {subject, text, l->html, NULL};
  return (!cc || action_read_people(cc, l->cc, error)) &&
         (!reply_to || action_read_person(reply_to, &l->reply_to, error)) &&
         tree_text(node, "in_reply_to", NULL, &l->in_reply_to, error) &&
         tree_text(node, "references", NULL, &l->references, error) &&
         action_is_one_line(tree_get(node, "in_reply_to"), l->in_reply_to, error) &&
         action_is_one_line(tree_get(node, "references"), l->references, error) &&
         read_attachments(l, node, error) && read_encoding(l, node, error) &&
         read_charset(l, node, texts, error);
}

void
action_letter_clear(struct action_letter *l)
{
  for (guint i = 0; l->attachments && i < l->attachments->len; i++)
    g_bytes_unref(g_array_index(l->attachments, struct compose_attachment, i).octets);
  g_clear_pointer(&l->attachments, g_array_unref);
  g_clear_pointer(&l->sizes, g_array_unref);
  g_clear_pointer(&l->cc, g_array_unref);
  g_clear_pointer(&l->html, g_free);
}

void
action_letter_fill(struct action_letter *l, struct compose_letter *letter,
                   struct random_stream *random)
{
  for (guint i = 0; i < l->attachments->len; i++) { /* `size` octets look like some file */
    struct compose_attachment *a = &g_array_index(l->attachments, struct compose_attachment, i);
    if (a->octets)
      continue;
    size_t n = (size_t)g_array_index(l->sizes, int64_t, i);
    uint8_t *octets = g_malloc(n + 1);
    random_octets(random, octets, n);
    a->octets = g_bytes_new_take(octets, n);
  }
  letter->html = l->html;
  letter->charset = l->charset;
  letter->encoding = l->encoding;
  letter->attachments = (const struct compose_attachment *)(void *)l->attachments->data;
  letter->n_attachments = l->attachments->len;
  letter->cc = (const struct compose_person *)(void *)l->cc->data;
  letter->n_cc = l->cc->len;
  letter->reply_to = l->reply_to.address ? &l->reply_to : NULL;
  letter->in_reply_to = l->in_reply_to;
  letter->references = l->references;
}
