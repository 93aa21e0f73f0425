/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-panes.c -- the inspecting panes over a session, in process. Cases that need a display are
 * skipped, and say so, without one (display.py brings one). */
#include <glib/gstdio.h>
#include <gtk/gtk.h>
#include <string.h>

#include "capture/wire/mail.h"
#include "gui/detail_tree.h"
#include "gui/dialogue.h"
#include "gui/dialogue_rows.h"
#include "gui/encapsulation.h"
#include "gui/envelope.h"
#include "gui/filter_entry.h"
#include "gui/flow_view.h"
#include "gui/hex_pane.h"
#include "gui/mask.h"
#include "gui/packet_list.h"
#include "gui/packet_view.h"
#include "gui/pane.h"
#include "gui/risk_pane.h"
#include "gui/states_pane.h"
#include "gui/store_model.h"
#include "gui/store_pane.h"
#include "pane-fixture.h"
#include "pane-rig.h"

/* ---- packet list ---- */

static void
list_shows_a_row_for_every_frame(void)
{
  struct stage s;
  if (!put_on_stage(&s, packet_list_new))
    return;
  PacketView *view = PACKET_VIEW(find(s.pane, PACKET_TYPE_VIEW, 0));
  g_assert_cmpuint(packet_view_n_rows(view), ==, FIXTURE_N_FRAMES);
  g_autofree char *number = packet_view_cell_text(view, AT_POP_USER, PACKET_NUMBER);
  g_autofree char *time = packet_view_cell_text(view, AT_POP_USER, PACKET_TIME);
  g_autofree char *source = packet_view_cell_text(view, AT_POP_USER, PACKET_SOURCE);
  g_autofree char *destination = packet_view_cell_text(view, AT_POP_USER, PACKET_DESTINATION);
  g_autofree char *protocol = packet_view_cell_text(view, AT_POP_USER, PACKET_PROTOCOL);
  g_autofree char *length = packet_view_cell_text(view, AT_POP_USER, PACKET_LENGTH);
  g_assert_cmpstr(number, ==, "6");
  g_assert_cmpstr(time, ==, "0.005000");
  g_assert_cmpstr(source, ==, "10.0.0.5");
  g_assert_cmpstr(destination, ==, "10.0.0.2");
  g_assert_cmpstr(protocol, ==, "POP");
  g_assert_cmpstr(length, ==, "66"); /* 14 + 20 + 20 + 12 */
  clear_stage(&s);
}

static void
list_never_shows_a_password(void)
{
  struct stage s;
  if (!put_on_stage(&s, packet_list_new))
    return;
  PacketView *view = PACKET_VIEW(find(s.pane, PACKET_TYPE_VIEW, 0));
  for (uint32_t row = 0; row < FIXTURE_N_FRAMES; row++) {
    g_autofree char *info = packet_view_cell_text(view, row, PACKET_INFO);
    g_assert_null(strstr(info, POP_SECRET));
    g_assert_null(strstr(info, SMTP_SECRET));
    g_assert_null(strstr(info, SMTP_BASE64));
  }
  clear_stage(&s);
}

static void
list_selection_goes_both_ways(void)
{
  struct stage s;
  if (!put_on_stage(&s, packet_list_new))
    return;
  PacketView *view = PACKET_VIEW(find(s.pane, PACKET_TYPE_VIEW, 0));
  packet_view_select_row(view, 4);
  g_assert_cmpuint(session_frame(s.session), ==, 4);
  session_select_frame(s.session, FIXTURE_N_FRAMES - 1);
  pane_flush(s.pane);
  g_assert_cmpuint(packet_view_selected_row(view), ==, FIXTURE_N_FRAMES - 1);
  GdkRectangle area;
  g_assert_true(packet_view_row_area(view, FIXTURE_N_FRAMES - 1, &area));
  clear_stage(&s);
}

