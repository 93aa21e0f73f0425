/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dump.c -- enveloscope-dump: the one program of the project that may look at a network interface.
 *
 *     caller ──socketpair, fd 3──> messages (control.h)        open ─> activate ─> filter
 *            ──0600 file, fd 4──>  pcapng (blocks.h)                ─> sandbox_enter() ─> READY ─>
 * loop
 *
 * It is small so that it can be read in one sitting, because it alone carries cap_net_raw. It opens
 * no file, never sends a frame, and gives up its rights before it looks at the first octet from the
 * wire. Frames go from libpcap's ring into a buffer of whole blocks and from there into the file;
 * the caller learns how far the file is whole (COMMIT) and never holds the capture up: a message
 * that finds no room on the socket is left out, and the next one says more. Only the end is waited
 * for. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "capture/helper/blocks.h"
#include "capture/helper/card.h"
#include "capture/helper/control.h"
#include "capture/helper/drops.h"
#include "capture/helper/sandbox.h"
#include "capture/wire/bytes.h"

enum {
  FD_CONTROL = 3,
  FD_OUTPUT = 4,
  TIMEOUT_MS = CARD_TIMEOUT_MS,
  TICK_MS = 1000,                /* between two statistics */
  LAST_WAIT_MS = 2 * TIMEOUT_MS, /* after STOP: frames that came before it are still in the ring */
  SAY_WAIT_MS = 2000,            /* for a message that must arrive, when the caller does not read */
  BATCH_FRAMES = 8192,           /* between two looks at the control socket */
  BUFFER_OCTETS = 1 << 20,
  WRITE_OCTETS = 1 << 18, /* written at the latest when the buffer holds this much */
};
_Static_assert((int)BUFFER_OCTETS >= (int)WRITE_OCTETS + (int)BLOCKS_ROOM, "a block always fits");

struct dump {
  struct card_settings set;
  pcap_t *pcap;
  struct drops drops;
  struct blocks blocks;
  char os[160];
  int output;
  bool is_file; /* the output: room is looked at, and a half-written block is taken back */
  uint16_t link;
  uint64_t n_octets, n_frames;          /* of this file, as committed */
  uint64_t n_pending_frames, n_written; /* in the buffer; of the whole capture */
  int64_t start_ns, stop_ns;            /* wall clock; stop_ns 0: go on */
  bool is_ready;                        /* and said so */
  bool has_failed;
};

static uint8_t buffer[BUFFER_OCTETS];
static volatile sig_atomic_t was_told_to_end;

static void
on_signal(int number)
{
  was_told_to_end = number;
}

