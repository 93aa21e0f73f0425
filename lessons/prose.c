/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prose.c -- a lesson's Markdown as a flat list of paragraphs and styled spans for each step.
 *
 * A text view cannot show a tree, so the tree that cmark builds is walked once: blocks become
 * paragraphs, inlines become spans that carry their style and link.
 *
 *     # Title
 *     ## Step            one struct lesson_prose each
 *     paragraph, list, quote, code block, ### heading
 *
 * Not here: what links mean and whether they lead anywhere (lesson.c). HTML and pictures are
 * refused, since the text pane and the terminal could not show them; comments may stand anywhere.
 */
#include "lessons/prose.h"

#include <cmark.h>
#include <string.h>

#include "capture/wire/lang.h"

#define PROSE_ERROR (g_quark_from_static_string("enveloscope-lesson"))

/* Lists in lists in quotes: a page that needs more depth needs rewriting. */
enum { PROSE_DEPTH_MAX = 16 };

bool
prose_fail(GError **error, const char *path, unsigned line, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, PROSE_ERROR, 0, "%s:%u: %s", path, line, message);
  return false;
}

/* ---- memory ---- */

static void
clear_span(gpointer p)
{
  struct lesson_span *s = p;
  g_free(s->text);
  g_free(s->link);
  g_free(s->value_key);
}

static void
clear_paragraph(gpointer p)
{
  struct lesson_paragraph *paragraph = p;
  g_array_unref(paragraph->spans);
}

static void
clear_step(gpointer p)
{
  struct lesson_prose *step = p;
  g_free(step->title);
  g_array_unref(step->paragraphs);
}

void
prose_clear(struct prose *p)
{
  g_clear_pointer(&p->path, g_free);
  g_clear_pointer(&p->title, g_free);
  g_clear_pointer(&p->steps, g_array_unref);
}

/* ---- inlines ---- */

/* What surrounds the inline that is being walked. */
struct inline_context {
  const char *path;
  unsigned line; /* of the block, for inlines that do not know theirs */
  unsigned style;
  const char *link, *value_key;
};

static void
add_span(GArray *spans, const struct inline_context *c, const char *text, unsigned extra_style)
{
  if (!text || !*text)
    return;
  struct lesson_span span = {
      .text = g_strdup(text),
      .style = c->style | extra_style,
      .link = g_strdup(c->link),
      .value_key = g_strdup(c->value_key),
      .line = c->line,
  };
  g_array_append_val(spans, span);
}

static bool walk_inlines(cmark_node *parent, const struct inline_context *outer, GArray *spans,
                         GError **error);

static bool
walk_link(cmark_node *node, struct inline_context c, GArray *spans, GError **error)
{
  const char *title = cmark_node_get_title(node);
  c.link = cmark_node_get_url(node);
  if (!c.link || (!g_str_has_prefix(c.link, "frame:") && !g_str_has_prefix(c.link, "field:")))
    return prose_fail(
        error, c.path, c.line,
        lang_text("the link “%s” leads out of the run; write frame:FILTER or field:KEY",
                  "ลิงก์ “%s” ชี้ออกนอกการจำลอง ให้เขียนเป็น frame:FILTER หรือ field:KEY"),
        c.link ? c.link : "");
  c.value_key = title && *title ? title : NULL;
  if (c.value_key) { /* one span, whose text the run will give */
    guint before = spans->len;
    if (!walk_inlines(node, &c, spans, error))
      return false;
    if (spans->len > before + 1)
      g_array_remove_range(spans, before + 1, spans->len - before - 1);
    return true;
  }
  return walk_inlines(node, &c, spans, error);
}

/* A link that Markdown did not take for one, most often because of a ">" between < and >, would be
 * shown as it is written. */
static bool
refuse_broken_link(const char *text, const struct inline_context *c, GError **error)
{
  if (!strstr(text, "](<") && !strstr(text, "](frame:") && !strstr(text, "](field:"))
    return true;
  return prose_fail(error, c->path, c->line,
                    lang_text("this link is not understood: between < and > no other < or > may "
                              "stand; write gt, lt, ge or le in the filter",
                              "อ่านลิงก์นี้ไม่เข้าใจ: ระหว่าง < กับ > ห้ามมี < หรือ > อีก "
                              "ให้เขียน gt, lt, ge หรือ le ในฟิลเตอร์"));
}