static void
list_obeys_the_keyboard(void)
{
  struct stage s;
  if (!put_on_stage(&s, packet_list_new))
    return;
  GtkWidget *view = find(s.pane, PACKET_TYPE_VIEW, 0);
  session_select_frame(s.session, 10);
  press(view, GDK_KEY_Down);
  g_assert_cmpuint(session_frame(s.session), ==, 11);
  press(view, GDK_KEY_Up);
  press(view, GDK_KEY_Up);
  g_assert_cmpuint(session_frame(s.session), ==, 9);
  press(view, GDK_KEY_End);
  g_assert_cmpuint(session_frame(s.session), ==, FIXTURE_N_FRAMES - 1);
  press(view, GDK_KEY_Down);
  g_assert_cmpuint(session_frame(s.session), ==, FIXTURE_N_FRAMES - 1);
  press(view, GDK_KEY_Home);
  g_assert_cmpuint(session_frame(s.session), ==, 0);
  press(view, GDK_KEY_Page_Down);
  uint32_t paged = session_frame(s.session);
  g_assert_cmpuint(paged, >, 1);
  press(view, GDK_KEY_Page_Up);
  g_assert_cmpuint(session_frame(s.session), ==, 0);
  clear_stage(&s);
}

static void
list_sends_typed_letters_to_the_filter(void)
{
  struct stage s;
  if (!put_on_stage(&s, packet_list_new))
    return;
  GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
  GtkWidget *filter = filter_entry_new(s.session);
  gtk_container_add(GTK_CONTAINER(window), filter);
  packet_list_set_filter_entry(s.pane, filter);
  press(find(s.pane, PACKET_TYPE_VIEW, 0), GDK_KEY_t); /* hidden: the letter goes nowhere */
  gtk_widget_show_all(window);
  while (!gtk_widget_get_mapped(filter))
    gtk_main_iteration_do(TRUE);
  press(find(s.pane, PACKET_TYPE_VIEW, 0), GDK_KEY_i);
  GtkWidget *entry = find(filter, GTK_TYPE_ENTRY, 0);
  g_assert_cmpstr(gtk_entry_get_text(GTK_ENTRY(entry)), ==, "i");
  gtk_widget_destroy(window);
  clear_stage(&s);
}

static void
list_moves_among_filtered_rows(void)
{
  struct stage s;
  if (!put_on_stage(&s, packet_list_new))
    return;
  PacketView *view = PACKET_VIEW(find(s.pane, PACKET_TYPE_VIEW, 0));
  session_select_frame(s.session, 12); /* an acknowledgment: will be filtered out */
  g_assert_true(session_set_filter(s.session, "pop", NULL));
  pane_flush(s.pane);
  g_assert_cmpuint(packet_view_n_rows(view), ==, 9);
  g_assert_cmpuint(packet_view_selected_row(view), ==, SESSION_NONE);
  packet_list_move(s.pane, 1);
  g_assert_cmpuint(session_frame(s.session), ==, 13);
  session_select_frame(s.session, 12);
  packet_list_move(s.pane, -1);
  g_assert_cmpuint(session_frame(s.session), ==, 11);
  clear_stage(&s);
}

static void
list_is_a_table_for_screen_readers(void)
{
  struct stage s;
  if (!put_on_stage(&s, packet_list_new))
    return;
  AtkObject *table = gtk_widget_get_accessible(find(s.pane, PACKET_TYPE_VIEW, 0));
  g_assert_true(ATK_IS_TABLE(table));
  g_assert_cmpint(atk_table_get_n_rows(ATK_TABLE(table)), ==, FIXTURE_N_FRAMES);
  g_assert_cmpint(atk_table_get_n_columns(ATK_TABLE(table)), ==, PACKET_N_COLUMNS);
  g_assert_cmpstr(atk_table_get_column_description(ATK_TABLE(table), PACKET_SOURCE), ==, "Source");
  g_autoptr(AtkObject) cell = atk_table_ref_at(ATK_TABLE(table), AT_POP_SYN, PACKET_SOURCE);
  g_assert_cmpstr(atk_object_get_name(cell), ==, "10.0.0.5");
  g_assert_null(atk_table_ref_at(ATK_TABLE(table), FIXTURE_N_FRAMES, 0));
  session_select_frame(s.session, 7);
  g_assert_true(atk_table_is_row_selected(ATK_TABLE(table), 7));
  g_assert_true(atk_selection_add_selection(ATK_SELECTION(table), 8 * PACKET_N_COLUMNS));
  g_assert_cmpuint(session_frame(s.session), ==, 8);
  clear_stage(&s);
}

