/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-mime.c -- ranges, ENVELOPE and BODYSTRUCTURE of messages, and the composing of messages.
 *
 * Expected values are derived by hand from RFC 3501 7.4.2 and the message text; sizes count CRLF.
 */
#include <string.h>

#include "sim/mail/compose.h"
#include "sim/mail/mime.h"
#include "sim/mail/objects.h"
#include "tests/endpoints/script.h"

static const char *folder;

static GBytes *
octets_of(const char *text)
{
  return g_bytes_new(text, strlen(text));
}

static void
test_envelope(void)
{
  g_autoptr(GBytes) octets = script_message(folder, "thai.eml");
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  g_autoptr(GString) out = g_string_new(NULL);
  mime_envelope(out, p, 0, n);
  g_assert_cmpstr(
      out->str, ==,
      "(\"Thu, 01 Jan 2026 00:00:00 +0000\" \"=?utf-8?b?4Liq4Lin4Lix4Liq4LiU4Li1?=\" "
      "((\"=?utf-8?b?4Lit4Lil4Li04LiL?=\" NIL \"alice\" \"alice.test\")) "
      "((\"Office, Front\" NIL \"office\" \"alice.test\")) "
      "((\"=?utf-8?b?4Lit4Lil4Li04LiL?=\" NIL \"alice\" \"alice.test\")) "
      "((\"Bob\" NIL \"bob\" \"bob.test\")(NIL NIL \"carol\" \"bob.test\")) "
      "((NIL NIL \"Friends\" NIL)(NIL NIL \"dave\" \"x.test\")(\"E. F.\" NIL \"ef\" \"y.test\")"
      "(NIL NIL NIL NIL)) NIL \"<m0@bob.test>\" \"<m1@alice.test>\")");
}

static void
test_bodystructure(void)
{
  g_autoptr(GBytes) octets = script_message(folder, "thai.eml");
  struct mime_part *root = mime_parse(octets);
  g_autoptr(GString) out = g_string_new(NULL);
  mime_structure(out, g_bytes_get_data(octets, NULL), root, true);
  /* inner message: "Subject: inner" 16, "From: x@y.test" 16, empty 2, "inner body" 10 = 44 octets,
   * 3 line ends */
  g_assert_cmpstr(
      out->str, ==,
      "((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"base64\" 24 0 NIL NIL NIL NIL)"
      "(\"message\" \"rfc822\" NIL NIL \"forwarded\" \"7bit\" 44 "
      "(NIL \"inner\" ((NIL NIL \"x\" \"y.test\")) ((NIL NIL \"x\" \"y.test\")) "
      "((NIL NIL \"x\" \"y.test\")) NIL NIL NIL NIL NIL) "
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 10 0 NIL NIL NIL NIL) 3 "
      "NIL NIL NIL NIL)"
      "(\"application\" \"octet-stream\" (\"name\" \"plan.bin\") \"<c1>\" NIL \"base64\" 4 "
      "NIL (\"attachment\" (\"filename\" \"plan.bin\")) NIL NIL) "
      "\"mixed\" (\"boundary\" \"b1\") NIL NIL NIL)");
  g_string_truncate(out, 0);
  mime_structure(out, g_bytes_get_data(octets, NULL), root->children->pdata[2], false);
  g_assert_cmpstr(out->str, ==,
                  "(\"application\" \"octet-stream\" (\"name\" \"plan.bin\") \"<c1>\" NIL "
                  "\"base64\" 4)");
  mime_free(root);
}

static void
check_part(const struct mime_part *root, GBytes *octets, const unsigned *numbers, unsigned n,
           const char *body)
{
  const struct mime_part *part = mime_find(root, numbers, n);
  if (!body) {
    g_assert_null(part);
    return;
  }
  g_assert_nonnull(part);
  const char *p = g_bytes_get_data(octets, NULL);
  g_autofree char *got = g_strndup(p + part->body_at, part->end - part->body_at);
  g_assert_cmpstr(got, ==, body);
}

