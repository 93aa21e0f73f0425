/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_save.c -- what a run leaves behind: its frames as pcapng, its state events as JSON Lines.
 *
 * Files are written beside their place and renamed, so an interrupted run leaves the old file or
 * the complete new one, never half of it. */
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/cmd.h"

/* Gives `octets` to a file or to stdout, whole. */
static bool
save_octets(const char *path, const void *octets, gsize n, GError **error)
{
  if (strcmp(path, "-") != 0)
    return g_file_set_contents(path, octets, (gssize)n, error);
  if (fwrite(octets, 1, n, stdout) == n && fflush(stdout) == 0)
    return true;
  g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_IO,
                      lang_text("stdout takes no more", "เขียนลง stdout ต่อไม่ได้"));
  return false;
}

static bool
save_pcapng(const struct run *r, const char *path, GError **error)
{
  g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
  if (!run_write_pcapng(r, memory, error) || !g_output_stream_close(memory, NULL, error))
    return false;
  GMemoryOutputStream *m = G_MEMORY_OUTPUT_STREAM(memory);
  return save_octets(path, g_memory_output_stream_get_data(m),
                     g_memory_output_stream_get_data_size(m), error);
}

/* Texts go through json-glib, times stay exact. */
void
cmd_append_event(GString *out, const char *host, const struct world_event *e)
{
  const struct {
    const char *name, *text;
  } texts[] = {{"host", host}, {"subject", e->subject}, {"key", e->key}, {"value", e->value}};
  g_autofree char *time = ladder_seconds(e->time_ns);
  g_string_append_printf(out, "{\"time\":%s", time);
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autofree char *valid = g_utf8_make_valid(texts[i].text, -1);
    JsonNode *node = json_node_init_string(json_node_alloc(), valid);
    g_autofree char *quoted = json_to_string(node, false);
    json_node_unref(node);
    g_string_append_printf(out, ",\"%s\":%s", texts[i].name, quoted);
  }
  g_string_append(out, "}\n");
}

static bool
save_events(const struct run *r, const char *path, GError **error)
{
  size_t n = 0;
  const struct run_event *events = run_events(r, &n);
  g_autoptr(GString) out = g_string_new(NULL);
  for (size_t i = 0; i < n; i++) {
    const struct world_event e = {.time_ns = events[i].time_ns,
                                  .subject = events[i].subject,
                                  .key = events[i].key,
                                  .value = run_event_text(r, i)};
    cmd_append_event(out, events[i].host < run_n_hosts(r) ? run_host(r, events[i].host).name : "",
                     &e);
  }
  return save_octets(path, out->str, out->len, error);
}

int
cmd_save(const struct run *r, const char *pcapng, const char *events)
{
  const char *path = pcapng;
  g_autoptr(GError) error = NULL;
  if (path && !save_pcapng(r, path, &error))
    goto failed;
  path = events;
  if (path && !save_events(r, path, &error))
    goto failed;
  return CMD_DONE;
failed:
  return cmd_complain_file(path, error);
}

int
cmd_complain_file(const char *path, const GError *error)
{
  cmd_complain(lang_text("%s: cannot be written (%s); choose a folder that you may write to",
                         "%s: เขียนไม่ได้ (%s) โปรดเลือกโฟลเดอร์ที่มีสิทธิ์เขียน"),
               path, error->message);
  bool forbidden = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
                   g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_PERM);
  return forbidden ? CMD_FORBIDDEN : CMD_UNREADABLE;
}

bool
cmd_share_stdout(const char *pcapng, const char *events)
{
  if (g_strcmp0(pcapng, "-") != 0 || g_strcmp0(events, "-") != 0)
    return true;
  cmd_complain(lang_text("-w - and --events - cannot share stdout; give one of them a file",
                         "-w - กับ --events - ใช้ stdout ร่วมกันไม่ได้ โปรดให้อันหนึ่งเขียนลงไฟล์"));
  return false;
}
