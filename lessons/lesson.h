/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_LESSON_H
#define LESSONS_LESSON_H

/* clang-format off: the examples below are laid out by hand */
/* A lesson, read: the prose of both languages cut into steps, what each step looks at in a run, and
 * its questions. A lesson is a folder
 *
 *     NN-name/lesson.en.md  lesson.th.md   "# Title", then one step for each "## heading"
 *     NN-name/tasks.yaml                   scenario, and for each step: focus, view, question
 *     NN-name/scenario.yaml                only when tasks.yaml names no shared scenario
 *
 * Prose is ordinary Markdown. Links point into the run:
 *
 *     [the SYN](<frame:tcp.flags.syn == 1#2>)             selects the 2nd frame that fits the
 * filter [49152](<frame:tcp.flags.syn == 1> "tcp.srcport")   the same, and its text is replaced by
 * the value of that field in that frame [window](field:tcp.window_size) explains a field
 *
 * so a number in the prose is always the number on the wire, whatever the seed.
 *
 *     lesson_new ──> lesson_resolve(run) ──> steps with frames, answers and final texts
 */
/* clang-format on */
#include "capture/wire/lang.h"
#include "lessons/run.h"

/* A lesson that is read aloud in an hour is far below these; a file beyond them is a mistake. */
enum {
  LESSON_STEPS_MAX = 64,
  LESSON_CHOICES_MAX = 8,
  LESSON_QUESTIONS_MAX = 4, /* for one step */
  LESSON_FILE_OCTETS_MAX = 1 << 20,
};

enum lesson_lang { LESSON_EN = LANG_EN, LESSON_TH = LANG_TH, LESSON_N_LANGS };

enum lesson_style {
  LESSON_BOLD = 1,
  LESSON_ITALIC = 2,
  LESSON_CODE = 4,
};

/* Octets of the same look: text (UTF-8, no line end except in LESSON_CODE_BLOCK and a hard break).
 */
struct lesson_span {
  char *text;
  unsigned style;  /* enum lesson_style */
  char *link;      /* "frame:FILTER", "frame:FILTER#2", "field:KEY", or NULL */
  char *value_key; /* the field whose value became `text`, or NULL */
  uint32_t frame;  /* lesson_resolve(): of a "frame:" link, else TRACE_NONE */
  unsigned line;   /* in its file */
};

enum lesson_block {
  LESSON_PARAGRAPH,
  LESSON_HEADING,
  LESSON_ITEM,
  LESSON_CODE_BLOCK,
  LESSON_QUOTE
};

/* One paragraph; a view puts a line end behind it. The step's own heading is no paragraph: see
 * title. */
struct lesson_paragraph {
  enum lesson_block block;
  unsigned level;  /* HEADING: 3 and up; ITEM: depth from 1 */
  unsigned number; /* ITEM of a numbered list: its number; 0: a bullet; for an item's later
                      paragraphs UINT_MAX */
  GArray *spans;   /* struct lesson_span */
};

/* A step in one language. */
struct lesson_prose {
  char *title;
  GArray *paragraphs; /* struct lesson_paragraph */
  unsigned line;      /* of its heading */
};

enum lesson_view {
  LESSON_VIEW_TOPOLOGY,
  LESSON_VIEW_LADDER,
  LESSON_VIEW_DETAIL, /* tree and octets */
  LESSON_VIEW_ENCAPSULATION,
  LESSON_VIEW_DIALOGUE,
  LESSON_VIEW_STATES,
  LESSON_VIEW_MAILBOX,
  LESSON_VIEW_RISK,
  LESSON_N_VIEWS
};

enum lesson_question_kind {
  LESSON_PREDICT, /* asked before its frame is shown */
  LESSON_CHOOSE,  /* asked any time */
};

struct lesson_choice {
  struct lang_pair text;
  struct lang_pair because; /* what to say to somebody who chose it; en NULL: nothing of its own */
  const char *is;           /* the value that makes this choice right, or NULL */
};

struct lesson_question {
  enum lesson_question_kind kind;
  struct lang_pair prompt;
  struct lesson_choice choices[LESSON_CHOICES_MAX];
  unsigned n_choices;
  unsigned
      answer; /* index of the right choice; lesson_resolve() computes it when value_key is set */
  struct lang_pair explanation; /* shown after any answer */
  const char *asked;            /* filter of the frame that is asked about, or NULL */
  unsigned asked_nth;           /* from 1 */
  const char *value_key;        /* the field of the asked frame whose value decides, or NULL */
  const char *before;           /* PREDICT: the asked filter; else NULL */
  uint32_t before_frame; /* PREDICT, set by lesson_resolve(): not to be shown before an answer */
  unsigned line;
};

struct lesson_step {
  const char *id;
  struct lesson_prose prose[LESSON_N_LANGS];
  const char *focus;    /* filter of the frame this step looks at, or NULL */
  unsigned focus_nth;   /* from 1 */
  uint32_t focus_frame; /* lesson_resolve(): that frame, or TRACE_NONE when the step has no focus */
  const char *field;    /* key to select in that frame, or NULL */
  enum lesson_view view;
  struct lesson_question questions[LESSON_QUESTIONS_MAX];
  unsigned n_questions;
  unsigned line;
};

struct lesson;

/* `what`: a lesson id ("01-how-mail-works", also without its number) or its folder. NULL with error
 * "FILE:LINE: message": a file is missing or wrong, or the two languages differ in their steps. */
struct lesson *lesson_new(const char *what, GError **error);
void lesson_free(struct lesson *l);
typedef struct lesson lesson_owned;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(lesson_owned, lesson_free)

const char *lesson_id(const struct lesson *l);
const char *lesson_title(const struct lesson *l); /* in the current language */
/* What run_new() wants: a scenario's id, or the path of the folder's own scenario.yaml. */
const char *lesson_scenario(const struct lesson *l);
/* Whether `what` names a lesson (not a scenario or a capture). */
bool lesson_exists(const char *what);

unsigned lesson_n_steps(const struct lesson *l);
const struct lesson_step *lesson_step(const struct lesson *l, unsigned step);
/* The step's prose in the current language. */
const struct lesson_prose *lesson_prose(const struct lesson *l, unsigned step);

/* Finds every frame, value and answer of the lesson in a run of its scenario. False with error
 * "FILE:LINE: message" for the first that cannot be found; what could be found is set all the same.
 */
bool lesson_resolve(struct lesson *l, const struct run *r, GError **error);

/* The step that tells of a frame: the one whose focus or link is this frame or the nearest before
 * it. Links that lead back (before the focus of the step before) or far ahead (beyond the step's
 * own and the next step's focus) are recalls and outlooks and do not count. `otherwise` when the
 * lesson begins behind the frame. After lesson_resolve(). */
unsigned lesson_step_telling(const struct lesson *l, uint32_t frame, unsigned otherwise);

/* The frame of a "frame:…" link in any trace; TRACE_NONE when nothing fits or it is no such link.
 */
uint32_t lesson_link_frame(const struct trace *t, const char *link);
/* The key of a "field:…" link, or NULL. */
const char *lesson_link_field(const char *link);

/* Reads, runs and resolves a lesson folder, or a scenario file, and appends every problem to
 * `problems` (char*, "FILE:LINE: message"). True when there was none. */
bool lesson_check(const char *path, GPtrArray *problems);

#endif
