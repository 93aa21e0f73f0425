/* SPDX-License-Identifier: GPL-3.0-or-later */
/* live.c -- the caller's half of a live capture: a child process, a socket, a file.
 *
 * The socket has packets (SOCK_SEQPACKET), so that a message is whole or not there. The helper is
 * another program and may be of another build: what it says is checked (control.h), and what does
 * not fit ends the capture with a sentence. What the file holds is never taken from the file's size
 * but from COMMIT, because only that is whole. */
#include "capture/source/live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/helper/control.h"
#include "capture/source/rights.h"
#include "capture/wire/lang.h"

enum {
  FD_CONTROL = 3, /* where the helper expects them */
  FD_OUTPUT = 4,
  END_WAIT_MS = 2000, /* for a helper that was told to end, before each stronger word */
  END_STEP_MS = 5,
};

G_DEFINE_QUARK(enveloscope - live - error - quark, live_error)

struct live {
  struct live_state state;
  char *interface;
  int control;
  GPid helper;   /* 0: reaped */
  unsigned said; /* for control_may_follow() */
  bool was_told_trouble;
};

/* ---- starting ---- */

static char **
arguments(const struct live_options *o, const char *helper)
{
  g_autoptr(GStrvBuilder) b = g_strv_builder_new();
  g_autofree char *snap =
      g_strdup_printf("%u", o->snap_octets ? o->snap_octets : (unsigned)LIVE_SNAP_OCTETS);
  g_autofree char *ring =
      g_strdup_printf("%u", o->ring_octets ? o->ring_octets : (unsigned)LIVE_RING_OCTETS);
  g_autofree char *least = g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)o->floor_octets);
  g_strv_builder_add_many(b, helper, "-i", o->interface, "-s", snap, "-b", ring, "-m", least, NULL);
  if (o->filter && *o->filter)
    g_strv_builder_add_many(b, "-f", o->filter, NULL);
  if (o->is_promiscuous)
    g_strv_builder_add(b, "-p");
  return g_strv_builder_end(b);
}

struct live *
live_new(const struct live_options *options, int output, GError **error)
{
  g_autofree char *helper = rights_helper();
  int ends[2];
  if (!helper) {
    g_set_error(
        error, LIVE_ERROR, LIVE_ERROR_HELPER, "%s",
        lang_text("the capture helper enveloscope-dump is not installed beside this program; "
                  "build or install Enveloscope again",
                  "ไม่พบโปรแกรมช่วยดักจับ enveloscope-dump ข้างโปรแกรมนี้ โปรดสร้างหรือติดตั้ง "
                  "Enveloscope ใหม่"));
    return NULL;
  }
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    g_set_error(error, LIVE_ERROR, LIVE_ERROR_HELPER, "%s", g_strerror(errno));
    return NULL;
  }
  struct live *l = g_new0(struct live, 1);
  g_auto(GStrv) argv = arguments(options, helper);
  int from[] = {ends[1], output}, to[] = {FD_CONTROL, FD_OUTPUT};
  l->interface = g_strdup(options->interface);
  l->control = ends[0];
  g_autoptr(GError) why = NULL;
  bool done = g_spawn_async_with_pipes_and_fds(
      NULL, (const char *const *)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1, -1,
      from, to, G_N_ELEMENTS(from), &l->helper, NULL, NULL, NULL, &why);
  close(ends[1]);
  if (done)
    return l;
  g_set_error(
      error, LIVE_ERROR,
      g_error_matches(why, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES) ? LIVE_ERROR_PERMISSION
                                                               : LIVE_ERROR_HELPER,
      lang_text("the capture helper %s cannot be started: %s", "เริ่มโปรแกรมช่วยดักจับ %s ไม่ได้: %s"),
      helper, why->message);
  l->helper = 0;
  live_free(l);
  return NULL;
}

/* ---- ending ---- */

static bool
reap(struct live *l, int wait_ms)
{
  for (int ms = 0; l->helper && ms <= wait_ms; ms += END_STEP_MS) {
    pid_t done = waitpid(l->helper, NULL, WNOHANG);
    if (done == l->helper || (done < 0 && errno != EINTR)) {
      g_spawn_close_pid(l->helper);
      l->helper = 0;
    } else {
      g_usleep(END_STEP_MS * 1000);
    }
  }
  return !l->helper;
}