static bool
walk_inline(cmark_node *node, struct inline_context c, GArray *spans, GError **error)
{
  if (cmark_node_get_start_line(node) > 0)
    c.line = (unsigned)cmark_node_get_start_line(node);
  switch (cmark_node_get_type(node)) {
  case CMARK_NODE_TEXT:
    add_span(spans, &c, cmark_node_get_literal(node), 0);
    return refuse_broken_link(cmark_node_get_literal(node), &c, error);
  case CMARK_NODE_SOFTBREAK:
    add_span(spans, &c, " ", 0);
    return true;
  case CMARK_NODE_LINEBREAK:
    add_span(spans, &c, "\n", 0);
    return true;
  case CMARK_NODE_CODE:
    add_span(spans, &c, cmark_node_get_literal(node), LESSON_CODE);
    return true;
  case CMARK_NODE_EMPH:
    c.style |= LESSON_ITALIC;
    return walk_inlines(node, &c, spans, error);
  case CMARK_NODE_STRONG:
    c.style |= LESSON_BOLD;
    return walk_inlines(node, &c, spans, error);
  case CMARK_NODE_LINK:
    return walk_link(node, c, spans, error);
  case CMARK_NODE_HTML_INLINE:
    if (g_str_has_prefix(cmark_node_get_literal(node), "<!--"))
      return true;
    return prose_fail(error, c.path, c.line,
                      lang_text("HTML (%s) cannot be shown in a lesson; use Markdown, and put text "
                                "with < and > between backquotes",
                                "บทเรียนแสดง HTML (%s) ไม่ได้ ให้ใช้ Markdown "
                                "และใส่ข้อความที่มี < และ > ไว้ในเครื่องหมาย `…`"),
                      cmark_node_get_literal(node));
  default:
    return prose_fail(error, c.path, c.line,
                      lang_text("a lesson cannot show this part (%s); use plain Markdown",
                                "บทเรียนแสดงส่วนนี้ (%s) ไม่ได้ ให้ใช้ Markdown พื้นฐาน"),
                      cmark_node_get_type_string(node));
  }
}

static bool
walk_inlines(cmark_node *parent, const struct inline_context *outer, GArray *spans, GError **error)
{
  for (cmark_node *n = cmark_node_first_child(parent); n; n = cmark_node_next(n))
    if (!walk_inline(n, *outer, spans, error))
      return false;
  return true;
}

/* ---- blocks ---- */

struct block_context {
  const char *path;
  struct lesson_prose *step; /* NULL before the first "##" */
  enum lesson_block block;
  unsigned depth, item_depth, number;
};

static GArray *
new_spans(void)
{
  GArray *spans = g_array_new(false, false, sizeof(struct lesson_span));
  g_array_set_clear_func(spans, clear_span);
  return spans;
}

static bool
add_paragraph(cmark_node *node, const struct block_context *c, enum lesson_block block,
              unsigned level, GError **error)
{
  struct lesson_paragraph paragraph = {block, level, c->number, new_spans()};
  struct inline_context inlines = {c->path, (unsigned)cmark_node_get_start_line(node), 0, NULL,
                                   NULL};
  bool ok = true;
  if (block == LESSON_CODE_BLOCK)
    add_span(paragraph.spans, &inlines, cmark_node_get_literal(node), LESSON_CODE);
  else
    ok = walk_inlines(node, &inlines, paragraph.spans, error);
  g_array_append_val(c->step->paragraphs, paragraph);
  return ok;
}

static bool walk_blocks(cmark_node *parent, struct block_context c, GError **error);

static bool
walk_list(cmark_node *list, struct block_context c, GError **error)
{
  unsigned number = 0;
  if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST)
    number = (unsigned)cmark_node_get_list_start(list);
  c.block = LESSON_ITEM;
  c.item_depth++;
  for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
    c.number = number;
    if (!walk_blocks(item, c, error))
      return false;
    if (number)
      number++;
  }
  return true;
}

