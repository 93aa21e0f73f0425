/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resolve.c -- what a lesson's filters and keys mean in one run.
 *
 * Every filter is run once over the trace and its frames remembered, since prose names the same
 * frame often. Values are put into the prose, right answers are read from the frames, and the
 * frames of predictions are found, so that nothing that a lesson says can differ from the wire.
 *
 *     filter ──frames_of()──> frame ──value_of(key)──> text of a span, right choice of a question
 *
 * A prediction is worth nothing when its answer was already on the screen: a step must not point at
 * or behind a frame that one of its own or a later step's questions asks about. */
#include <string.h>

#include "capture/decode/decode.h"
#include "capture/filter/filter.h"
#include "lessons/lesson_private.h"

struct resolver {
  struct lesson *lesson;
  const struct trace *trace;
  struct decode *decode;
  GHashTable *frames;  /* filter text -> GArray of uint32_t */
  GPtrArray *problems; /* char* */
};

static void
complain(struct resolver *r, const char *path, unsigned line, const char *message)
{
  g_ptr_array_add(r->problems, g_strdup_printf("%s:%u: %s", path, line, message));
}

/* ---- links ---- */

/* "FILTER#2" -> filter and occurrence. */
static char *
split_occurrence(const char *text, unsigned *nth)
{
  const char *hash = strrchr(text, '#');
  *nth = 1;
  if (!hash || !hash[1] || strspn(hash + 1, "0123456789") != strlen(hash + 1))
    return g_strdup(text);
  *nth = (unsigned)MAX(g_ascii_strtoull(hash + 1, NULL, 10), 1);
  return g_strndup(text, (gsize)(hash - text));
}

const char *
lesson_link_field(const char *link)
{
  return link && g_str_has_prefix(link, "field:") ? link + strlen("field:") : NULL;
}

static uint32_t
nth_match(const struct trace *t, const struct filter *filter, unsigned nth)
{
  struct decode *d = decode_new(t);
  uint32_t found = TRACE_NONE;
  for (uint32_t i = 0; i < trace_n_frames(t) && found == TRACE_NONE; i++)
    if (filter_match_frame(filter, d, i) && --nth == 0)
      found = i;
  decode_free(d);
  return found;
}

uint32_t
lesson_link_frame(const struct trace *t, const char *link)
{
  if (!link || !g_str_has_prefix(link, "frame:"))
    return TRACE_NONE;
  unsigned nth = 1;
  g_autofree char *text = split_occurrence(link + strlen("frame:"), &nth);
  struct filter_error error = {0};
  struct filter *filter = filter_compile(text, &error);
  if (!filter) {
    filter_error_clear(&error);
    return TRACE_NONE;
  }
  uint32_t frame = nth_match(t, filter, nth);
  filter_free(filter);
  return frame;
}

/* ---- frames and values ---- */

/* All frames that fit, ascending; NULL after a complaint when the text is no filter. */
static const GArray *
frames_of(struct resolver *r, const char *text, const char *path, unsigned line)
{
  GArray *known = g_hash_table_lookup(r->frames, text);
  if (known)
    return known;
  struct filter_error error = {0};
  struct filter *filter = filter_compile(text, &error);
  if (!filter) {
    g_autofree char *message =
        g_strdup_printf(lang_text("the filter “%1$s” is wrong at octet %2$u: %3$s",
                                  "ฟิลเตอร์ “%1$s” ผิดที่ออกเตต %2$u: %3$s"),
                        text, error.at, error.message);
    complain(r, path, line, message);
    filter_error_clear(&error);
    return NULL;
  }
  GArray *found = g_array_new(false, false, sizeof(uint32_t));
  for (uint32_t i = 0; i < trace_n_frames(r->trace); i++)
    if (filter_match_frame(filter, r->decode, i))
      g_array_append_val(found, i);
  filter_free(filter);
  g_hash_table_insert(r->frames, g_strdup(text), found);
  return found;
}

static uint32_t
frame_of(struct resolver *r, const char *text, unsigned nth, const char *path, unsigned line)
{
  const GArray *frames = frames_of(r, text, path, line);
  if (!frames)
    return TRACE_NONE;
  if (nth <= frames->len)
    return g_array_index(frames, uint32_t, nth - 1);
  g_autofree char *message = g_strdup_printf(
      lang_text(
          "%1$u frames of the run fit “%2$s”, so there is no number %3$u; try the filter with "
          "enveloscope-capture decode -Y",
          "ในการจำลองมีเฟรมที่ตรงกับ “%2$s” จำนวน %1$u เฟรม จึงไม่มีเฟรมที่ %3$u "
          "โปรดลองฟิลเตอร์นี้ด้วย enveloscope-capture decode -Y"),
      frames->len, text, nth);
  complain(r, path, line, message);
  return TRACE_NONE;
}

