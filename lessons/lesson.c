/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson.c -- a lesson's folder, read: both languages' prose tied to the steps of tasks.yaml.
 *
 *     tasks.yaml   scenario: ID            (absent: the scenario.yaml of the folder)
 *                  steps:                  one for each "##" heading, in order
 *                    - id: handshake
 *                      view: ladder        topology ladder detail encapsulation dialogue states
 *                                          mailbox risk
 *                      frame: FILTER       the frame this step looks at; nth: 2 for the second
 *                      field: KEY          selected in that frame
 *                      questions:
 *                        - kind: predict   or choose
 *                          frame: FILTER   the asked frame; nth
 *                          prompt: {en: …, th: …}
 *                          choices:
 *                            - {en: …, th: …, is: VALUE, because: {en: …, th: …}}
 *                          value: KEY      right is the choice whose `is` equals this field of the
 *                          answer: 2       frame; or the number of the right choice
 *                          explain: {en: …, th: …}
 *
 * Not here: Markdown (prose.c); where filters lead in a run (resolve.c). */
#include "lessons/lesson.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "lessons/lesson_private.h"
#include "lessons/library.h"

static const struct {
  const char *name;
  enum lesson_view view;
} views[] = {
    {"topology", LESSON_VIEW_TOPOLOGY}, {"ladder", LESSON_VIEW_LADDER},
    {"detail", LESSON_VIEW_DETAIL},     {"encapsulation", LESSON_VIEW_ENCAPSULATION},
    {"dialogue", LESSON_VIEW_DIALOGUE}, {"states", LESSON_VIEW_STATES},
    {"mailbox", LESSON_VIEW_MAILBOX},   {"risk", LESSON_VIEW_RISK},
};
_Static_assert(G_N_ELEMENTS(views) == LESSON_N_VIEWS, "every view has a name");

static bool
missing(GError **error, const struct tree_node *at, const char *key)
{
  return tree_fail(error, at, lang_text("“%s” is missing here", "ตรงนี้ขาด “%s”"), key);
}

/* ---- reading tasks.yaml ---- */

static bool
read_pair(const struct tree_node *map, const char *key, bool required, struct lang_pair *out,
          GError **error)
{
  if (!tree_pair(map, key, &out->en, &out->th, error))
    return false;
  if (!out->en && !out->th)
    return !required || missing(error, map, key);
  if (!out->en || !*out->en || !out->th || !*out->th)
    return tree_fail(error, tree_get(map, key),
                     lang_text("“%s” needs a text in both languages: {en: …, th: …}",
                               "“%s” ต้องมีข้อความครบทั้งสองภาษา: {en: …, th: …}"),
                     key);
  return true;
}

static bool
read_choice(const struct tree_node *node, struct lesson_choice *out, GError **error)
{
  static const char *const keys[] = {"en", "th", "is", "because", NULL};
  if (node->kind != TREE_MAP)
    return tree_fail(
        error, node,
        lang_text("a choice is a map: {en: …, th: …}", "ตัวเลือกต้องเป็นแมป: {en: …, th: …}"));
  if (!tree_known(node, keys, error) || !tree_text(node, "en", NULL, &out->text.en, error) ||
      !tree_text(node, "th", NULL, &out->text.th, error) ||
      !tree_text(node, "is", NULL, &out->is, error) ||
      !read_pair(node, "because", false, &out->because, error))
    return false;
  if (!out->text.en || !*out->text.en)
    return missing(error, node, "en");
  if (!out->text.th || !*out->text.th)
    return missing(error, node, "th");
  return true;
}

static bool
read_choices(const struct tree_node *map, struct lesson_question *q, GError **error)
{
  const struct tree_node *list = tree_get(map, "choices");
  if (!list)
    return missing(error, map, "choices");
  if (list->kind != TREE_LIST || list->children->len < 2 ||
      list->children->len > LESSON_CHOICES_MAX)
    return tree_fail(error, list,
                     lang_text("“choices” is a list of 2 to %u choices",
                               "“choices” ต้องเป็นรายการที่มี 2 ถึง %u ตัวเลือก"),
                     (unsigned)LESSON_CHOICES_MAX);
  for (guint i = 0; i < list->children->len; i++) {
    struct lesson_choice *choice = &q->choices[q->n_choices++];
    if (!read_choice(list->children->pdata[i], choice, error))
      return false;
    if (q->value_key && !choice->is)
      return missing(error, list->children->pdata[i], "is");
  }
  return true;
}