void
live_free(struct live *l)
{
  if (!l)
    return;
  close(l->control); /* for the helper this is STOP */
  static const int words[] = {SIGTERM, SIGKILL};
  for (unsigned i = 0; !reap(l, END_WAIT_MS) && i < G_N_ELEMENTS(words); i++)
    kill(l->helper, words[i]);
  g_free(l->interface);
  g_free(l);
}

static bool
say(struct live *l, enum control_type type, int fd)
{
  uint8_t octets[CONTROL_MESSAGE_MAX];
  struct iovec place = {.iov_base = octets,
                        .iov_len = control_put(&(struct control_message){.type = type}, octets)};
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } beside = {0};
  struct msghdr packet = {.msg_iov = &place, .msg_iovlen = 1};
  if (fd >= 0) {
    packet.msg_control = &beside;
    packet.msg_controllen = sizeof beside;
    struct cmsghdr *c = CMSG_FIRSTHDR(&packet);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  ssize_t n;
  do
    n = sendmsg(l->control, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  return n >= 0;
}

void
live_stop(struct live *l)
{
  if (!l->state.has_ended)
    say(l, CONTROL_STOP, -1);
}

bool
live_rotate(struct live *l, int output)
{
  return !l->state.has_ended && say(l, CONTROL_ROTATE, output);
}

/* ---- what the helper says ---- */

/* Sentences for the codes; the first %s is the interface or the helper, the second what the system
 * said. Rows without a second one do not use it. */
static const struct {
  enum live_error code;
  struct lang_pair text;
} troubles[CONTROL_N_ERRORS] = {
    [CONTROL_ERROR_PERMISSION] = {LIVE_ERROR_PERMISSION,
                                  {"you have no right to capture on %s. In the folder of the "
                                   "source “./run capture-rights” gives "
                                   "the capture helper that right and nothing else; root is not "
                                   "needed afterwards. Files can be "
                                   "read without it.",
                                   "คุณไม่มีสิทธิ์ดักจับบน %s ให้สั่ง “./run capture-rights” ในโฟลเดอร์ซอร์ส "
                                   "เพื่อให้สิทธินี้เพียงอย่างเดียวแก่โปรแกรมช่วยดักจับ หลังจากนั้นไม่ต้องใช้ root "
                                   "ส่วนการอ่านไฟล์ไม่ต้องมีสิทธินี้"}},
    [CONTROL_ERROR_NO_INTERFACE] =
        {LIVE_ERROR_INTERFACE,
         {"there is no interface “%s”; “enveloscope-capture interfaces” lists them",
          "ไม่มีอินเทอร์เฟซ “%s” ใช้ “enveloscope-capture interfaces” เพื่อดูรายชื่อ"}},
    [CONTROL_ERROR_DOWN] = {LIVE_ERROR_INTERFACE,
                            {"the interface “%s” is down; bring it up first (ip link set … up)",
                             "อินเทอร์เฟซ “%s” ปิดอยู่ โปรดเปิดก่อน (ip link set … up)"}},
    [CONTROL_ERROR_FILTER] =
        {LIVE_ERROR_FILTER,
         {"the capture filter for %s is not understood: %s. Its language is that of "
          "pcap-filter(7), for "
          "example “tcp port 25”; it is not the display filter.",
          "ไม่เข้าใจตัวกรองการดักจับของ %s: %s ตัวกรองนี้ใช้ภาษาตาม pcap-filter(7) เช่น “tcp port 25” "
          "ซึ่งไม่ใช่ตัวกรองการแสดงผล"}},
    [CONTROL_ERROR_VANISHED] =
        {LIVE_ERROR_VANISHED,
         {"the interface “%s” went away; what was captured until then is kept",
          "อินเทอร์เฟซ “%s” หายไป ข้อมูลที่ดักจับไว้ก่อนหน้านั้นยังอยู่ครบ"}},
    [CONTROL_ERROR_DISK_FULL] =
        {LIVE_ERROR_DISK,
         {"capturing on %s stopped, nothing more can be written: %s. What was captured is kept; "
          "free "
          "some room, or choose another place.",
          "หยุดดักจับบน %s เพราะเขียนต่อไม่ได้: %s ข้อมูลที่ดักจับแล้วยังอยู่ โปรดเพิ่มที่ว่างหรือเลือกที่อื่น"}},
    [CONTROL_ERROR_DISK_FLOOR] =
        {LIVE_ERROR_DISK,
         {"capturing on %s stopped before the disk was full, so that other programs keep some "
          "room. "
          "What was captured is kept; free some room, or choose another place.",
          "หยุดดักจับบน %s ก่อนดิสก์เต็ม เพื่อให้โปรแกรมอื่นยังมีที่ว่างใช้ ข้อมูลที่ดักจับแล้วยังอยู่ "
          "โปรดเพิ่มที่ว่างหรือเลือกที่อื่น"}},
    [CONTROL_ERROR_OUTPUT] = {LIVE_ERROR_OUTPUT,
                              {"capturing on %s stopped, the frames could not be written: %s",
                               "หยุดดักจับบน %s เพราะเขียนเฟรมไม่ได้: %s"}},
    [CONTROL_ERROR_CAPTURE] = {LIVE_ERROR_CAPTURE,
                               {"capturing on %s failed: %s", "ดักจับบน %s ไม่สำเร็จ: %s"}},
    [CONTROL_ERROR_SANDBOX] =
        {LIVE_ERROR_HELPER,
         {"the capture helper for %s could not give up its rights and did not begin: %s",
          "โปรแกรมช่วยดักจับสำหรับ %s สละสิทธิ์ของตนไม่ได้จึงไม่เริ่มทำงาน: %s"}},
    [CONTROL_ERROR_USAGE] =
        {LIVE_ERROR_HELPER,
         {"the capture helper for %s is of another version: %s; build Enveloscope "
          "again and repeat “./run capture-rights”",
          "โปรแกรมช่วยดักจับสำหรับ %s เป็นคนละรุ่น: %s โปรดสร้าง Enveloscope ใหม่แล้วสั่ง "
          "“./run capture-rights” อีกครั้ง"}},
};

static enum live_event
trouble(struct live *l, enum control_error code, const char *text, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *sentence = g_string_new(NULL);
  g_string_append_printf(sentence, lang_pick(troubles[code].text), l->interface, valid);
  g_set_error_literal(error, LIVE_ERROR, (int)troubles[code].code, sentence->str);
  g_string_free(sentence, TRUE);
  l->was_told_trouble = true;
  return LIVE_TROUBLE;
}

static enum live_event
take(struct live *l, const struct control_message *m, GError **error)
{
  struct live_state *s = &l->state;
  switch (m->type) {
  case CONTROL_READY:
    s->is_ready = true;
    s->link = m->link;
    return LIVE_READY;
  case CONTROL_COMMIT:
    s->n_octets = m->n_octets;
    s->n_frames = m->n_frames;
    return LIVE_COMMIT;
  case CONTROL_STATS:
    s->n_received = m->n_received;
    s->n_dropped_kernel = m->n_dropped_kernel;
    s->n_dropped_interface = m->n_dropped_interface;
    s->n_written = m->n_written;
    return LIVE_STATS;
  case CONTROL_ROTATED:
    s->n_done_octets = m->n_octets;
    s->n_done_frames = m->n_frames;
    s->n_octets = s->n_frames = 0;
    return LIVE_ROTATED;
  case CONTROL_ERROR:
    return trouble(l, m->error, m->text, error);
  case CONTROL_BYE:
    s->n_octets = m->n_octets;
    s->n_frames = m->n_frames;
    s->has_ended = true;
    return LIVE_ENDED;
  case CONTROL_STOP:
  case CONTROL_ROTATE:
    break;
  }
  return LIVE_NOTHING;
}

enum live_event
live_next(struct live *l, GError **error)
{
  if (l->state.has_ended)
    return LIVE_ENDED;
  uint8_t octets[CONTROL_MESSAGE_MAX + 1];
  ssize_t n;
  do
    n = recv(l->control, octets, sizeof octets, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return LIVE_NOTHING;
  struct control_message m;
  if (n > 0 && control_get(octets, (size_t)n, &m) && control_may_follow(&l->said, m.type))
    return take(l, &m, error);
  if (l->was_told_trouble) {
    l->state.has_ended = true;
    return LIVE_ENDED;
  }
  if (n > 0)
    return trouble(l, CONTROL_ERROR_USAGE, lang_text("a message that is not known", "ข้อความที่ไม่รู้จัก"),
                   error);
  l->was_told_trouble = true;
  g_set_error(error, LIVE_ERROR, LIVE_ERROR_HELPER,
              lang_text("the capture helper for %s broke off; what it wrote is kept",
                        "โปรแกรมช่วยดักจับสำหรับ %s หยุดทำงานกลางคัน ข้อมูลที่เขียนแล้วยังอยู่"),
              l->interface);
  return LIVE_TROUBLE;
}

int
live_fd(const struct live *l)
{
  return l->control;
}

const struct live_state *
live_state(const struct live *l)
{
  return &l->state;
}