static void
list_offers_filters_that_its_frame_fits(void)
{
  struct stage s;
  if (!put_on_stage(&s, packet_list_new))
    return;
  PacketView *view = PACKET_VIEW(find(s.pane, PACKET_TYPE_VIEW, 0));
  g_autofree char *source = packet_view_cell_filter(view, AT_POP_USER, PACKET_SOURCE);
  g_assert_cmpstr(source, ==, "ip.src == 10.0.0.5");
  for (int column = 0; column < PACKET_N_COLUMNS; column++) {
    g_autofree char *text = packet_view_cell_filter(view, AT_POP_USER, (enum packet_column)column);
    if (!text)
      continue;
    struct filter_error error = {0};
    struct filter *filter = filter_compile(text, &error);
    if (!filter)
      g_error("%s: %s", text, error.message);
    g_assert_true(filter_match_frame(filter, session_row_decode(s.session), AT_POP_USER));
    filter_free(filter);
  }
  clear_stage(&s);
}

/* ---- filter entry ---- */

static gboolean
entry_is(GtkWidget *entry, const char *css_class)
{
  return gtk_style_context_has_class(gtk_widget_get_style_context(entry), css_class);
}

static void
filter_entry_judges_and_applies(void)
{
  struct stage s;
  if (!put_on_stage(&s, filter_entry_new))
    return;
  GtkWidget *entry = find(s.pane, GTK_TYPE_ENTRY, 0);
  gtk_entry_set_text(GTK_ENTRY(entry), "pop.request.command ==");
  g_assert_true(entry_is(entry, "env-bad"));
  expect_words(s.pane, "At character");
  gtk_widget_activate(entry);
  g_assert_cmpuint(session_rows(s.session, &(const uint32_t *){NULL}), ==, FIXTURE_N_FRAMES);
  gtk_entry_set_text(GTK_ENTRY(entry), "pop.request.command == \"USER\"");
  g_assert_true(entry_is(entry, "env-good"));
  g_signal_emit_by_name(entry, "activate");
  g_assert_cmpuint(session_rows(s.session, &(const uint32_t *){NULL}), ==, 1);
  gtk_entry_set_text(GTK_ENTRY(entry), "ip.addr != 10.0.0.5");
  g_assert_true(entry_is(entry, "env-doubtful"));
  press(entry, GDK_KEY_Escape);
  g_assert_cmpstr(gtk_entry_get_text(GTK_ENTRY(entry)), ==, "pop.request.command == \"USER\"");
  clear_stage(&s);
}

static void
filter_entry_follows_the_session(void)
{
  struct stage s;
  if (!put_on_stage(&s, filter_entry_new))
    return;
  GtkWidget *entry = find(s.pane, GTK_TYPE_ENTRY, 0);
  session_set_filter(s.session, "tcp.port == 25", NULL);
  pane_flush(s.pane);
  g_assert_cmpstr(gtk_entry_get_text(GTK_ENTRY(entry)), ==, "tcp.port == 25");
  filter_entry_type(s.pane, "x");
  g_assert_cmpstr(gtk_entry_get_text(GTK_ENTRY(entry)), ==, "tcp.port == 25x");
  g_assert_true(entry_is(entry, "env-bad"));
  clear_stage(&s);
}

/* ---- detail tree ---- */

static void
tree_selection_goes_both_ways(void)
{
  struct stage s;
  if (!put_on_stage(&s, detail_tree_new))
    return;
  session_select_frame(s.session, AT_POP_USER);
  pane_flush(s.pane);
  GtkTreeView *tree = GTK_TREE_VIEW(find(s.pane, GTK_TYPE_TREE_VIEW, 0));
  uint32_t ttl = field_index(s.session, "ip.ttl");
  session_select_field(s.session, ttl);
  pane_flush(s.pane);
  GtkTreeIter iter;
  GtkTreeModel *model;
  g_assert_true(gtk_tree_selection_get_selected(gtk_tree_view_get_selection(tree), &model, &iter));
  g_autofree char *text = NULL;
  gtk_tree_model_get(model, &iter, 0, &text, -1);
  g_assert_nonnull(strstr(text, "64"));
  expect_words(s.pane, "ip.ttl");
  g_assert_true(gtk_tree_model_get_iter_first(model, &iter));
  gtk_tree_selection_select_iter(gtk_tree_view_get_selection(tree), &iter);
  g_assert_cmpuint(session_field(s.session), ==, 0);
  clear_stage(&s);
}