/* Either `value` (the run decides) or `answer` (a number from 1). */
static bool
read_answer(const struct tree_node *map, struct lesson_question *q, GError **error)
{
  int64_t answer = 0;
  if (!tree_int(map, "answer", 0, 1, q->n_choices, &answer, error))
    return false;
  if (q->value_key && answer)
    return tree_fail(error, tree_get(map, "answer"),
                     lang_text("the answer comes from “value”; remove “answer”",
                               "คำตอบได้จาก “value” อยู่แล้ว ให้ลบ “answer” ออก"));
  if (!q->value_key && !answer)
    return tree_fail(
        error, map,
        lang_text("the right choice is not named: give “value: KEY” or “answer: NUMBER”",
                  "ยังไม่ได้ระบุตัวเลือกที่ถูก ให้เขียน “value: KEY” หรือ “answer: NUMBER”"));
  if (q->value_key && !q->asked)
    return missing(error, map, "frame");
  q->answer = answer ? (unsigned)answer - 1 : 0;
  return true;
}

static bool
read_question(const struct tree_node *map, struct lesson_question *q, GError **error)
{
  static const char *const keys[] = {"kind",  "frame",  "nth",     "prompt", "choices",
                                     "value", "answer", "explain", NULL};
  if (map->kind != TREE_MAP)
    return tree_fail(error, map,
                     lang_text("a question is a map with “kind”, “prompt” and “choices”",
                               "คำถามต้องเป็นแมปที่มี “kind”, “prompt” และ “choices”"));
  *q = (struct lesson_question){.line = map->line, .before_frame = TRACE_NONE};
  const char *kind = NULL;
  int64_t nth = 1;
  if (!tree_known(map, keys, error) || !tree_text(map, "kind", "choose", &kind, error) ||
      !tree_text(map, "frame", NULL, &q->asked, error) ||
      !tree_int(map, "nth", 1, 1, UINT32_MAX, &nth, error) ||
      !tree_text(map, "value", NULL, &q->value_key, error) ||
      !read_pair(map, "prompt", true, &q->prompt, error) || !read_choices(map, q, error) ||
      !read_answer(map, q, error) || !read_pair(map, "explain", true, &q->explanation, error))
    return false;
  q->asked_nth = (unsigned)nth;
  if (strcmp(kind, "predict") == 0) {
    q->kind = LESSON_PREDICT;
    q->before = q->asked;
    if (!q->before)
      return missing(error, map, "frame");
  } else if (strcmp(kind, "choose") == 0) {
    q->kind = LESSON_CHOOSE;
  } else {
    return tree_fail(error, tree_get(map, "kind"),
                     lang_text("“%s” is no kind of question; there are: predict, choose",
                               "ไม่มีคำถามชนิด “%s” ที่มีคือ predict และ choose"),
                     kind);
  }
  return true;
}

static bool
read_questions(const struct tree_node *map, struct lesson_step *step, GError **error)
{
  const struct tree_node *list = tree_get(map, "questions");
  if (!list)
    return true;
  if (list->kind != TREE_LIST || list->children->len > LESSON_QUESTIONS_MAX)
    return tree_fail(error, list,
                     lang_text("“questions” is a list of at most %u questions",
                               "“questions” ต้องเป็นรายการที่มีคำถามไม่เกิน %u ข้อ"),
                     (unsigned)LESSON_QUESTIONS_MAX);
  for (guint i = 0; i < list->children->len; i++)
    if (!read_question(list->children->pdata[i], &step->questions[step->n_questions++], error))
      return false;
  return true;
}

static bool
read_view(const struct tree_node *map, enum lesson_view *out, GError **error)
{
  const char *name = NULL;
  if (!tree_text(map, "view", "ladder", &name, error))
    return false;
  g_autoptr(GString) names = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
    if (strcmp(views[i].name, name) == 0) {
      *out = views[i].view;
      return true;
    }
    g_string_append_printf(names, "%s%s", i ? ", " : "", views[i].name);
  }
  return tree_fail(error, tree_get(map, "view"),
                   lang_text("there is no view “%s”; there are: %s", "ไม่มีมุมมอง “%s” ที่มีคือ %s"), name,
                   names->str);
}