static bool
walk_block(cmark_node *node, struct block_context *c, GError **error)
{
  unsigned line = (unsigned)cmark_node_get_start_line(node);
  struct block_context inner = *c;
  switch (cmark_node_get_type(node)) {
  case CMARK_NODE_PARAGRAPH:
    if (!add_paragraph(node, c, c->block, c->block == LESSON_ITEM ? c->item_depth : 0, error))
      return false;
    if (c->block == LESSON_ITEM)
      c->number = UINT_MAX; /* a second paragraph of the same item has no bullet */
    return true;
  case CMARK_NODE_HEADING:
    return add_paragraph(node, c, LESSON_HEADING, (unsigned)cmark_node_get_heading_level(node),
                         error);
  case CMARK_NODE_CODE_BLOCK:
    return add_paragraph(node, c, LESSON_CODE_BLOCK, 0, error);
  case CMARK_NODE_BLOCK_QUOTE:
    inner.block = LESSON_QUOTE;
    return walk_blocks(node, inner, error);
  case CMARK_NODE_LIST:
    return walk_list(node, inner, error);
  case CMARK_NODE_THEMATIC_BREAK:
    return true;
  case CMARK_NODE_HTML_BLOCK:
    if (g_str_has_prefix(cmark_node_get_literal(node), "<!--"))
      return true;
    return prose_fail(error, c->path, line,
                      lang_text("HTML cannot be shown in a lesson; use Markdown",
                                "บทเรียนแสดง HTML ไม่ได้ ให้ใช้ Markdown"));
  default:
    return prose_fail(error, c->path, line,
                      lang_text("a lesson cannot show this part (%s); use plain Markdown",
                                "บทเรียนแสดงส่วนนี้ (%s) ไม่ได้ ให้ใช้ Markdown พื้นฐาน"),
                      cmark_node_get_type_string(node));
  }
}

static bool
walk_blocks(cmark_node *parent, struct block_context c, GError **error)
{
  if (++c.depth > PROSE_DEPTH_MAX)
    return prose_fail(error, c.path, (unsigned)cmark_node_get_start_line(parent),
                      lang_text("lists and quotes are nested more than %u deep",
                                "รายการและข้อความอ้างซ้อนกันลึกเกิน %u ชั้น"),
                      (unsigned)PROSE_DEPTH_MAX);
  for (cmark_node *n = cmark_node_first_child(parent); n; n = cmark_node_next(n))
    if (!walk_block(n, &c, error))
      return false;
  return true;
}

/* ---- the document ---- */

static char *
plain_text(cmark_node *node)
{
  GString *text = g_string_new(NULL);
  cmark_iter *it = cmark_iter_new(node);
  for (cmark_event_type e; (e = cmark_iter_next(it)) != CMARK_EVENT_DONE;) {
    cmark_node_type type = cmark_node_get_type(cmark_iter_get_node(it));
    if (e == CMARK_EVENT_ENTER && (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE))
      g_string_append(text, cmark_node_get_literal(cmark_iter_get_node(it)));
  }
  cmark_iter_free(it);
  return g_string_free(text, false);
}

static bool
begin_step(struct prose *out, cmark_node *heading, GError **error)
{
  unsigned line = (unsigned)cmark_node_get_start_line(heading);
  if (out->steps->len >= LESSON_STEPS_MAX)
    return prose_fail(error, out->path, line,
                      lang_text("a lesson has at most %u steps; make two lessons of it",
                                "บทเรียนหนึ่งมีได้ไม่เกิน %u ขั้น โปรดแบ่งเป็นสองบทเรียน"),
                      (unsigned)LESSON_STEPS_MAX);
  struct lesson_prose step = {plain_text(heading),
                              g_array_new(false, false, sizeof(struct lesson_paragraph)), line};
  g_array_set_clear_func(step.paragraphs, clear_paragraph);
  g_array_append_val(out->steps, step);
  return true;
}