static gboolean
row_hides_secrets(GtkTreeModel *model, GtkTreePath *path, GtkTreeIter *iter, gpointer data)
{
  g_autofree char *text = NULL;
  gtk_tree_model_get(model, iter, 0, &text, -1);
  g_assert_null(strstr(text, POP_SECRET));
  g_assert_null(strstr(text, "68756e746572")); /* "hunter" in hexadecimal */
  g_assert_null(strstr(text, SMTP_SECRET));
  g_assert_null(strstr(text, SMTP_BASE64));
  return FALSE;
}

static void
tree_offers_to_reveal_what_it_masks(void)
{
  struct stage s;
  if (!put_on_stage(&s, detail_tree_new))
    return;
  GtkTreeView *tree = GTK_TREE_VIEW(find(s.pane, GTK_TYPE_TREE_VIEW, 0));
  GtkWidget *reveal = find(s.pane, GTK_TYPE_TOGGLE_BUTTON, 0);
  static const uint32_t frames[] = {AT_POP_PASS, AT_SMTP_AUTH};
  for (size_t i = 0; i < G_N_ELEMENTS(frames); i++) {
    session_select_frame(s.session, frames[i]);
    pane_flush(s.pane);
    gtk_tree_model_foreach(gtk_tree_view_get_model(tree), row_hides_secrets, NULL);
    g_assert_true(gtk_widget_get_visible(reveal));
  }
  session_select_frame(s.session, AT_POP_USER);
  pane_flush(s.pane);
  g_assert_false(gtk_widget_get_visible(reveal));
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(reveal), TRUE);
  g_assert_true(session_reveal(s.session));
  clear_stage(&s);
}

/* ---- masking ---- */

static char *
hex_text(GtkWidget *pane)
{
  GtkTextBuffer *buffer =
      gtk_text_view_get_buffer(GTK_TEXT_VIEW(find(pane, GTK_TYPE_TEXT_VIEW, 0)));
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds(buffer, &start, &end);
  return gtk_text_buffer_get_text(buffer, &start, &end, TRUE);
}

static void
hex_masks_the_password_until_revealed(void)
{
  struct stage s;
  if (!put_on_stage(&s, hex_pane_new))
    return;
  session_select_frame(s.session, AT_POP_PASS);
  pane_flush(s.pane);
  g_autofree char *masked = hex_text(s.pane);
  g_assert_nonnull(strstr(masked, "**"));
  g_assert_null(strstr(masked, "68 75 6e")); /* "hun" */
  g_assert_null(strstr(masked, "hunter"));
  g_assert_nonnull(strstr(masked, "50 41")); /* "PA" of PASS stays */
  session_set_reveal(s.session, TRUE);
  pane_flush(s.pane);
  g_autofree char *clear = hex_text(s.pane);
  g_assert_null(strstr(clear, "**"));
  g_assert_nonnull(strstr(clear, "68 75 6e"));
  clear_stage(&s);
}

static void
hex_shows_the_octets_of_the_frame(void)
{
  struct stage s;
  if (!put_on_stage(&s, hex_pane_new))
    return;
  session_select_frame(s.session, AT_POP_USER);
  pane_flush(s.pane);
  g_autofree char *text = hex_text(s.pane);
  g_assert_true(g_str_has_prefix(
      text, "0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00 45 00  ........ ......E."));
  clear_stage(&s);
}

static void
mask_covers_base64_and_what_it_says(void)
{
  g_autoptr(Session) session = open_capture();
  session_select_frame(session, AT_SMTP_AUTH);
  struct decode *d = session_decode(session);
  struct mask mask;
  mask_init(&mask, d);
  const char *octets = (const char *)d->sources[0].octets->data;
  const char *at = memmem(octets, d->sources[0].octets->len, SMTP_BASE64, strlen(SMTP_BASE64));
  g_assert_nonnull(at);
  uint32_t first = (uint32_t)(at - octets);
  /* The password is in the last 8 of 13 decoded octets: characters 6 to 17 of the base64. */
  for (uint32_t i = 8; i < 17; i++)
    g_assert_true(mask_has(&mask, 0, first + i));
  g_assert_false(mask_has(&mask, 0, first - 1));
  for (unsigned k = 0; k < d->n_sources; k++) {
    const GByteArray *source = d->sources[k].octets;
    for (uint32_t i = 0; i + 8 <= source->len; i++)
      if (memcmp(source->data + i, SMTP_SECRET, 8) == 0)
        for (uint32_t j = 0; j < 8; j++)
          g_assert_true(mask_has(&mask, k, i + j));
  }
  mask_clear(&mask);
}

/* ---- envelopes ---- */