static bool
read_step(const struct tree_node *map, struct lesson_step *step, GError **error)
{
  static const char *const keys[] = {"id", "view", "frame", "nth", "field", "questions", NULL};
  if (map->kind != TREE_MAP)
    return tree_fail(
        error, map,
        lang_text("a step is a map with “id” and what it looks at: “view”, “frame”, “questions”",
                  "ขั้นต้องเป็นแมปที่มี “id” และสิ่งที่จะดู: “view”, “frame”, “questions”"));
  *step = (struct lesson_step){.line = map->line, .focus_frame = TRACE_NONE};
  int64_t nth = 1;
  if (!tree_known(map, keys, error) || !tree_text(map, "id", NULL, &step->id, error) ||
      !read_view(map, &step->view, error) || !tree_text(map, "frame", NULL, &step->focus, error) ||
      !tree_int(map, "nth", 1, 1, UINT32_MAX, &nth, error) ||
      !tree_text(map, "field", NULL, &step->field, error))
    return false;
  step->focus_nth = (unsigned)nth;
  if (!step->id)
    return missing(error, map, "id");
  return read_questions(map, step, error);
}

static bool
read_steps(struct lesson *l, GError **error)
{
  const struct tree_node *list = tree_get(l->tasks, "steps");
  const struct prose *first = &l->prose[LESSON_EN];
  if (!list)
    return missing(error, l->tasks, "steps");
  if (list->kind != TREE_LIST || list->children->len != first->steps->len)
    return tree_fail(error, list,
                     lang_text("“steps” is a list with one entry for each “##” heading: %s has %u",
                               "“steps” ต้องเป็นรายการที่มีหนึ่งรายการต่อหัวเรื่อง “##” หนึ่งอัน: "
                               "%s มี %u หัวเรื่อง"),
                     first->path, first->steps->len);
  l->n_steps = list->children->len;
  l->steps = g_new0(struct lesson_step, l->n_steps);
  for (unsigned i = 0; i < l->n_steps; i++) {
    if (!read_step(list->children->pdata[i], &l->steps[i], error))
      return false;
    for (int lang = 0; lang < LESSON_N_LANGS; lang++) /* borrowed: the prose lives as long */
      l->steps[i].prose[lang] = g_array_index(l->prose[lang].steps, struct lesson_prose, i);
  }
  return true;
}

/* ---- both languages say the same ---- */

