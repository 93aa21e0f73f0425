/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_SETTINGS_H
#define GUI_SETTINGS_H

/* What is remembered from one start to the next: a key file in the user's configuration folder. A
 * file, because a GSettings schema has to be installed and a student may run this from a USB stick.
 */
#include <glib.h>

struct settings;

/* Reads enveloscope/window.ini of the user's configuration folder; a missing or broken file is an
 * empty one. With `path` NULL nothing is read and settings_save() writes nothing. */
struct settings *settings_new(const char *path);
/* The default path; g_free(). */
char *settings_path(void);
void settings_free(struct settings *s);
/* Writes the file; problems are warned of once and otherwise ignored: they must not keep anybody
 * from closing a window. */
void settings_save(struct settings *s);

int settings_int(struct settings *s, const char *key, int fallback);
void settings_set_int(struct settings *s, const char *key, int value);
gboolean settings_bool(struct settings *s, const char *key, gboolean fallback);
void settings_set_bool(struct settings *s, const char *key, gboolean value);
/* NULL when absent; g_free(). */
char *settings_text(struct settings *s, const char *key);
void settings_set_text(struct settings *s, const char *key, const char *value);

#endif