static void
envelope_counts_headers_and_padding(void)
{
  g_autoptr(Session) session = open_capture();
  struct envelope e;
  session_select_frame(session, AT_POP_USER); /* 12 octets of POP3 */
  envelope_open(&e, session_decode(session));
  g_assert_cmpuint(e.n_layers, ==, 3);
  g_assert_cmpuint(e.layers[0].header_octets, ==, 14);
  g_assert_cmpuint(e.layers[0].inside_octets, ==, 52);
  g_assert_cmpuint(e.layers[1].header_octets, ==, 20);
  g_assert_cmpuint(e.layers[1].inside_octets, ==, 32);
  g_assert_cmpuint(e.layers[2].header_octets, ==, 20);
  g_assert_cmpuint(e.layers[2].inside_octets, ==, 12);
  g_assert_cmpuint(e.payload_first, ==, 54);
  g_assert_cmpuint(e.payload_octets, ==, 12);
  g_assert_cmpuint(e.padding_octets, ==, 0);
  g_assert_cmpuint(envelope_overhead_percent(&e), ==, 82); /* 54 of 66 */
  session_select_frame(session, AT_POP_SYN);               /* 54 octets, filled to 60 */
  envelope_open(&e, session_decode(session));
  g_assert_cmpuint(e.padding_octets, ==, 6);
  g_assert_cmpuint(e.payload_octets, ==, 0);
  g_assert_cmpuint(e.total_octets, ==, 60);
  g_assert_cmpuint(envelope_overhead_percent(&e), ==, 100);
}

static void
envelope_rows_find_their_fields(void)
{
  g_autoptr(Session) session = open_capture();
  struct envelope e;
  session_select_frame(session, AT_POP_USER);
  struct decode *d = session_decode(session);
  envelope_open(&e, d);
  for (unsigned l = 0; l < e.n_layers; l++)
    for (unsigned i = 0; i < e.layers[l].header->n_fields; i++) {
      const struct wire_field *row = &e.layers[l].header->fields[i];
      uint32_t index = envelope_field(d, &e.layers[l], row);
      if (index == UINT32_MAX)
        g_error("no field %s in the decode", row->key);
    }
}

static void
encapsulation_selects_by_keyboard(void)
{
  struct stage s;
  if (!put_on_stage(&s, encapsulation_new))
    return;
  session_select_frame(s.session, AT_POP_USER);
  pane_flush(s.pane);
  GtkWidget *area = find(s.pane, GTK_TYPE_DRAWING_AREA, 0);
  press(area, GDK_KEY_Right);
  press(area, GDK_KEY_Return);
  g_assert_cmpuint(session_field(s.session), ==, field_index(s.session, "eth.dst"));
  press(area, GDK_KEY_Right);
  press(area, GDK_KEY_Return);
  g_assert_cmpuint(session_field(s.session), ==, field_index(s.session, "eth.src"));
  const char *twin = atk_object_get_description(gtk_widget_get_accessible(area));
  g_assert_nonnull(strstr(twin, "82 %"));
  g_assert_nonnull(strstr(twin, "USER alice"));
  session_select_frame(s.session, AT_POP_PASS);
  pane_flush(s.pane);
  twin = atk_object_get_description(gtk_widget_get_accessible(area));
  g_assert_null(strstr(twin, POP_SECRET));
  clear_stage(&s);
}

/* ---- dialogue ---- */

static void
dialogue_rows_fold_messages_and_mask_secrets(void)
{
  g_autoptr(Session) session = open_capture();
  struct dialogue_rows rows;
  dialogue_rows_init(&rows);
  dialogue_rows_open(&rows, session_trace(session), 0);
  g_assert_true(dialogue_rows_update(&rows, true));
  static const char *const expected[] = {"+OK ready",
                                         "USER alice",
                                         "+OK",
                                         ("PASS " SECRET_MASK),
                                         "+OK logged in",
                                         "RETR 1",
                                         "+OK 28 octets",
                                         "[28 octets of message]",
                                         ".",
                                         "QUIT",
                                         "+OK bye"};
  g_assert_cmpuint(rows.rows->len, ==, G_N_ELEMENTS(expected));
  for (guint i = 0; i < rows.rows->len; i++) {
    g_autofree char *text = dialogue_row_text(&rows, i, false);
    g_assert_cmpstr(text, ==, expected[i]);
  }
  g_autofree char *clear = dialogue_row_text(&rows, 3, true);
  g_assert_cmpstr(clear, ==, "PASS " POP_SECRET);
  g_auto(GStrv) lines = dialogue_row_lines(&rows, 7, 10);
  g_assert_cmpuint(g_strv_length(lines), ==, 3);
  g_assert_cmpstr(lines[0], ==, "Subject: lunch");
  g_assert_cmpstr(lines[1], ==, "");
  g_assert_cmpstr(lines[2], ==, "At noon?");
  g_assert_cmpint(dialogue_rows_at(&rows, AT_POP_SYN), ==, -1);
  g_assert_cmpint(dialogue_rows_at(&rows, AT_POP_USER), ==, 1);
  g_assert_cmpint(dialogue_rows_at(&rows, AT_POP_USER + 1), ==, 1);
  g_assert_cmpint(dialogue_rows_at(&rows, UINT32_MAX), ==, 10);
  dialogue_rows_clear(&rows);
}

