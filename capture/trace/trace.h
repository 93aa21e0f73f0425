/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_TRACE_H
#define CAPTURE_TRACE_TRACE_H

/* The append-only store that every view, report and filter reads. Simulated frames lie in its
 * arena; frames of a file stay in the file and are read again by offset. Nothing recorded changes.
 *
 *   feeder ──trace_append / trace_loader_step──> pass 1 (once per frame, in order) ──> records,
 * flows, elements reader ──trace_frame, trace_octets, trace_flow, trace_element──> pass 2 (any
 * order, any time)
 */
#include <gio/gio.h>
#include <stdbool.h>

#include "capture/trace/element.h"
#include "capture/wire/addr.h"
#include "capture/wire/net.h"

#define TRACE_NONE UINT32_MAX

/* Wireshark's analysis items, as bits of trace_frame.analysis. A fast or spurious retransmission
 * has ANALYSIS_RETRANSMISSION too, as tshark's fields say it. */
enum trace_analysis {
  ANALYSIS_RETRANSMISSION = 1 << 0,
  ANALYSIS_FAST_RETRANSMISSION = 1 << 1,
  ANALYSIS_SPURIOUS_RETRANSMISSION = 1 << 2,
  ANALYSIS_OUT_OF_ORDER = 1 << 3,
  ANALYSIS_LOST_SEGMENT = 1 << 4,     /* previous segment not captured */
  ANALYSIS_ACK_LOST_SEGMENT = 1 << 5, /* ACKed unseen segment */
  ANALYSIS_DUPLICATE_ACK = 1 << 6,
  ANALYSIS_KEEP_ALIVE = 1 << 7,
  ANALYSIS_KEEP_ALIVE_ACK = 1 << 8,
  ANALYSIS_ZERO_WINDOW = 1 << 9,
  ANALYSIS_WINDOW_FULL = 1 << 10,
  ANALYSIS_WINDOW_UPDATE = 1 << 11,
  ANALYSIS_ZERO_WINDOW_PROBE = 1 << 12,
  ANALYSIS_ZERO_WINDOW_PROBE_ACK = 1 << 13,
  ANALYSIS_REUSED_PORTS = 1 << 14,
  ANALYSIS_MALFORMED = 1 << 15,
};

/* What is known of a frame; kept packed (records.h). Indexes are 0-based; users see index + 1. */
struct trace_frame {
  uint64_t position; /* of the captured octets, in the file or in the arena */
  int64_t time_ns;   /* since 1970-01-01 UTC; simulated runs start at TRACE_SIM_EPOCH_NS */
  uint32_t captured_octets;
  uint32_t wire_octets;
  uint32_t flow;         /* index of its flow or TRACE_NONE */
  uint32_t prev_in_flow; /* frame index or TRACE_NONE */
  uint32_t next_in_flow;
  uint32_t element; /* index of the first element completed at this frame; those up to the next
                       frame's number belong to it */
  uint32_t stream_offset;  /* low 32 bits: offset of its first payload octet in its side's stream */
  uint32_t payload_octets; /* transport payload captured */
  uint16_t payload_offset; /* in the frame (0 for none; fragments: 0, use trace_datagram) */
  uint16_t analysis;       /* enum trace_analysis */
  uint16_t tcp_flags;
  uint16_t interface; /* index */
  uint8_t app;        /* enum app of the flow when this frame arrived */
  uint8_t direction;  /* 0: flow's ends[0] to ends[1], 1: back */
  uint8_t flags;      /* enum trace_frame_flag */
  uint8_t state;      /* the application protocol's state behind this frame */
};

/* records.h has room for five. */
enum trace_frame_flag {
  TRACE_FRAME_REASSEMBLED = 1, /* completes an IP datagram from fragments */
  TRACE_FRAME_FRAGMENT = 2,
  TRACE_FRAME_RISK = 4, /* a finding names it */
  TRACE_FRAME_CUT = 8,  /* snap length cut it */
  TRACE_FRAME_ODD = 16, /* its headers contradict one another: this record is not all that pass 2
                           says of its layers */
};

/* 2026-01-01T00:00:00Z */
#define TRACE_SIM_EPOCH_NS INT64_C(1767225600000000000)