static bool
walk_document(cmark_node *document, struct prose *out, GError **error)
{
  for (cmark_node *n = cmark_node_first_child(document); n; n = cmark_node_next(n)) {
    unsigned line = (unsigned)cmark_node_get_start_line(n);
    int level = cmark_node_get_heading_level(n); /* 0 for what is no heading */
    if (level == 1 && !out->title && out->steps->len == 0) {
      out->title = plain_text(n);
    } else if (level == 1) {
      return prose_fail(error, out->path, line,
                        lang_text("a lesson has one title (“# …”), at its top; a step is “## …”",
                                  "บทเรียนมีชื่อเรื่อง (“# …”) ได้หนึ่งเดียวที่ต้นไฟล์ แต่ละขั้นใช้ “## …”"));
    } else if (level == 2) {
      if (!begin_step(out, n, error))
        return false;
    } else if (out->steps->len == 0) {
      bool comment = cmark_node_get_type(n) == CMARK_NODE_HTML_BLOCK;
      if (!comment)
        return prose_fail(error, out->path, line,
                          lang_text("this text belongs to no step; put it under a “## …” heading",
                                    "ข้อความนี้ไม่อยู่ในขั้นใดเลย ให้ย้ายไปไว้ใต้หัวเรื่อง “## …”"));
    } else {
      struct block_context c = {
          out->path,
          &g_array_index(out->steps, struct lesson_prose, out->steps->len - 1),
          LESSON_PARAGRAPH,
          0,
          0,
          0};
      if (!walk_block(n, &c, error))
        return false;
    }
  }
  if (!out->title)
    return prose_fail(error, out->path, 1,
                      lang_text("the lesson has no title; begin the file with “# Title”",
                                "บทเรียนไม่มีชื่อเรื่อง ให้เริ่มไฟล์ด้วย “# ชื่อเรื่อง”"));
  if (out->steps->len == 0)
    return prose_fail(error, out->path, 1,
                      lang_text("the lesson has no steps; each “## heading” is one",
                                "บทเรียนไม่มีขั้นเลย หัวเรื่อง “## …” แต่ละอันคือหนึ่งขั้น"));
  return true;
}

/* The file's text: size, kind and encoding checked before anything is parsed. */
static char *
load_text(const char *path, gsize *n, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr(GError) local = NULL;
  if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
    prose_fail(error, path, 1,
               lang_text("this is a folder, not a Markdown file", "นี่คือโฟลเดอร์ ไม่ใช่ไฟล์ Markdown"));
    return NULL;
  }
  if (!g_file_get_contents(path, &text, n, &local)) {
    prose_fail(error, path, 1,
               lang_text("cannot be read (%s); a lesson needs lesson.en.md and lesson.th.md",
                         "อ่านไม่ได้ (%s) บทเรียนต้องมี lesson.en.md และ lesson.th.md"),
               local->message);
    return NULL;
  }
  const char *bad = NULL;
  if (*n > LESSON_FILE_OCTETS_MAX) {
    prose_fail(error, path, 1,
               lang_text("the file is larger than %u octets; a lesson is a few pages of text",
                         "ไฟล์ใหญ่เกิน %u ออกเตต บทเรียนควรยาวเพียงไม่กี่หน้า"),
               (unsigned)LESSON_FILE_OCTETS_MAX);
    return NULL;
  }
  if (!g_utf8_validate(text, (gssize)*n, &bad)) {
    unsigned line = 1;
    for (const char *p = text; p < bad; p++)
      line += *p == '\n';
    prose_fail(error, path, line,
               lang_text("the text is not UTF-8 from here on; save the file as UTF-8",
                         "ตั้งแต่จุดนี้ข้อความไม่ใช่ UTF-8 โปรดบันทึกไฟล์เป็น UTF-8"));
    return NULL;
  }
  return g_steal_pointer(&text);
}

bool
prose_load(const char *path, struct prose *out, GError **error)
{
  *out = (struct prose){.path = g_strdup(path)};
  out->steps = g_array_new(false, false, sizeof(struct lesson_prose));
  g_array_set_clear_func(out->steps, clear_step);
  gsize n = 0;
  g_autofree char *text = load_text(path, &n, error);
  if (!text)
    return false;
  cmark_node *document = cmark_parse_document(text, n, CMARK_OPT_DEFAULT);
  bool ok = walk_document(document, out, error);
  cmark_node_free(document);
  return ok;
}

char *
prose_title(const char *path)
{
  gsize n = 0;
  g_autofree char *text = load_text(path, &n, NULL);
  if (!text)
    return NULL;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line; line++)
    if (g_str_has_prefix(*line, "# "))
      return g_strstrip(g_strdup(*line + 2));
  return NULL;
}
