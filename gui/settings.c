/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings.c -- window size, dividers, language and look, kept in a key file. */
#include "gui/settings.h"

#define GROUP "window"

struct settings {
  char *path;
  GKeyFile *file;
};

char *
settings_path(void)
{
  return g_build_filename(g_get_user_config_dir(), "enveloscope", "window.ini", NULL);
}

struct settings *
settings_new(const char *path)
{
  struct settings *s = g_new0(struct settings, 1);
  s->path = g_strdup(path);
  s->file = g_key_file_new();
  if (path)
    g_key_file_load_from_file(s->file, path, G_KEY_FILE_NONE, NULL);
  return s;
}

void
settings_free(struct settings *s)
{
  if (!s)
    return;
  g_key_file_free(s->file);
  g_free(s->path);
  g_free(s);
}

void
settings_save(struct settings *s)
{
  g_autoptr(GError) error = NULL;
  if (!s->path)
    return;
  g_autofree char *folder = g_path_get_dirname(s->path);
  if (g_mkdir_with_parents(folder, 0700) != 0 || !g_key_file_save_to_file(s->file, s->path, &error))
    g_message("%s: %s", s->path, error ? error->message : "the folder cannot be made");
}

int
settings_int(struct settings *s, const char *key, int fallback)
{
  g_autoptr(GError) error = NULL;
  int value = g_key_file_get_integer(s->file, GROUP, key, &error);
  return error ? fallback : value;
}

void
settings_set_int(struct settings *s, const char *key, int value)
{
  g_key_file_set_integer(s->file, GROUP, key, value);
}

gboolean
settings_bool(struct settings *s, const char *key, gboolean fallback)
{
  g_autoptr(GError) error = NULL;
  gboolean value = g_key_file_get_boolean(s->file, GROUP, key, &error);
  return error ? fallback : value;
}

void
settings_set_bool(struct settings *s, const char *key, gboolean value)
{
  g_key_file_set_boolean(s->file, GROUP, key, value);
}

char *
settings_text(struct settings *s, const char *key)
{
  return g_key_file_get_string(s->file, GROUP, key, NULL);
}

void
settings_set_text(struct settings *s, const char *key, const char *value)
{
  g_key_file_set_string(s->file, GROUP, key, value);
}