struct trace_flow_end {
  struct ip_addr addr;
  uint16_t port;
  uint32_t n_frames;
  uint64_t n_octets;      /* payload, retransmissions included */
  uint32_t isn;           /* sequence number of its SYN, or first seen - 1 */
  uint32_t n_retransmits; /* of all kinds */
  bool syn_seen, fin_seen, rst_seen;
};

struct trace_flow {
  uint8_t proto;  /* IP_PROTO_TCP or IP_PROTO_UDP */
  uint8_t app;    /* enum app */
  uint8_t client; /* 0 or 1: which end is the client */
  uint8_t state;  /* last application state */
  uint16_t interface;
  uint8_t has_tls; /* TLS records were seen, from the start or behind STARTTLS */
  uint32_t stream; /* Wireshark's number: tcp.stream or udp.stream, counted apart */
  uint32_t first_frame, last_frame;
  struct trace_flow_end ends[2]; /* ends[0] sent the first frame */
};

/* A run of octets of a derived source and the frame that brought it. */
struct trace_piece {
  uint64_t first; /* in the derived octets */
  uint32_t n_octets;
  uint32_t frame;
  uint32_t frame_offset; /* where these octets lie in that frame (or in its reassembled datagram) */
};

struct trace_interface {
  char *name;    /* NULL when the file does not say */
  uint16_t link; /* enum link_type */
  uint32_t snap_octets;
};

struct trace;

struct trace *trace_new(void);
void trace_free(struct trace *t);
typedef struct trace trace_owned; /* g_autoptr(trace_owned) t = trace_new(); */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(trace_owned, trace_free)

struct trace_loader;

/* ---- feeding ---- */

/* Adds an interface; returns its index. `name` is copied and may be NULL. */
uint16_t trace_add_interface(struct trace *t, const char *name, enum link_type link);

/* With `separate` the same addresses and ports on two interfaces are two flows: for a run whose
 * taps record every hop of a packet, which would else look like its retransmissions. Not so by
 * default: files follow Wireshark, and a run that records each packet once has one flow over
 * several interfaces. Before the first frame only. */
void trace_set_separate_interfaces(struct trace *t, bool separate);

/* The frames are of the simulator: findings are two steps less severe. Before the first frame. */
void trace_set_simulated(struct trace *t, bool simulated);

/* Appends one frame whose octets are copied into the arena, runs pass 1 over it and returns its
 * index. TRACE_NONE when the trace is full (4,294,967,294 frames). */
uint32_t trace_append(struct trace *t, uint16_t interface, int64_t time_ns, const uint8_t *octets,
                      uint32_t captured, uint32_t wire);

/* Adds secrets of TLS connections in the key log format (capture/tls/keylog.h); returns how many
 * lines were of use. Records that come with frames appended later are opened with them; the secrets
 * in a pcapng file are added by themselves. */
size_t trace_add_keylog(struct trace *t, const char *text, size_t n);

/* All frames are in: open sessions end, pending logins come out. Appending afterwards is our bug.
 */
void trace_finish(struct trace *t);

/* ---- loading a file, stepwise so that a window stays alive ---- */

enum trace_load {
  TRACE_LOAD_MORE,
  TRACE_LOAD_DONE,
  TRACE_LOAD_FAILED,
  TRACE_LOAD_WAITING /* a file that is being written: all that is whole was read */
};

/* Opens pcap, pcapng or either one gzipped. NULL and `error` (G_FILE_ERROR, or SOURCE_ERROR from
 * capture/source/reader.h) when it cannot be opened or its header is none that is read. */
struct trace_loader *trace_loader_new(struct trace *t, const char *path, GError **error);
/* A pcapng file that is still being written, of which the first `n_octets` are whole (and hold at least
 * its section): the loader says WAITING behind them and goes on after trace_loader_follow(). With
 * `is_last` the file has come to its end: then DONE. */
struct trace_loader *trace_loader_new_growing(struct trace *t, const char *path, uint64_t n_octets,
                                              GError **error);