static void
dialogue_lines_select_their_frames(void)
{
  struct stage s;
  if (!put_on_stage(&s, dialogue_new))
    return;
  session_select_frame(s.session, AT_POP_PASS);
  pane_flush(s.pane);
  expect_words(s.pane, "10.0.0.5:50110");
  GtkTreeView *tree = GTK_TREE_VIEW(find(s.pane, GTK_TYPE_TREE_VIEW, 0));
  GtkTreeSelection *selection = gtk_tree_view_get_selection(tree);
  g_autoptr(GtkTreePath) pass = gtk_tree_path_new_from_indices(3, -1);
  g_assert_true(gtk_tree_selection_path_is_selected(selection, pass));
  g_autoptr(GtkTreePath) retr = gtk_tree_path_new_from_indices(5, -1);
  gtk_tree_selection_select_path(selection, retr);
  g_assert_cmpuint(session_frame(s.session), ==, 13);
  clear_stage(&s);
}

/* What goes to the clipboard is what is shown. */
static void
dialogue_copies_masked(void)
{
  struct stage s;
  if (!put_on_stage(&s, dialogue_new))
    return;
  session_select_frame(s.session, AT_POP_PASS);
  pane_flush(s.pane);
  for (int i = 0;; i++) {
    GtkWidget *button = find(s.pane, GTK_TYPE_BUTTON, i);
    g_assert_nonnull(button);
    if (g_strcmp0(gtk_button_get_label(GTK_BUTTON(button)), "Copy") != 0)
      continue;
    gtk_button_clicked(GTK_BUTTON(button));
    break;
  }
  g_autofree char *text = gtk_clipboard_wait_for_text(gtk_clipboard_get(GDK_SELECTION_CLIPBOARD));
  g_assert_nonnull(strstr(text, "C: USER alice\n"));
  g_assert_nonnull(strstr(text, "C: PASS " SECRET_MASK "\n"));
  g_assert_null(strstr(text, POP_SECRET));
  clear_stage(&s);
}

/* ---- states ---- */

static void
states_follow_the_time_cursor(void)
{
  g_autoptr(Session) session = open_capture();
  static const struct {
    uint32_t frame;
    enum tcp_view_state client, server;
    unsigned pop;
  } expected[] = {
      {AT_POP_SYN, TCP_VIEW_SYN_SENT, TCP_VIEW_LISTEN, POP_STATE_AUTHORIZATION},
      {AT_POP_USER, TCP_VIEW_ESTABLISHED, TCP_VIEW_ESTABLISHED, POP_STATE_AUTHORIZATION},
      {AT_POP_PASS, TCP_VIEW_ESTABLISHED, TCP_VIEW_ESTABLISHED, POP_STATE_AUTHORIZATION},
      {AT_POP_PASS_OK, TCP_VIEW_ESTABLISHED, TCP_VIEW_ESTABLISHED, POP_STATE_TRANSACTION},
      {AT_POP_RETR_ANSWER, TCP_VIEW_ESTABLISHED, TCP_VIEW_ESTABLISHED, POP_STATE_TRANSACTION},
      {AT_POP_QUIT_OK, TCP_VIEW_ESTABLISHED, TCP_VIEW_ESTABLISHED, POP_STATE_UPDATE},
      {AT_POP_CLIENT_FIN, TCP_VIEW_FIN_WAIT_1, TCP_VIEW_CLOSE_WAIT, POP_STATE_UPDATE},
      {AT_POP_LAST_ACK, TCP_VIEW_TIME_WAIT, TCP_VIEW_CLOSED, POP_STATE_UPDATE},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
    struct flow_view v;
    session_select_frame(session, expected[i].frame);
    flow_view_at_cursor(session, &v);
    g_test_message("frame %u", expected[i].frame + 1);
    g_assert_cmpint(v.tcp[SIDE_CLIENT], ==, expected[i].client);
    g_assert_cmpint(v.tcp[SIDE_SERVER], ==, expected[i].server);
    g_assert_cmpuint(v.state, ==, expected[i].pop);
  }
}