static bool
known_key(struct resolver *r, const char *key, const char *path, unsigned line)
{
  if (field_def_find(key))
    return true;
  g_autofree char *message =
      g_strdup_printf(lang_text("there is no field “%s”; enveloscope-capture fields lists them",
                                "ไม่มีฟิลด์ “%s” ดูรายชื่อได้ด้วย enveloscope-capture fields"),
                      key);
  complain(r, path, line, message);
  return false;
}

/* The field's value in that frame as tshark prints it; NULL after a complaint. */
static char *
value_of(struct resolver *r, uint32_t frame, const char *key, const char *path, unsigned line)
{
  if (frame == TRACE_NONE || !known_key(r, key, path, line))
    return NULL;
  decode_frame(r->decode, frame);
  const struct field *f = decode_find(r->decode, key, 0);
  if (f)
    return g_strdup(decode_value(r->decode, f));
  g_autofree char *message = g_strdup_printf(
      lang_text("frame %1$u has no field “%2$s”", "เฟรม %1$u ไม่มีฟิลด์ “%2$s”"), frame + 1, key);
  complain(r, path, line, message);
  return NULL;
}

/* ---- prose ---- */

/* Returns the last frame that a span points at, or TRACE_NONE. */
static uint32_t
resolve_span(struct resolver *r, struct lesson_span *s, const char *path)
{
  s->frame = TRACE_NONE;
  const char *key = lesson_link_field(s->link);
  if (key) {
    known_key(r, key, path, s->line);
    return TRACE_NONE;
  }
  unsigned nth = 1;
  g_autofree char *text = split_occurrence(s->link + strlen("frame:"), &nth);
  uint32_t frame = frame_of(r, text, nth, path, s->line);
  s->frame = frame;
  if (s->value_key) {
    char *value = value_of(r, frame, s->value_key, path, s->line);
    if (value) {
      g_free(s->text);
      s->text = value;
    }
  }
  return frame;
}

static uint32_t
later(uint32_t a, uint32_t b)
{
  return a == TRACE_NONE ? b : b == TRACE_NONE ? a : MAX(a, b);
}

static uint32_t
resolve_prose(struct resolver *r, const struct lesson_prose *prose, const char *path)
{
  uint32_t last = TRACE_NONE;
  for (guint p = 0; p < prose->paragraphs->len; p++) {
    GArray *spans = g_array_index(prose->paragraphs, struct lesson_paragraph, p).spans;
    for (guint i = 0; i < spans->len; i++) {
      struct lesson_span *s = &g_array_index(spans, struct lesson_span, i);
      if (s->link)
        last = later(last, resolve_span(r, s, path));
    }
  }
  return last;
}

/* ---- questions ---- */

static void
resolve_answer(struct resolver *r, struct lesson_question *q, uint32_t frame, const char *path)
{
  g_autofree char *value = value_of(r, frame, q->value_key, path, q->line);
  if (!value)
    return;
  unsigned n_right = 0;
  for (unsigned i = 0; i < q->n_choices; i++)
    if (strcmp(q->choices[i].is, value) == 0) {
      q->answer = i;
      n_right++;
    }
  if (n_right == 1)
    return;
  g_autofree char *message = g_strdup_printf(
      lang_text("in frame %1$u the value of “%2$s” is “%3$s”, which is the `is` of %4$u choices "
                "instead of one",
                "ในเฟรม %1$u ค่าของ “%2$s” คือ “%3$s” ซึ่งตรงกับ `is` ของ %4$u ตัวเลือก "
                "แทนที่จะเป็นตัวเลือกเดียว"),
      frame + 1, q->value_key, value, n_right);
  complain(r, path, q->line, message);
}

static void
resolve_question(struct resolver *r, struct lesson_question *q, const char *path)
{
  if (!q->asked)
    return;
  uint32_t frame = frame_of(r, q->asked, q->asked_nth, path, q->line);
  if (q->kind == LESSON_PREDICT)
    q->before_frame = frame;
  if (q->value_key)
    resolve_answer(r, q, frame, path);
}