void trace_loader_follow(struct trace_loader *l, uint64_t n_octets, bool is_last);
/* Reads at most n_frames_max frames. FAILED: what could be read stays, `error` says where it
 * stopped. DONE: trace_finish() was called. `fraction` (may be NULL) is 0..1. */
enum trace_load trace_loader_step(struct trace_loader *l, uint32_t n_frames_max, double *fraction,
                                  GError **error);
void trace_loader_free(struct trace_loader *l);

/* The whole file at once. False when nothing could be opened. When the file ended early, true,
 * and *warning (may be NULL) is set to what was wrong and where. */
bool trace_load_file(struct trace *t, const char *path, GError **warning, GError **error);

/* ---- reading ---- */

uint32_t trace_n_frames(const struct trace *t);
/* A frame's record, unpacked from where it is kept. */
struct trace_frame trace_frame(const struct trace *t, uint32_t index);
/* Fills out[0..n) with the records from `first` on: the quickest way through many frames. */
void trace_frames(const struct trace *t, uint32_t first, uint32_t n, struct trace_frame *out);
/* One value of many records at once. */
enum trace_column {
  TRACE_COLUMN_FLOW, /* 1 + flow index * 2 + direction; 0 when the record does not tell the frame's
                        layers: no flow, REASSEMBLED, FRAGMENT or ODD */
  TRACE_COLUMN_FLAGS,
  TRACE_COLUMN_WIRE,
  TRACE_COLUMN_CAPTURED,
  TRACE_COLUMN_PAYLOAD_OFFSET,
  TRACE_COLUMN_PAYLOAD_OCTETS,
  TRACE_COLUMN_TCP_FLAGS,
  TRACE_COLUMN_ANALYSIS,
  TRACE_COLUMN_INTERFACE,
  TRACE_COLUMN_ELEMENT,
  TRACE_COLUMN_N
};
/* Fills out[0..n) with that value of the records from `first` on: what filters go by. */
void trace_column(const struct trace *t, enum trace_column what, uint32_t first, uint32_t n,
                  uint32_t *out);
/* The same of time_ns. */
void trace_times_ns(const struct trace *t, uint32_t first, uint32_t n, int64_t *out);
/* One value of a record alone. */
uint32_t trace_flow_of(const struct trace *t, uint32_t frame);
int64_t trace_time_ns(const struct trace *t, uint32_t frame);
uint32_t trace_next_in_flow(const struct trace *t, uint32_t frame);
uint32_t trace_n_interfaces(const struct trace *t);
const struct trace_interface *trace_interface(const struct trace *t, uint16_t index);
enum link_type trace_link(const struct trace *t, uint32_t frame);

/* Copies the frame's captured octets into `out` (set to that size). False, and an empty `out`, when
 * the file can no longer be read (removed, shrunk). */
bool trace_octets(const struct trace *t, uint32_t frame, GByteArray *out);

/* False when the frames lie in a file that another program changed or shrank since: their octets
 * cannot be had again. A file that grew or lost its name does no harm. */
bool trace_is_readable(const struct trace *t);

/* Octets of frame after frame without a copy of each: a window reads ahead in the file, so that
 * going through a trace in order costs as much as reading it. One reader at a time; NULL may be
 * freed. */
struct trace_window;
struct trace_window *trace_window_new(const struct trace *t);
void trace_window_free(struct trace_window *w);
/* The frame's captured octets, borrowed until the next call; NULL when they can no longer be read.
 */
const uint8_t *trace_window_octets(struct trace_window *w, uint32_t frame);

/* For a frame with TRACE_FRAME_REASSEMBLED: the IP payload put together from its fragments, and the
 * pieces (struct trace_piece; frame_offset counts in the fragment's frame). False otherwise, and
 * when the file can no longer be read. */
bool trace_datagram(const struct trace *t, uint32_t frame, GByteArray *out, GArray *pieces);

uint32_t trace_n_flows(const struct trace *t);
const struct trace_flow *trace_flow(const struct trace *t, uint32_t index);
/* The flow with that tcp.stream (or udp.stream) number, or TRACE_NONE. */
uint32_t trace_find_stream(const struct trace *t, uint8_t proto, uint32_t stream);

