// rtp/payload/depacketizer.h - frames out of packets that come in order.
//
// A frame with a hole in it is not given out: what has come of it is dropped, and so is the rest.
// RFC 7741 §4.1, §4.2 (VP8), RFC 6184 §5.1, §5.8 (H.264), RFC 7587 §4.2 (Opus).
// Tested by: tests/rtp/payload/depacketizer_test.cc
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"
#include "base/trace.h"
#include "rtp/jitter_buffer.h"
#include "rtp/payload/h264.h"
#include "rtp/payload/vp8.h"

namespace glass::rtp {

inline constexpr std::size_t kFrameSizeMax = 4UL * 1024 * 1024;

// A view until the next packet is added.
struct MediaFrame {
  Bytes bytes;
  RtpTime timestamp;
  bool is_key = false;
};

// What VP8 and H.264 share: octets of the frame that is being put together.
class FrameStore {
 public:
  void begin(RtpTime timestamp);
  // False: it would be too large, and is forgotten.
  [[nodiscard]] bool append(Bytes bytes);
  void forget() { is_open_ = false; }
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] RtpTime timestamp() const { return timestamp_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  bool is_open_ = false;
  RtpTime timestamp_;
  ByteVector bytes_;
};

class Vp8Depacketizer {
 public:
  explicit Vp8Depacketizer(Trace trace) : trace_(trace) {}
  // The frame that this packet ends.
  std::optional<MediaFrame> add(const InOrder& in);

 private:
  Trace trace_;
  FrameStore frame_;
  bool is_key_ = false;
};

// Access units with a start code (00 00 00 01) before each NAL unit, as decoders take them.
class H264Depacketizer {
 public:
  explicit H264Depacketizer(Trace trace) : trace_(trace) {}
  std::optional<MediaFrame> add(const InOrder& in);

 private:
  [[nodiscard]] bool add_unit(Bytes unit);
  [[nodiscard]] bool add_payload(const H264Payload& payload);
  void skip(RtpTime timestamp);

  Trace trace_;
  FrameStore frame_;
  bool is_key_ = false;
  bool is_in_fragment_ = false;
  std::optional<RtpTime> skipped_;  // an access unit of which something is missing
};

// RFC 7587 §4.2: a payload is a packet of Opus, or it is dropped.
std::optional<MediaFrame> opus_frame(const Packet& packet, Trace trace);

}  // namespace glass::rtp