/* The first frame that this step or a later one still wants to ask about. */
static void
check_spoilers(struct resolver *r, const uint32_t *last_shown)
{
  uint32_t asked = TRACE_NONE;
  for (unsigned i = r->lesson->n_steps; i-- > 0;) {
    const struct lesson_step *step = &r->lesson->steps[i];
    for (unsigned k = 0; k < step->n_questions; k++)
      if (step->questions[k].kind == LESSON_PREDICT)
        asked = MIN(asked, step->questions[k].before_frame);
    if (asked == TRACE_NONE || last_shown[i] == TRACE_NONE || last_shown[i] < asked)
      continue;
    g_autofree char *message = g_strdup_printf(
        lang_text(
            "step “%1$s” shows frame %2$u, but a question that comes with it or later asks to "
            "predict frame %3$u",
            "ขั้น “%1$s” แสดงเฟรม %2$u "
            "แต่คำถามในขั้นนี้หรือขั้นหลังให้ทายเฟรม %3$u ที่ยังไม่ควรเห็น"),
        step->id, last_shown[i] + 1, asked + 1);
    complain(r, r->lesson->tasks->file, step->line, message);
  }
}

/* ---- the lesson ---- */

static uint32_t
resolve_step(struct resolver *r, struct lesson_step *step)
{
  const char *path = r->lesson->tasks->file;
  if (step->focus)
    step->focus_frame = frame_of(r, step->focus, step->focus_nth, path, step->line);
  if (step->field && step->focus_frame != TRACE_NONE)
    g_free(value_of(r, step->focus_frame, step->field, path, step->line));
  uint32_t last = step->focus_frame;
  for (int lang = 0; lang < LESSON_N_LANGS; lang++)
    last = later(last, resolve_prose(r, &step->prose[lang], r->lesson->prose[lang].path));
  for (unsigned k = 0; k < step->n_questions; k++)
    resolve_question(r, &step->questions[k], path);
  return last;
}

static void
free_frames(gpointer p)
{
  g_array_unref(p);
}

void
lesson_resolve_all(struct lesson *l, const struct run *run, GPtrArray *problems)
{
  struct resolver r = {
      .lesson = l,
      .trace = run_trace(run),
      .decode = decode_new(run_trace(run)),
      .frames = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_frames),
      .problems = problems,
  };
  decode_set_reveal(r.decode, true);
  uint32_t last_shown[LESSON_STEPS_MAX];
  for (unsigned i = 0; i < l->n_steps; i++)
    last_shown[i] = resolve_step(&r, &l->steps[i]);
  check_spoilers(&r, last_shown);
  g_hash_table_unref(r.frames);
  decode_free(r.decode);
}

bool
lesson_resolve(struct lesson *l, const struct run *r, GError **error)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
  lesson_resolve_all(l, r, problems);
  if (problems->len == 0)
    return true;
  g_set_error_literal(error, g_quark_from_static_string("enveloscope-lesson"), 0,
                      problems->pdata[0]);
  return false;
}

/* ---- which step tells of a frame ---- */

/* The greatest of a step's own frames that is not behind `frame`, or TRACE_NONE. */
static uint32_t
step_nearest(const struct lesson *l, unsigned step, uint32_t frame)
{
  const struct lesson_step *s = lesson_step(l, step);
  uint32_t begin = 0, horizon = s->focus_frame;
  for (unsigned before = step; before-- > 0 && begin == 0;)
    if (lesson_step(l, before)->focus_frame != TRACE_NONE)
      begin = lesson_step(l, before)->focus_frame;
  if (step + 1 < lesson_n_steps(l))
    horizon = later(horizon, lesson_step(l, step + 1)->focus_frame);
  uint32_t nearest =
      s->focus_frame != TRACE_NONE && s->focus_frame <= frame ? s->focus_frame : TRACE_NONE;
  GArray *paragraphs = s->prose[LESSON_EN].paragraphs; /* both languages have the same links */
  for (guint p = 0; p < paragraphs->len; p++) {
    GArray *spans = g_array_index(paragraphs, struct lesson_paragraph, p).spans;
    for (guint i = 0; i < spans->len; i++) {
      const struct lesson_span *span = &g_array_index(spans, struct lesson_span, i);
      if (span->link && span->frame >= begin && span->frame <= frame && span->frame <= horizon)
        nearest = later(nearest, span->frame);
    }
  }
  return nearest;
}

unsigned
lesson_step_telling(const struct lesson *l, uint32_t frame, unsigned otherwise)
{
  uint32_t nearest = TRACE_NONE;
  unsigned found = otherwise;
  for (unsigned i = 0; i < lesson_n_steps(l); i++) {
    uint32_t at = step_nearest(l, i, frame);
    if (at == TRACE_NONE || (nearest != TRACE_NONE && at <= nearest))
      continue;
    nearest = at;
    found = i;
  }
  return found;
}