uint32_t trace_n_elements(const struct trace *t);
struct element trace_element(const struct trace *t, uint32_t index);
/* Its flow alone: the quick way to pass over what others said. */
uint32_t trace_element_flow(const struct trace *t, uint32_t index);
/* The next element of the same flow behind this one and before element `end`, or ELEMENT_NONE. */
uint32_t trace_element_next(const struct trace *t, uint32_t index, uint32_t end);
/* The elements of frame i are [trace_frame(i).element, trace_elements_end(i)): what pass 1 said
 * while it took the frame. A SYN that reuses ports ends the old flow's session, so compare their
 * `flow`. Elements that came out in trace_finish() belong to no frame's range. */
uint32_t trace_elements_end(const struct trace *t, uint32_t frame);
/* For a TCP frame with payload: the first element of its flow and side that overlaps the frame's
 * payload, completed at this frame or a later one; ELEMENT_NONE when none does. */
uint32_t trace_element_at(const struct trace *t, uint32_t frame);

/* n octets of one direction of a TCP flow from a stream offset on, as reassembled (the first
 * arrival of an octet wins), with the pieces they came from. `near_frame` is a frame of the flow at
 * or before which the search may start (an element's first_frame). Missing octets are zero and have
 * no piece. False, and an empty `out`, when the flow is not TCP or its file cannot be read again.
 */
bool trace_stream(const struct trace *t, uint32_t flow, int direction, uint32_t near_frame,
                  uint64_t offset, uint32_t n, GByteArray *out, GArray *pieces);

/* What a record of TLS held, when the key log opened it: an ELEMENT_TLS with its flow, side and
 * offset. The octets are valid until more is appended. */
struct trace_plain {
  uint8_t type; /* enum tls_content: what was inside, whatever the record's header says */
  const uint8_t *octets;
  uint32_t n_octets;
};
bool trace_plain(const struct trace *t, const struct element *record, struct trace_plain *out);

/* n octets from `offset` on of the stream in which an element lies: the TCP stream, or what was
 * opened of it. As trace_stream(); near_frame does not matter inside TLS, and a piece of opened
 * octets has no place in its frame (frame_offset TRACE_NONE). */
bool trace_element_stream(const struct trace *t, const struct element *e, uint32_t near_frame,
                          uint64_t offset, uint32_t n, GByteArray *out, GArray *pieces);

/* An element's octets: trace_element_stream() with its own numbers. */
bool trace_element_octets(const struct trace *t, uint32_t element, GByteArray *out, GArray *pieces);

/* The direction (0 or 1) in which a side of a flow sends. */
int trace_side_direction(const struct trace_flow *flow, enum side side);

/* What a reader of the file should know: counts of damaged records and where reading stopped. */
struct trace_damage {
  uint64_t n_cut_frames;  /* snap length */
  uint64_t n_bad_records; /* skipped */
  bool ended_early;
};
struct trace_damage trace_damage(const struct trace *t);

/* What the file says addresses are called (struct reader_name), as far as it was read; NULL when
 * there is no file. The array only grows. */
const GArray *trace_names(const struct trace *t);

/* ---- comments of frames: of the file, or written by the person who looks at it ---- */

/* Octets of all comments of one trace: a book's worth for each of a hundred readers. */
#define TRACE_COMMENTS_MAX ((size_t)64 << 20)

/* NULL: none. Valid until it is changed. */
const char *trace_comment(const struct trace *t, uint32_t frame);
/* NULL or "" takes it away. False when TRACE_COMMENTS_MAX or one comment's READER_COMMENT_MAX is
 * reached; then nothing changed. */
bool trace_set_comment(struct trace *t, uint32_t frame, const char *comment);

/* Writes all frames as pcapng: with the interfaces, names, secrets and statistics of the file that was
 * read, and the comments of now. False with an error when a frame cannot be read any more or `out`
 * takes no more. */
bool trace_save(const struct trace *t, GOutputStream *out, GError **error);

/* What the index takes in memory: records, elements and flows; not octets of frames. */
uint64_t trace_index_octets(const struct trace *t);

/* ---- logins and findings, gathered in pass 1 (capture/findings/findings.h) ---- */
struct findings;
const struct findings *trace_findings(const struct trace *t);

#endif