static void
test_part_numbers(void)
{
  g_autoptr(GBytes) octets = script_message(folder, "thai.eml");
  struct mime_part *root = mime_parse(octets);
  check_part(root, octets, (unsigned[]){1}, 1, "4Liq4Lin4Lix4Liq4LiU4Li1");
  check_part(root, octets, (unsigned[]){2, 1}, 2, "inner body");
  check_part(root, octets, (unsigned[]){3}, 1, "AAEC");
  check_part(root, octets, (unsigned[]){4}, 1, NULL);
  check_part(root, octets, (unsigned[]){1, 1}, 2, NULL);
  check_part(root, octets, (unsigned[]){2, 2}, 2, NULL);
  mime_free(root);
  g_autoptr(GBytes) plain = octets_of("Subject: x\r\n\r\nbody\r\n");
  root = mime_parse(plain);
  check_part(root, plain, (unsigned[]){1}, 1, "body\r\n");
  check_part(root, plain, (unsigned[]){2}, 1, NULL);
  mime_free(root);
}

/* GMime's own parser finds the same leaves at the same places. */
static void
compare_leaves(GMimeObject *object, const struct mime_part *part)
{
  if (GMIME_IS_MULTIPART(object)) {
    g_assert_cmpint(g_mime_multipart_get_count(GMIME_MULTIPART(object)), ==, part->children->len);
    for (guint i = 0; i < part->children->len; i++)
      compare_leaves(g_mime_multipart_get_part(GMIME_MULTIPART(object), (int)i),
                     part->children->pdata[i]);
  } else if (GMIME_IS_MESSAGE_PART(object)) {
    GMimeMessage *inside = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    compare_leaves(g_mime_message_get_mime_part(inside), part->children->pdata[0]);
  } else {
    GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(object));
    GMimeStream *stream = g_mime_data_wrapper_get_stream(content);
    g_assert_cmpint(stream->bound_start, ==, (gint64)part->body_at);
    if (stream->bound_end >= 0)
      g_assert_cmpint(stream->bound_end, ==, (gint64)part->end);
  }
}

static void
test_gmime_agrees(void)
{
  mime_init();
  g_autoptr(GBytes) octets = script_message(folder, "thai.eml");
  gsize n;
  const char *p = g_bytes_get_data(octets, &n);
  g_autoptr(GMimeStream) stream = g_mime_stream_mem_new_with_buffer(p, n);
  g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
  g_autoptr(GMimeMessage) message = g_mime_parser_construct_message(parser, NULL);
  struct mime_part *root = mime_parse(octets);
  compare_leaves(g_mime_message_get_mime_part(message), root);
  mime_free(root);
}

/* No structure is lost or read outside when a message ends anywhere. */
static void
test_every_cut(void)
{
  g_autoptr(GBytes) octets = script_message(folder, "thai.eml");
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  for (gsize i = 0; i <= n; i++) {
    g_autofree uint8_t *copy = g_memdup2(p, i); /* so that a sanitizer sees the end */
    g_autoptr(GBytes) cut = g_bytes_new(copy, i);
    struct mime_part *root = mime_parse(cut);
    g_autoptr(GString) out = g_string_new(NULL);
    mime_envelope(out, g_bytes_get_data(cut, NULL), 0, root->body_at);
    mime_structure(out, g_bytes_get_data(cut, NULL), root, true);
    g_assert_cmpuint(root->end, ==, i);
    g_assert_cmpuint(root->body_at, <=, i);
    mime_free(root);
  }
}

static void
test_depth_is_limited(void)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (int i = 0; i < 1000; i++)
    g_string_append(text, "Content-Type: message/rfc822\r\n\r\n");
  g_autoptr(GBytes) octets = g_bytes_new(text->str, text->len);
  struct mime_part *root = mime_parse(octets);
  unsigned depth = 0;
  for (const struct mime_part *part = root; part->children->len > 0;
       part = part->children->pdata[0])
    depth++;
  g_assert_cmpuint(depth, ==, MIME_DEPTH_MAX);
  mime_free(root);
}

/* ---- compose ---- */

