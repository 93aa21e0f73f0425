/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_ENCAPSULATION_PRIVATE_H
#define GUI_ENCAPSULATION_PRIVATE_H

/* Shared by the three files of the encapsulation view: encapsulation.c (events and the widget),
 * encapsulation_layout.c (what lies where) and encapsulation_draw.c. */
#include "gui/envelope.h"
#include "gui/pane.h"

/* A field of 128 bits takes four rows; options at most 40 octets, ten rows. */
enum { PARTS_MAX = 11, PAYLOAD_LINES_MAX = 8, PAYLOAD_LINE_OCTETS = 96 };

/* In heights of a line: narrower than ROOMY, letters and margins shrink with the width, the letters
 * down to SCALE_MIN of the window's; narrower than WIDTH_MIN nothing can be told apart. */
#define ENCAPSULATION_WIDTH_ROOMY 16
#define ENCAPSULATION_SCALE_MIN 0.62
#define ENCAPSULATION_WIDTH_MIN 8

struct encapsulation_part {
  double x, y, width, height;
};

struct encapsulation_cell {
  struct encapsulation_part parts[PARTS_MAX];
  unsigned n_parts;
  char *label, *value;
  uint32_t field; /* in the decode, or UINT32_MAX */
  unsigned layer, source;
  uint32_t first_octet, n_octets;
  gboolean is_flag;
  gboolean is_payload;
};

struct encapsulation {
  GtkWidget *area, *scrolled;
  Session *session;
  struct envelope envelope;
  GArray *cells;      /* struct encapsulation_cell */
  GPtrArray *payload; /* char *, lines */
  double box_y[ENVELOPE_LAYERS_MAX + 1], box_end[ENVELOPE_LAYERS_MAX + 1];
  double scale; /* of the letters; below 1 in a narrow pane */
  double unit;  /* height of a line of text at that scale */
  double width, height;
  double room;          /* that the pane offered when this was laid out */
  int hovered, focused; /* cells or -1 */
};

static inline struct encapsulation_cell *
encapsulation_cell(struct encapsulation *v, int i)
{
  return &g_array_index(v->cells, struct encapsulation_cell, i);
}

/* encapsulation_layout.c: makes cells and boxes of the selected frame for the present width. */
void encapsulation_lay_out(struct encapsulation *v);
void encapsulation_cell_clear(gpointer cell);
double encapsulation_indent(struct encapsulation *v);
double encapsulation_rows_x(struct encapsulation *v);
double encapsulation_bit_width(struct encapsulation *v);

/* encapsulation_draw.c */
PangoLayout *encapsulation_text(struct encapsulation *v, const char *string, double size,
                                gboolean bold, gboolean mono);
void encapsulation_draw(struct encapsulation *v, cairo_t *cr);
/* The sentence below, wrapped to the width; unref it. */
PangoLayout *encapsulation_sentence_layout(struct encapsulation *v);
/* "54 of 80 octets are envelopes: 68 % overhead. …"; g_free() it. */
char *encapsulation_sentence(struct encapsulation *v);

#endif