static int
compare_texts(gconstpointer a, gconstpointer b)
{
  return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

/* Sorted, since word order differs between languages. A link that spans styles counts once. */
static GPtrArray *
links_of(const struct lesson_prose *prose)
{
  GPtrArray *links = g_ptr_array_new_with_free_func(g_free);
  for (guint p = 0; p < prose->paragraphs->len; p++) {
    const GArray *spans = g_array_index(prose->paragraphs, struct lesson_paragraph, p).spans;
    for (guint i = 0; i < spans->len; i++) {
      const struct lesson_span *s = &g_array_index(spans, struct lesson_span, i);
      if (s->link)
        g_ptr_array_add(links, g_strdup_printf("%s %s", s->link, s->value_key ? s->value_key : ""));
    }
  }
  g_ptr_array_sort(links, compare_texts);
  return links;
}

static bool
same_links(const struct lesson *l, unsigned step, GError **error)
{
  const struct lesson_prose *en =
      &g_array_index(l->prose[LESSON_EN].steps, struct lesson_prose, step);
  const struct lesson_prose *th =
      &g_array_index(l->prose[LESSON_TH].steps, struct lesson_prose, step);
  g_autoptr(GPtrArray) a = links_of(en), b = links_of(th);
  for (guint i = 0, k = 0; i < a->len || k < b->len; i++, k++) {
    int order = i >= a->len ? 1 : k >= b->len ? -1 : strcmp(a->pdata[i], b->pdata[k]);
    if (order < 0)
      return prose_fail(error, l->prose[LESSON_TH].path, th->line,
                        lang_text("step “%s” lacks the link “%s” of the English text",
                                  "ขั้น “%s” ขาดลิงก์ “%s” ที่มีในฉบับภาษาอังกฤษ"),
                        th->title, (char *)a->pdata[i]);
    if (order > 0)
      return prose_fail(error, l->prose[LESSON_EN].path, en->line,
                        lang_text("step “%s” lacks the link “%s” of the Thai text",
                                  "ขั้น “%s” ขาดลิงก์ “%s” ที่มีในฉบับภาษาไทย"),
                        en->title, (char *)b->pdata[k]);
  }
  return true;
}

static bool
same_structure(const struct lesson *l, GError **error)
{
  const struct prose *en = &l->prose[LESSON_EN], *th = &l->prose[LESSON_TH];
  if (en->steps->len != th->steps->len)
    return prose_fail(error, th->path, 1,
                      lang_text("%u steps here and %u in %s; the languages need the same steps in "
                                "the same order",
                                "ไฟล์นี้มี %u ขั้น แต่มี %u ขั้นใน %s "
                                "สองภาษาต้องมีขั้นเท่ากันและเรียงตรงกัน"),
                      th->steps->len, en->steps->len, en->path);
  for (unsigned i = 0; i < en->steps->len; i++)
    if (!same_links(l, i, error))
      return false;
  return true;
}

/* ---- life ---- */

static bool
load_prose(struct lesson *l, enum lesson_lang lang, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename(l->folder, name, NULL);
  return prose_load(path, &l->prose[lang], error);
}

static bool
load(struct lesson *l, GError **error)
{
  static const char *const keys[] = {"scenario", "steps", NULL};
  g_autofree char *tasks = g_build_filename(l->folder, "tasks.yaml", NULL);
  l->tasks = tree_load(tasks, error);
  return l->tasks && tree_known(l->tasks, keys, error) &&
         load_prose(l, LESSON_EN, "lesson.en.md", error) &&
         load_prose(l, LESSON_TH, "lesson.th.md", error) && same_structure(l, error) &&
         read_steps(l, error);
}

/* A folder's path also without a slash: "01-how-mail-works" in the folder of lessons. */
static bool
find_lesson(const char *what, struct library_place *place, GError **error)
{
  if (!library_find(what, place, error))
    return false;
  if (place->lesson)
    return true;
  g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_UNKNOWN,
              lang_text("%s is no lesson: a lesson is a folder with tasks.yaml",
                        "%s ไม่ใช่บทเรียน: บทเรียนคือโฟลเดอร์ที่มี tasks.yaml"),
              what);
  library_place_clear(place);
  return false;
}

struct lesson *
lesson_new(const char *what, GError **error)
{
  struct library_place place;
  if (!find_lesson(what, &place, error))
    return NULL;
  struct lesson *l = g_new0(struct lesson, 1);
  l->id = g_steal_pointer(&place.id);
  l->folder = g_steal_pointer(&place.lesson);
  l->scenario = g_steal_pointer(&place.scenario);
  if (!load(l, error)) {
    lesson_free(l);
    return NULL;
  }
  return l;
}

void
lesson_free(struct lesson *l)
{
  if (!l)
    return;
  for (int lang = 0; lang < LESSON_N_LANGS; lang++)
    prose_clear(&l->prose[lang]);
  g_clear_pointer(&l->tasks, tree_free);
  g_free(l->steps);
  g_free(l->id);
  g_free(l->folder);
  g_free(l->scenario);
  g_free(l);
}

bool
lesson_exists(const char *what)
{
  struct library_place place;
  bool found = find_lesson(what, &place, NULL);
  if (found)
    library_place_clear(&place);
  return found;
}

/* ---- reading ---- */

const char *
lesson_id(const struct lesson *l)
{
  return l->id;
}

const char *
lesson_title(const struct lesson *l)
{
  return l->prose[lang_get() == LANG_TH ? LESSON_TH : LESSON_EN].title;
}

const char *
lesson_scenario(const struct lesson *l)
{
  return l->scenario;
}

unsigned
lesson_n_steps(const struct lesson *l)
{
  return l->n_steps;
}

const struct lesson_step *
lesson_step(const struct lesson *l, unsigned step)
{
  g_assert(step < l->n_steps);
  return &l->steps[step];
}

const struct lesson_prose *
lesson_prose(const struct lesson *l, unsigned step)
{
  return &lesson_step(l, step)->prose[lang_get() == LANG_TH ? LESSON_TH : LESSON_EN];
}
