/* SPDX-License-Identifier: GPL-3.0-or-later */
/* baseline.c -- the findings of an earlier audit, by their fingerprints.
 *
 * The reports of report_json.c are read line by line, and of each finding only its fingerprint is
 * kept, so a baseline of any size costs little. */
#include "capture/report/baseline.h"

#include <json-glib/json-glib.h>
#include <openssl/sha.h>
#include <string.h>

#include "capture/wire/lang.h"

/* A line of a finding has some thousand octets; a hostile file shall not fill the memory. */
enum { LINE_MAX_OCTETS = 1 << 20 };

struct baseline {
  GHashTable *known; /* fingerprint -> itself */
};

static void
add_text(GString *to, const void *text, gsize n)
{
  g_string_append_len(to, text, (gssize)n);
  g_string_append_c(to, 0);
}

void
finding_fingerprint(const struct findings *all, const struct finding *f, char out[FINGERPRINT_TEXT])
{
  g_autoptr(GString) sum = g_string_sized_new(256);
  uint8_t digest[SHA256_DIGEST_LENGTH];
  char server[ENDPOINT_TEXT_MAX];
  const char *subject = f->subject ? f->subject : "";
  endpoint_format(&f->where.server, f->where.server_port, server);
  add_text(sum, f->rule->id, strlen(f->rule->id));
  add_text(sum, server, strlen(server));
  add_text(sum, subject, strlen(subject));
  if (f->login != UINT32_MAX) {
    const struct login_record *l = findings_get_login(all, f->login);
    gsize n;
    const void *user = g_bytes_get_data(l->user, &n);
    add_text(sum, l->mechanism, strlen(l->mechanism));
    add_text(sum, user ? user : "", n);
  }
  SHA256((const uint8_t *)sum->str, sum->len, digest);
  for (int i = 0; i < (FINGERPRINT_TEXT - 1) / 2; i++)
    g_snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* Takes one line; *ended becomes true for the summary. */
static void
read_line(struct baseline *b, const char *line, bool *ended)
{
  g_autoptr(JsonParser) parser = json_parser_new();
  if (!json_parser_load_from_data(parser, line, -1, NULL))
    return;
  JsonNode *root = json_parser_get_root(parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT(root))
    return;
  JsonObject *o = json_node_get_object(root);
  const char *type = json_object_get_string_member_with_default(o, "type", "");
  if (strcmp(type, "summary") == 0)
    *ended = true;
  const char *print = json_object_get_string_member_with_default(o, "fingerprint", "");
  if (strcmp(type, "finding") == 0 && strlen(print) == FINGERPRINT_TEXT - 1)
    g_hash_table_add(b->known, g_strdup(print));
}

struct baseline *
baseline_new(const char *path, GError **error)
{
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileInputStream) in = g_file_read(file, NULL, error);
  if (!in)
    return NULL;
  g_autoptr(GDataInputStream) lines = g_data_input_stream_new(G_INPUT_STREAM(in));
  g_data_input_stream_set_newline_type(lines, G_DATA_STREAM_NEWLINE_TYPE_LF);
  struct baseline *b = g_new0(struct baseline, 1);
  b->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  bool ended = false;
  g_autoptr(GError) trouble = NULL;
  for (;;) {
    gsize n = 0;
    g_autofree char *line = g_data_input_stream_read_line(lines, &n, NULL, &trouble);
    if (!line)
      break;
    if (n <= LINE_MAX_OCTETS)
      read_line(b, line, &ended);
  }
  if (trouble || !ended) {
    g_autofree char *name = g_filename_display_name(path);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                lang_text("%s is no complete report of an audit in JSON Lines. Make one with "
                          "--format json -o FILE",
                          "%s ไม่ใช่รายงานการตรวจสอบแบบ JSON Lines ที่สมบูรณ์ "
                          "สร้างได้ด้วย --format json -o FILE"),
                name);
    baseline_free(b);
    return NULL;
  }
  return b;
}

void
baseline_free(struct baseline *b)
{
  if (!b)
    return;
  g_hash_table_unref(b->known);
  g_free(b);
}

bool
baseline_knows(const struct baseline *b, const struct findings *all, const struct finding *f)
{
  char print[FINGERPRINT_TEXT];
  if (!b)
    return false;
  finding_fingerprint(all, f, print);
  return g_hash_table_contains(b->known, print);
}