static int64_t
clock_ns(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- saying ---- */

/* Without `must_arrive`, a message that finds no room is left out. */
static bool
say(const struct control_message *m, bool must_arrive)
{
  uint8_t octets[CONTROL_MESSAGE_MAX];
  size_t n = control_put(m, octets);
  int64_t until_ns = clock_ns(CLOCK_MONOTONIC) + (int64_t)SAY_WAIT_MS * 1000000;
  for (;;) {
    if (send(FD_CONTROL, octets, n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
      return true;
    bool is_full = errno == EAGAIN || errno == ENOBUFS;
    if (errno != EINTR && !(is_full && must_arrive))
      return false;
    struct pollfd room = {.fd = FD_CONTROL, .events = POLLOUT};
    if (is_full)
      poll(&room, 1, TIMEOUT_MS);
    if (clock_ns(CLOCK_MONOTONIC) > until_ns)
      return false;
  }
}

static void
say_error(enum control_error error, const char *text)
{
  struct control_message m = {.type = CONTROL_ERROR, .error = error};
  snprintf(m.text, sizeof m.text, "%s", text);
  say(&m, true);
}

/* The first trouble is told, and ends the capture. */
static void
fail(struct dump *d, enum control_error error, const char *text)
{
  if (!d->has_failed)
    say_error(error, text);
  d->has_failed = true;
}

static void
say_place(const struct dump *d, enum control_type type, bool must_arrive)
{
  say(&(struct control_message){.type = type, .n_octets = d->n_octets, .n_frames = d->n_frames},
      must_arrive);
}

/* The file has its head: from now on it can be read at any moment. */
static void
say_ready(struct dump *d)
{
  say(&(struct control_message){.type = CONTROL_READY,
                                .link = d->link,
                                .snap_octets = (uint32_t)d->set.snap_octets},
      true);
  d->is_ready = true;
  say_place(d, CONTROL_COMMIT, false);
}

/* ---- writing ---- */

static void
write_failed(struct dump *d, int code)
{
  if (d->is_file) { /* the file ends with a whole block, and goes on there */
    (void)!ftruncate(d->output, (off_t)d->n_octets);
    lseek(d->output, (off_t)d->n_octets, SEEK_SET);
  }
  d->blocks.n = 0;
  d->n_pending_frames = 0;
  fail(d,
       code == ENOSPC || code == EDQUOT || code == EFBIG ? CONTROL_ERROR_DISK_FULL
                                                         : CONTROL_ERROR_OUTPUT,
       strerror(code));
}

static void
flush(struct dump *d)
{
  size_t at = 0;
  while (at < d->blocks.n) {
    ssize_t n = write(d->output, d->blocks.octets + at, d->blocks.n - at);
    if (n < 0 && errno == EINTR && !was_told_to_end)
      continue;
    if (n <= 0) {
      write_failed(d, n < 0 ? errno : EIO);
      return;
    }
    at += (size_t)n;
  }
  if (!d->blocks.n)
    return;
  d->n_octets += d->blocks.n;
  d->n_frames += d->n_pending_frames;
  d->n_written += d->n_pending_frames;
  d->blocks.n = 0;
  d->n_pending_frames = 0;
  if (d->is_ready)
    say_place(d, CONTROL_COMMIT, false);
}

static void
begin_file(struct dump *d)
{
  if (d->is_file)
    (void)!ftruncate(d->output,
                     0); /* not before: a capture that never began destroys no old file */
  d->n_octets = 0;
  d->n_frames = 0;
  blocks_section(&d->blocks, d->os);
  blocks_interface(&d->blocks, d->link, (uint32_t)d->set.snap_octets, d->set.interface,
                   d->set.filter, d->os);
  flush(d);
}

static void
write_statistics(struct dump *d)
{
  blocks_statistics(&d->blocks,
                    &(struct blocks_counters){.start_ns = d->start_ns,
                                              .now_ns = clock_ns(CLOCK_REALTIME),
                                              .n_received = d->n_written + d->n_pending_frames +
                                                            d->drops.n_kernel,
                                              .n_dropped_kernel = d->drops.n_kernel,
                                              .n_dropped_interface = d->drops.n_interface,
                                              .n_written = d->n_written + d->n_pending_frames});
  flush(d);
}

static void
say_statistics(struct dump *d, bool must_arrive)
{
  say(&(struct control_message){.type = CONTROL_STATS,
                                .n_received = d->n_written + d->drops.n_kernel,
                                .n_dropped_kernel = d->drops.n_kernel,
                                .n_dropped_interface = d->drops.n_interface,
                                .n_written = d->n_written},
      must_arrive);
}

static void
on_frame(u_char *data, const struct pcap_pkthdr *head, const u_char *octets)
{
  struct dump *d = (struct dump *)(void *)data;
  /* Nanoseconds: tv_usec holds them because the handle was asked for them. */
  int64_t time_ns = (int64_t)head->ts.tv_sec * 1000000000 + head->ts.tv_usec;
  if (d->has_failed || head->caplen > BLOCKS_FRAME_MAX || (d->stop_ns && time_ns > d->stop_ns))
    return;
  blocks_packet(&d->blocks, time_ns, octets, head->caplen,
                head->len < head->caplen ? head->caplen : head->len);
  d->n_pending_frames++;
  if (d->blocks.n >= WRITE_OCTETS)
    flush(d);
  if (d->has_failed)
    pcap_breakloop(d->pcap);
}

/* ---- listening to the caller ---- */

static void
stop(struct dump *d)
{
  if (!d->stop_ns)
    d->stop_ns = clock_ns(CLOCK_REALTIME);
}

/* The next file begins; the descriptor is ours now. */
static void
rotate(struct dump *d, int fd)
{
  if (fd < 0 || !d->is_file) {
    if (fd >= 0)
      close(fd);
    fail(d, CONTROL_ERROR_USAGE, "ROTATE without a file");
    return;
  }
  drops_update(&d->drops);
  write_statistics(d);
  if (d->has_failed) {
    close(fd);
    return;
  }
  close(d->output);
  d->output = fd;
  say_place(d, CONTROL_ROTATED, true);
  begin_file(d);
}

/* One packet of the caller; false when none is waiting. */
static bool
listen_once(struct dump *d)
{
  uint8_t octets[CONTROL_MESSAGE_MAX + 1];
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } beside;
  struct iovec place = {.iov_base = octets, .iov_len = sizeof octets};
  struct msghdr packet = {
      .msg_iov = &place, .msg_iovlen = 1, .msg_control = &beside, .msg_controllen = sizeof beside};
  ssize_t n = recvmsg(FD_CONTROL, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  int fd = -1;
  struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&packet) : NULL;
  if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
      c->cmsg_len == CMSG_LEN(sizeof fd))
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
  struct control_message m;
  if (n <= 0) {
    stop(d); /* the caller went away */
    return false;
  }
  if (!control_get(octets, (size_t)n, &m) || control_is_from_helper(m.type))
    fail(d, CONTROL_ERROR_USAGE, "not a message of this version");
  else if (m.type == CONTROL_ROTATE) {
    rotate(d, fd);
    return !d->has_failed;
  } else
    stop(d);
  if (fd >= 0)
    close(fd);
  return !d->has_failed && !d->stop_ns;
}

/* ---- capturing ---- */

static void
look_at_room(struct dump *d)
{
  struct statfs room;
  if (!d->set.floor_octets || !d->is_file || fstatfs(d->output, &room) != 0)
    return;
  if ((uint64_t)room.f_bavail * (uint64_t)room.f_bsize < d->set.floor_octets)
    fail(d, CONTROL_ERROR_DISK_FLOOR, "");
}

/* After trouble the ring still holds what came before it: the kernel hands its last block over when
 * its time is up, and libpcap has told the error by then. */
static void
take_the_rest(struct dump *d)
{
  for (int ms = 0; ms <= LAST_WAIT_MS && !d->has_failed; ms += TIMEOUT_MS) {
    poll(NULL, 0, TIMEOUT_MS);
    (void)pcap_dispatch(d->pcap, -1, on_frame, (u_char *)d);
  }
}

static void
tick(struct dump *d)
{
  bool is_there = drops_update(&d->drops);
  write_statistics(d);
  say_statistics(d, false);
  if (!is_there) {
    take_the_rest(d);
    flush(d);
    fail(d, CONTROL_ERROR_VANISHED, "");
  }
  look_at_room(d);
}

/* Takes what waits in the ring. */
static void
take_frames(struct dump *d)
{
  int n = pcap_dispatch(d->pcap, BATCH_FRAMES, on_frame, (u_char *)d);
  if (n == PCAP_ERROR && !d->has_failed) {
    char text[PCAP_ERRBUF_SIZE];
    snprintf(text, sizeof text, "%s", pcap_geterr(d->pcap));
    bool is_there = drops_update(&d->drops);
    take_the_rest(d);
    flush(d);
    fail(d, is_there ? CONTROL_ERROR_CAPTURE : CONTROL_ERROR_VANISHED, text);
  }
  flush(d);
}

static void
loop(struct dump *d)
{
  int64_t next_tick_ns = clock_ns(CLOCK_MONOTONIC) + (int64_t)TICK_MS * 1000000, end_ns = 0;
  struct pollfd wait[] = {{.fd = pcap_get_selectable_fd(d->pcap), .events = POLLIN},
                          {.fd = FD_CONTROL, .events = POLLIN}};
  while (!d->has_failed) {
    poll(wait, d->stop_ns ? 1 : 2, TIMEOUT_MS);
    if (was_told_to_end)
      stop(d);
    while (!d->stop_ns && !d->has_failed && listen_once(d))
      continue;
    if (!d->has_failed)
      take_frames(d);
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (d->stop_ns && !end_ns)
      end_ns = now_ns + (int64_t)LAST_WAIT_MS * 1000000;
    if (end_ns && now_ns >= end_ns)
      break;
    if (now_ns >= next_tick_ns && !d->has_failed) {
      tick(d);
      next_tick_ns = now_ns + (int64_t)TICK_MS * 1000000;
    }
  }
}

/* ---- opening ---- */

/* Numbers that make no sense end the program: the caller is ours. */
static uint64_t
number(const char *text, uint64_t least, uint64_t most)
{
  char *end;
  errno = 0;
  uint64_t v = strtoull(text, &end, 10);
  if (errno || *end || end == text || v < least || v > most) {
    say_error(CONTROL_ERROR_USAGE, text);
    exit(2);
  }
  return v;
}

static bool
read_arguments(int argc, char **argv, struct card_settings *set)
{
  *set = (struct card_settings){
      .filter = "", .snap_octets = BLOCKS_FRAME_MAX, .ring_octets = 16 << 20};
  int c;
  while ((c = getopt(argc, argv, "i:f:s:b:m:p")) != -1) {
    if (c == 'i')
      set->interface = optarg;
    else if (c == 'f')
      set->filter = optarg;
    else if (c == 's')
      set->snap_octets = (int)number(optarg, 64, BLOCKS_FRAME_MAX);
    else if (c == 'b')
      set->ring_octets = (int)number(optarg, 1 << 16, 1 << 30);
    else if (c == 'm')
      set->floor_octets = number(optarg, 0, UINT64_MAX / 2);
    else if (c == 'p')
      set->is_promiscuous = 1;
    else
      return false;
  }
  return set->interface && optind == argc;
}

static bool
open_card(struct dump *d)
{
  char text[PCAP_ERRBUF_SIZE] = "";
  int index = 0;
  enum control_error error = card_open(&d->set, &d->pcap, &index, text);
  if (error != CONTROL_ERROR_NONE) {
    fail(d, error, text);
    return false;
  }
  d->link = card_link(d->pcap);
  drops_init(&d->drops, pcap_fileno(d->pcap), index);
  return true;
}

static bool
has_caller(void)
{
  int type = 0;
  socklen_t n = sizeof type;
  return getsockopt(FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET &&
         fcntl(FD_OUTPUT, F_GETFL) >= 0;
}

static void
prepare_process(struct dump *d)
{
  struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
  sigaction(SIGTERM, &end, NULL);
  sigaction(SIGHUP, &end, NULL);
  sigaction(SIGINT, &ignore, NULL); /* Ctrl-C is for the caller, who then says STOP */
  sigaction(SIGPIPE, &ignore, NULL);
  sigaction(SIGXFSZ, &ignore, NULL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0});
  closefrom(FD_OUTPUT + 1);
  struct stat st;
  d->output = FD_OUTPUT;
  d->is_file = fstat(FD_OUTPUT, &st) == 0 && S_ISREG(st.st_mode);
  struct utsname name;
  if (uname(&name) == 0)
    snprintf(d->os, sizeof d->os, "%s %s", name.sysname, name.release);
  d->blocks = (struct blocks){.octets = buffer, .max = sizeof buffer};
}

/* The card is open: from here on without rights. */
static void
capture(struct dump *d)
{
  const char *trouble = sandbox_enter();
  d->start_ns = clock_ns(CLOCK_REALTIME);
  if (trouble) {
    fail(d, CONTROL_ERROR_SANDBOX, trouble);
    return;
  }
  begin_file(d);
  if (d->has_failed)
    return;
  say_ready(d);
  loop(d);
  drops_update(&d->drops);
  write_statistics(d); /* also after trouble: a full disk may have room for so little */
  if (d->is_file)
    (void)!fdatasync(d->output);
  say_statistics(d, true);
}

int
main(int argc, char **argv)
{
  static struct dump d;
  clearenv();
  if (!has_caller()) {
    fputs("enveloscope-dump is started by enveloscope and enveloscope-capture, never by hand. Try "
          "“enveloscope-capture record --help”.\n"
          "enveloscope-dump ถูกเรียกโดย enveloscope และ enveloscope-capture เท่านั้น ไม่ใช้เรียกเอง ลองใช้ "
          "“enveloscope-capture record --help”\n",
          stderr);
    return 2;
  }
  opterr = 0;
  prepare_process(&d);
  if (!read_arguments(argc, argv, &d.set))
    fail(&d, CONTROL_ERROR_USAGE, "arguments");
  else if (open_card(&d))
    capture(&d);
  say_place(&d, CONTROL_BYE, true);
  _exit(d.has_failed ? 1 : 0);
}