static GBytes *
compose(uint64_t seed)
{
  struct random_stream random = {.key = {seed, 2}};
  struct compose_person to[] = {{"Bob", "bob@bob.test"}, {NULL, "carol@bob.test"}};
  g_autoptr(GBytes) attachment = octets_of("day 1\n");
  struct compose_attachment plan = {"plan.txt", "text/plain", NULL, attachment};
  struct compose_letter letter = {.from = {"อลิซ", "alice@alice.test"},
                                  .to = to,
                                  .n_to = 2,
                                  .subject = "แผนเที่ยวเชียงใหม่กับเพื่อนในวันหยุดยาวเดือนหน้า",
                                  .text = "สวัสดี\n.dot\n",
                                  .attachments = &plan,
                                  .n_attachments = 1};
  return compose_message(&letter, INT64_C(3600000000000), &random);
}

static void
test_compose_is_deterministic(void)
{
  g_autoptr(GBytes) a = compose(1), b = compose(1), c = compose(2);
  g_assert_true(g_bytes_equal(a, b));
  g_assert_false(g_bytes_equal(a, c));
}

/* Read back by GMime's parser: what was written is what was meant. */
static void
test_compose_says_what_was_meant(void)
{
  g_autoptr(GBytes) octets = compose(1);
  gsize n;
  const char *p = g_bytes_get_data(octets, &n);
  for (gsize i = 0; i < n; i++) {
    g_assert_cmpint((unsigned char)p[i], <, 0x80);
    g_assert_true((p[i] != '\n' || (i > 0 && p[i - 1] == '\r')) &&
                  (p[i] != '\r' || (i + 1 < n && p[i + 1] == '\n')));
  }
  g_autoptr(GMimeStream) stream = g_mime_stream_mem_new_with_buffer(p, n);
  g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
  g_autoptr(GMimeMessage) message = g_mime_parser_construct_message(parser, NULL);
  g_assert_cmpstr(g_mime_message_get_subject(message), ==, "แผนเที่ยวเชียงใหม่กับเพื่อนในวันหยุดยาวเดือนหน้า");
  g_autoptr(GDateTime) date = g_date_time_ref(g_mime_message_get_date(message));
  g_assert_cmpint(g_date_time_to_unix(date), ==, 1767225600 + 3600);
  GMimeMultipart *mixed = GMIME_MULTIPART(g_mime_message_get_mime_part(message));
  g_assert_cmpint(g_mime_multipart_get_count(mixed), ==, 2);
  g_autofree char *text =
      g_mime_text_part_get_text(GMIME_TEXT_PART(g_mime_multipart_get_part(mixed, 0)));
  g_assert_cmpstr(text, ==, "สวัสดี\r\n.dot\r\n");
  GMimePart *plan = GMIME_PART(g_mime_multipart_get_part(mixed, 1));
  g_assert_cmpstr(g_mime_part_get_filename(plan), ==, "plan.txt");
  g_autofree char *subject = mime_subject(octets);
  g_assert_cmpstr(subject, ==, "แผนเที่ยวเชียงใหม่กับเพื่อนในวันหยุดยาวเดือนหน้า");
}

/* Everything at once; what the structure must be is written down by hand. */
static GBytes *
compose_all(enum compose_encoding encoding, const char *charset)
{
  struct random_stream random = {.key = {3, 2}};
  struct compose_person to = {"บ๊อบ", "bob@bob.test"}, cc = {NULL, "carol@bob.test"};
  g_autoptr(GBytes) octets = octets_of("day 1\n");
  struct compose_attachment attachments[] = {{"แผน เที่ยว.txt", "text/plain", NULL, octets},
                                             {"logo.png", "image/png", "logo", octets},
                                             {"b.bin", NULL, NULL, octets}};
  struct compose_letter letter = {.from = {"อลิซ", "alice@alice.test"},
                                  .to = &to,
                                  .n_to = 1,
                                  .cc = &cc,
                                  .n_cc = 1,
                                  .reply_to = &cc,
                                  .in_reply_to = "m2@bob.test",
                                  .references = "<m1@bob.test>",
                                  .subject = "ตอบ: แผน",
                                  .text = "สวัสดี = ok\nFrom here\n",
                                  .html = "<p>สวัสดี <img src=\"cid:logo\"></p>\n",
                                  .charset = charset,
                                  .encoding = encoding,
                                  .attachments = attachments,
                                  .n_attachments = 3};
  return compose_message(&letter, 0, &random);
}