static void
states_pane_says_what_the_state_allows(void)
{
  struct stage s;
  if (!put_on_stage(&s, states_pane_new))
    return;
  session_select_frame(s.session, AT_POP_PASS_OK);
  expect_words(s.pane, "ESTABLISHED");
  expect_words(s.pane, pop_states[POP_STATE_TRANSACTION].meaning.en);
  session_set_language(s.session, LANG_TH);
  expect_words(s.pane, pop_states[POP_STATE_TRANSACTION].meaning.th);
  expect_words(s.pane, "ไคลเอนต์");
  clear_stage(&s);
}

/* ---- stores ---- */

static void
stores_mark_the_last_change(void)
{
  static const struct run_event events[] = {
      {100, 1, "mailbox bob/INBOX", "1", "size=10 flags= subject=one"},
      {200, 1, "tcp a b", "cwnd", "10"},
      {5000000, 1, "mailbox bob/INBOX", "2", "size=20 flags=\\Recent subject=two = 2 flags=x"},
      {9000000, 1, "mailbox bob/INBOX", "1", "size=10 flags=\\Seen subject=one"},
      {9000500, 2, "store bob-pc", "1", "size=10 flags= subject=one"},
      {20000000, 1, "mailbox bob/INBOX", "1", ""},
  };
  struct stores s;
  stores_at(&s, events, G_N_ELEMENTS(events), 50);
  g_assert_cmpuint(s.all->len, ==, 0);
  g_assert_cmpint(s.changed_ns, ==, -1);
  stores_clear(&s);

  stores_at(&s, events, G_N_ELEMENTS(events), 5000000);
  struct store *inbox = g_ptr_array_index(s.all, 0);
  struct store_entry *one = g_ptr_array_index(inbox->entries, 0);
  struct store_entry *two = g_ptr_array_index(inbox->entries, 1);
  g_assert_cmpint(one->change, ==, STORE_SAME);
  g_assert_cmpint(two->change, ==, STORE_NEW);
  g_assert_cmpstr(two->size, ==, "20");
  g_assert_cmpstr(two->flags, ==, "\\Recent");
  g_assert_cmpstr(two->subject, ==, "two = 2 flags=x");
  stores_clear(&s);

  stores_at(&s, events, G_N_ELEMENTS(events), 9100000);
  g_assert_cmpuint(s.all->len, ==, 2);
  inbox = g_ptr_array_index(s.all, 0);
  one = g_ptr_array_index(inbox->entries, 0);
  g_assert_cmpint(one->change, ==, STORE_CHANGED);
  g_assert_cmpstr(one->old_flags, ==, "");
  g_assert_cmpstr(one->flags, ==, "\\Seen");
  struct store *kept = g_ptr_array_index(s.all, 1);
  g_assert_false(kept->is_server);
  g_assert_cmpstr(kept->name, ==, "bob-pc");
  g_assert_cmpint(((struct store_entry *)g_ptr_array_index(kept->entries, 0))->change, ==,
                  STORE_NEW);
  stores_clear(&s);

  stores_at(&s, events, G_N_ELEMENTS(events), 30000000);
  inbox = g_ptr_array_index(s.all, 0);
  one = g_ptr_array_index(inbox->entries, 0);
  g_assert_cmpint(one->change, ==, STORE_REMOVED);
  stores_clear(&s);
}

static void
store_pane_explains_captures(void)
{
  struct stage s;
  if (!put_on_stage(&s, store_pane_new))
    return;
  expect_words(s.pane, "Only a simulated run");
  session_set_language(s.session, LANG_TH);
  expect_words(s.pane, "มีเพียงการจำลองเท่านั้น");
  clear_stage(&s);
}

/* ---- risk ---- */

