/* SPDX-License-Identifier: GPL-3.0-or-later */
/* history.c -- the frames that were looked at, as a browser keeps pages. */
#include "gui/history.h"

struct history {
  GArray *frames; /* uint32_t */
  guint at;       /* index behind the current one; 0 when there is none */
  gboolean is_going;
};

static void
forget(Session *session, struct history *h)
{
  g_array_set_size(h->frames, 0);
  h->at = 0;
}

static void
selected(Session *session, struct history *h)
{
  uint32_t frame = session_frame(session);
  if (h->is_going || session_is_playing(session) || frame == SESSION_NONE)
    return;
  if (h->at > 0 && g_array_index(h->frames, uint32_t, h->at - 1) == frame)
    return; /* another field of the same frame */
  g_array_set_size(h->frames, h->at);
  if (h->frames->len == HISTORY_MAX)
    g_array_remove_index(h->frames, 0);
  g_array_append_val(h->frames, frame);
  h->at = h->frames->len;
}

static void
history_free(gpointer data)
{
  struct history *h = data;
  g_array_unref(h->frames);
  g_free(h);
}

void
history_start(Session *session)
{
  struct history *h = g_new0(struct history, 1);
  h->frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  g_object_set_data_full(G_OBJECT(session), "history", h, history_free);
  g_signal_connect(session, "loaded", G_CALLBACK(forget), h);
  g_signal_connect(session, "selection-changed", G_CALLBACK(selected), h);
}

void
history_go(Session *session, int by)
{
  struct history *h = g_object_get_data(G_OBJECT(session), "history");
  if (!h || (by < 0 && h->at < 2) || (by > 0 && h->at >= h->frames->len))
    return;
  h->at += by < 0 ? -1u : 1u;
  h->is_going = TRUE;
  session_select_frame(session, g_array_index(h->frames, uint32_t, h->at - 1));
  h->is_going = FALSE;
}