static const char *
shape(GString *out, const struct mime_part *part)
{
  g_string_append_printf(out, "%s/%s", part->type, part->subtype);
  for (guint i = 0; i < part->children->len; i++) {
    g_string_append_c(out, i == 0 ? '(' : ' ');
    shape(out, part->children->pdata[i]);
  }
  if (part->children->len > 0)
    g_string_append_c(out, ')');
  return out->str;
}

static void
test_compose_all(void)
{
  static const char *const charsets[] = {NULL, "tis-620"};
  for (unsigned i = 0; i < 6; i++) {
    g_autoptr(GBytes) octets = compose_all((enum compose_encoding)(i % 3), charsets[i / 3]);
    gsize n;
    const uint8_t *p = g_bytes_get_data(octets, &n);
    struct mime_part *root = mime_parse(octets);
    g_autoptr(GString) text = g_string_new(NULL);
    g_assert_cmpstr(shape(text, root), ==,
                    "multipart/mixed(multipart/alternative(text/plain multipart/related(text/html "
                    "image/png)) text/plain application/octet-stream)");
    const struct mime_part *plain = mime_find(root, (unsigned[]){1, 1}, 2);
    g_autofree char *said = mime_part_text(p, plain);
    g_assert_cmpstr(said, ==, "สวัสดี = ok\r\nFrom here\r\n");
    const struct mime_part *html = mime_find(root, (unsigned[]){1, 2, 1}, 3);
    g_autofree char *shown = mime_part_text(p, html);
    g_assert_cmpstr(shown, ==, "<p>สวัสดี <img src=\"cid:logo\"></p>\r\n");
    g_autofree char *subject = mime_subject(octets);
    g_assert_cmpstr(subject, ==, "ตอบ: แผน");
    g_autofree char *to = mime_addresses(p, 0, n, "To");
    g_assert_cmpstr(to, ==, "บ๊อบ <bob@bob.test>, ");
    g_autofree char *references = mime_header_text(p, 0, n, "References");
    g_assert_cmpstr(references, ==, "<m1@bob.test> <m2@bob.test>");
    g_autoptr(GString) structure = g_string_new(NULL);
    mime_structure(structure, p, mime_find(root, (unsigned[]){2}, 1), true);
    g_assert_nonnull(strstr(structure->str,
                            "(\"attachment\" (\"filename*\" \"UTF-8''%E0%B9%81%E0%B8%9C"
                            "%E0%B8%99%20%E0%B9%80%E0%B8%97%E0%B8%B5%E0%B9%88%E0%B8%A2"
                            "%E0%B8%A7.txt\"))"));
    for (gsize j = 0; j < n; j++)
      g_assert_true(i % 3 == COMPOSE_8BIT || p[j] < 0x80);
    mime_free(root);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_getenv("ENDPOINTS_FOLDER");
  g_assert_nonnull(folder);
  g_test_add_func("/mime/envelope-of-a-thai-message", test_envelope);
  g_test_add_func("/mime/bodystructure-of-a-thai-message", test_bodystructure);
  g_test_add_func("/mime/part-numbers", test_part_numbers);
  g_test_add_func("/mime/leaves-lie-where-gmime-finds-them", test_gmime_agrees);
  g_test_add_func("/mime/every-cut-is-read", test_every_cut);
  g_test_add_func("/mime/depth-is-limited", test_depth_is_limited);
  g_test_add_func("/compose/same-seed-same-octets", test_compose_is_deterministic);
  g_test_add_func("/compose/reads-back-as-meant", test_compose_says_what_was_meant);
  g_test_add_func("/compose/two-forms-inline-and-attachments", test_compose_all);
  return g_test_run();
}