static GtkWidget *
find_button(GtkWidget *root, const char *label)
{
  for (int i = 0;; i++) {
    GtkWidget *button = find(root, GTK_TYPE_BUTTON, i);
    if (!button || g_strcmp0(gtk_button_get_label(GTK_BUTTON(button)), label) == 0)
      return button;
  }
}

static void
risk_reveals_one_secret_at_a_time(void)
{
  struct stage s;
  if (!put_on_stage(&s, risk_pane_new))
    return;
  expect_words(s.pane, "Logins seen: 2.");
  expect_words(s.pane, "Password: " SECRET_MASK);
  expect_no_words(s.pane, POP_SECRET);
  GtkWidget *reveal = find_button(s.pane, "Reveal this one");
  g_assert_nonnull(reveal);
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(reveal), TRUE);
  settle();
  expect_words(s.pane, "Password: " POP_SECRET);
  /* The other login keeps its own secret. */
  GtkTreeView *tree = GTK_TREE_VIEW(find(s.pane, GTK_TYPE_TREE_VIEW, 0));
  int n = gtk_tree_model_iter_n_children(gtk_tree_view_get_model(tree), NULL);
  for (int i = 0; i < n; i++) {
    g_autoptr(GtkTreePath) path = gtk_tree_path_new_from_indices(i, -1);
    gtk_tree_selection_select_path(gtk_tree_view_get_selection(tree), path);
    expect_no_words(s.pane, SMTP_SECRET);
  }
  clear_stage(&s);
}

static void
risk_rows_select_their_frame(void)
{
  struct stage s;
  if (!put_on_stage(&s, risk_pane_new))
    return;
  GtkTreeView *tree = GTK_TREE_VIEW(find(s.pane, GTK_TYPE_TREE_VIEW, 0));
  int n = gtk_tree_model_iter_n_children(gtk_tree_view_get_model(tree), NULL);
  g_autoptr(GtkTreePath) last = gtk_tree_path_new_from_indices(n - 1, -1);
  gtk_tree_selection_select_path(gtk_tree_view_get_selection(tree), last);
  g_assert_cmpuint(session_frame(s.session), ==, AT_SMTP_AUTH);
  expect_words(s.pane, "bob");
  expect_words(s.pane, "rejected");
  clear_stage(&s);
}

int
main(int argc, char **argv)
{
  g_setenv("GSETTINGS_BACKEND", "memory", TRUE);
  g_setenv("NO_AT_BRIDGE", "1", TRUE);
  g_setenv("GDK_BACKEND", "x11", TRUE);
  g_test_init(&argc, &argv, NULL);
  has_display = gtk_init_check(&argc, &argv);
  g_autofree char *folder = g_dir_make_tmp("enveloscope-panes-XXXXXX", NULL);
  capture_path = fixture_write(folder);
#define ADD(name) g_test_add_func("/panes/" #name, name)
  ADD(list_shows_a_row_for_every_frame);
  ADD(list_never_shows_a_password);
  ADD(list_selection_goes_both_ways);
  ADD(list_obeys_the_keyboard);
  ADD(list_sends_typed_letters_to_the_filter);
  ADD(list_moves_among_filtered_rows);
  ADD(list_is_a_table_for_screen_readers);
  ADD(list_offers_filters_that_its_frame_fits);
  ADD(filter_entry_judges_and_applies);
  ADD(filter_entry_follows_the_session);
  ADD(tree_selection_goes_both_ways);
  ADD(tree_offers_to_reveal_what_it_masks);
  ADD(hex_masks_the_password_until_revealed);
  ADD(hex_shows_the_octets_of_the_frame);
  ADD(mask_covers_base64_and_what_it_says);
  ADD(envelope_counts_headers_and_padding);
  ADD(envelope_rows_find_their_fields);
  ADD(encapsulation_selects_by_keyboard);
  ADD(dialogue_rows_fold_messages_and_mask_secrets);
  ADD(dialogue_lines_select_their_frames);
  ADD(dialogue_copies_masked);
  ADD(states_follow_the_time_cursor);
  ADD(states_pane_says_what_the_state_allows);
  ADD(stores_mark_the_last_change);
  ADD(store_pane_explains_captures);
  ADD(risk_reveals_one_secret_at_a_time);
  ADD(risk_rows_select_their_frame);
  int failed = g_test_run();
  g_remove(capture_path);
  g_rmdir(folder);
  g_free(capture_path);
  return failed;
}
