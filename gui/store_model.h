/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_STORE_MODEL_H
#define GUI_STORE_MODEL_H

/* What servers and clients store at a time, from the state events of a run ("mailbox USER/NAME" and
 * "store HOST", see sim/core/world.h). Pure: a function of the events and the time. */
#include "lessons/run.h"

enum store_change { STORE_SAME, STORE_NEW, STORE_CHANGED, STORE_REMOVED };

/* One message. Strings belong to the entry. */
struct store_entry {
  char *key; /* UID or number */
  char *size, *flags, *subject;
  char *old_flags; /* before the last change, for STORE_CHANGED */
  enum store_change change;
};

struct store {
  uint32_t host;
  gboolean is_server; /* "mailbox …"; else "store …" */
  char *name;         /* "bob/INBOX", "bob-pc" */
  GPtrArray *entries; /* struct store_entry *, in the order in which they came */
};

struct stores {
  GPtrArray *all; /* struct store *, in the order in which they were first named */
  /* The last change at or before the time: every entry that it touched is marked. */
  int64_t changed_ns; /* -1: nothing changed yet */
};

/* Events are sorted by time; those behind `time_ns` do not count. */
void stores_at(struct stores *s, const struct run_event *events, size_t n, int64_t time_ns);
void stores_clear(struct stores *s);

#endif
