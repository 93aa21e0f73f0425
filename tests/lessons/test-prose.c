/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-prose.c -- Markdown becomes steps, paragraphs and spans, and what cannot be shown is refused
 * with file, line and remedy. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "lessons/prose.h"

static char *folder;

/* Writes `text` and reads it as prose. */
static bool
load(const char *text, struct prose *out, GError **error)
{
  g_autofree char *path = g_build_filename(folder, "lesson.en.md", NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  return prose_load(path, out, error);
}

static const struct lesson_prose *
step_of(const struct prose *p, guint i)
{
  return &g_array_index(p->steps, struct lesson_prose, i);
}

static const struct lesson_paragraph *
paragraph_of(const struct lesson_prose *step, guint i)
{
  g_assert_cmpuint(i, <, step->paragraphs->len);
  return &g_array_index(step->paragraphs, struct lesson_paragraph, i);
}

static const struct lesson_span *
span_of(const struct lesson_paragraph *paragraph, guint i)
{
  g_assert_cmpuint(i, <, paragraph->spans->len);
  return &g_array_index(paragraph->spans, struct lesson_span, i);
}

static void
test_headings_make_steps(void)
{
  struct prose p;
  g_assert_true(
      load("<!-- comment -->\n# Title\n\n## One\n\na\n\n### deeper\n\n## ขั้นสอง\n\nb\n", &p, NULL));
  g_assert_cmpstr(p.title, ==, "Title");
  g_assert_cmpuint(p.steps->len, ==, 2);
  g_assert_cmpstr(step_of(&p, 0)->title, ==, "One");
  g_assert_cmpuint(step_of(&p, 0)->line, ==, 4);
  g_assert_cmpuint(step_of(&p, 0)->paragraphs->len, ==, 2);
  g_assert_cmpuint(paragraph_of(step_of(&p, 0), 1)->block, ==, LESSON_HEADING);
  g_assert_cmpuint(paragraph_of(step_of(&p, 0), 1)->level, ==, 3);
  g_assert_cmpstr(step_of(&p, 1)->title, ==, "ขั้นสอง");
  prose_clear(&p);
}

static void
test_styles_and_links(void)
{
  struct prose p;
  g_assert_true(load("# T\n## S\nplain **bold *both*** `code`\n"
                     "[the SYN](<frame:tcp.flags.syn == 1#2>) [n](<frame:tcp> \"tcp.srcport\") "
                     "[ttl](field:ip.ttl)\n",
                     &p, NULL));
  const struct lesson_paragraph *a = paragraph_of(step_of(&p, 0), 0);
  static const struct {
    const char *text;
    unsigned style;
    const char *link, *key;
  } wanted[] = {
      {"plain ", 0, NULL, NULL},
      {"bold ", LESSON_BOLD, NULL, NULL},
      {"both", LESSON_BOLD | LESSON_ITALIC, NULL, NULL},
      {" ", 0, NULL, NULL},
      {"code", LESSON_CODE, NULL, NULL},
      {" ", 0, NULL, NULL}, /* the line end */
      {"the SYN", 0, "frame:tcp.flags.syn == 1#2", NULL},
      {" ", 0, NULL, NULL},
      {"n", 0, "frame:tcp", "tcp.srcport"},
      {" ", 0, NULL, NULL},
      {"ttl", 0, "field:ip.ttl", NULL},
  };
  g_assert_cmpuint(a->spans->len, ==, G_N_ELEMENTS(wanted));
  for (guint i = 0; i < a->spans->len; i++) {
    g_assert_cmpstr(span_of(a, i)->text, ==, wanted[i].text);
    g_assert_cmpuint(span_of(a, i)->style, ==, wanted[i].style);
    g_assert_cmpstr(span_of(a, i)->link, ==, wanted[i].link);
    g_assert_cmpstr(span_of(a, i)->value_key, ==, wanted[i].key);
  }
  prose_clear(&p);
}

static void
test_lists_quotes_and_code(void)
{
  struct prose p;
  g_assert_true(load("# T\n## S\n3. three\n\n   more\n4. four\n   - inner\n\n> said\n\n    a < b\n",
                     &p, NULL));
  const struct lesson_prose *s = step_of(&p, 0);
  static const struct {
    enum lesson_block block;
    unsigned level, number;
    const char *text;
  } wanted[] = {
      {LESSON_ITEM, 1, 3, "three"}, {LESSON_ITEM, 1, UINT_MAX, "more"},
      {LESSON_ITEM, 1, 4, "four"},  {LESSON_ITEM, 2, 0, "inner"},
      {LESSON_QUOTE, 0, 0, "said"}, {LESSON_CODE_BLOCK, 0, 0, "a < b\n"},
  };
  g_assert_cmpuint(s->paragraphs->len, ==, G_N_ELEMENTS(wanted));
  for (guint i = 0; i < s->paragraphs->len; i++) {
    const struct lesson_paragraph *q = paragraph_of(s, i);
    g_assert_cmpuint(q->block, ==, wanted[i].block);
    g_assert_cmpuint(q->level, ==, wanted[i].level);
    g_assert_cmpuint(q->number, ==, wanted[i].number);
    g_assert_cmpstr(span_of(q, 0)->text, ==, wanted[i].text);
  }
  prose_clear(&p);
}

static void
test_what_cannot_be_shown_is_refused_with_its_line(void)
{
  static const struct {
    const char *text, *says;
  } wrong[] = {
      {"", ":1: the lesson has no title"},
      {"# T\n", ":1: the lesson has no steps"},
      {"# T\n\nlost text\n## S\n", ":3: this text belongs to no step"},
      {"# T\n## S\n\n# T2\n", ":4: a lesson has one title"},
      {"# T\n## S\n\n<b>bold</b>\n", ":4: HTML"},
      {"# T\n## S\n\n<div>\n</div>\n", ":4: HTML"},
      {"# T\n## S\na\n![picture](x.png)\n", ":4: a lesson cannot show this part (image)"},
      {"# T\n## S\n\n[out](https://example.org)\n", ":4: the link “https://example.org” leads out"},
      {"# T\n## S\n\n[x](<frame:tcp.len > 1>)\n", ":4: this link is not understood"},
      {"# T\n## S\nok\n\xff\n", ":4: the text is not UTF-8"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    struct prose p;
    g_autoptr(GError) error = NULL;
    g_assert_false(load(wrong[i].text, &p, &error));
    g_assert_nonnull(error);
    if (!strstr(error->message, wrong[i].says))
      g_error("case %zu says “%s” and not “%s”", i, error->message, wrong[i].says);
    prose_clear(&p);
  }
}

static void
test_folder_missing_file_and_size(void)
{
  struct prose p;
  g_autoptr(GError) error = NULL;
  g_assert_false(prose_load(folder, &p, &error));
  g_assert_nonnull(strstr(error->message, "folder"));
  prose_clear(&p);
  g_clear_error(&error);
  g_autofree char *missing = g_build_filename(folder, "missing.md", NULL);
  g_assert_false(prose_load(missing, &p, &error));
  g_assert_nonnull(strstr(error->message, "lesson.en.md and lesson.th.md"));
  prose_clear(&p);
  g_clear_error(&error);
  GString *large = g_string_new("# T\n## S\n");
  while (large->len <= LESSON_FILE_OCTETS_MAX)
    g_string_append(large, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n");
  g_assert_false(load(large->str, &p, &error));
  g_assert_nonnull(strstr(error->message, "larger than"));
  prose_clear(&p);
  g_string_free(large, true);
}

static void
test_depth_has_a_limit(void)
{
  GString *deep = g_string_new("# T\n## S\n");
  for (int i = 0; i < 40; i++)
    g_string_append(deep, "> ");
  g_string_append(deep, "x\n");
  struct prose p;
  g_autoptr(GError) error = NULL;
  g_assert_false(load(deep->str, &p, &error));
  g_assert_nonnull(strstr(error->message, "nested"));
  prose_clear(&p);
  g_string_free(deep, true);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("enveloscope-prose-XXXXXX", NULL);
  g_assert_nonnull(folder);
  g_test_add_func("/prose/headings-make-steps", test_headings_make_steps);
  g_test_add_func("/prose/styles-and-links", test_styles_and_links);
  g_test_add_func("/prose/lists-quotes-and-code", test_lists_quotes_and_code);
  g_test_add_func("/prose/what-cannot-be-shown-is-refused-with-its-line",
                  test_what_cannot_be_shown_is_refused_with_its_line);
  g_test_add_func("/prose/folder-missing-file-and-size", test_folder_missing_file_and_size);
  g_test_add_func("/prose/depth-has-a-limit", test_depth_has_a_limit);
  int code = g_test_run();
  g_autofree char *path = g_build_filename(folder, "lesson.en.md", NULL);
  g_unlink(path);
  g_rmdir(folder);
  g_free(folder);
  return code;
}
