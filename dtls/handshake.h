// dtls/handshake.h - handshake messages: their header, and putting their fragments together.
//
// Knows lengths and numbers, not what a message says. RFC 6347 §4.2.2, §4.2.3.
// Tested by: handshake_test.cc
//
//   0       1                   4               6                   9                  12
//  | type  | length            | message_seq   | fragment_offset   | fragment_length   | ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/trace.h"
#include "base/writer.h"
#include "dtls/wire.h"

namespace glass::dtls {

inline constexpr std::size_t kHandshakeHeaderSize = 12;
// A chain of certificates has to fit; what claims more is not stored.
inline constexpr std::size_t kMessageMax = std::size_t{32} * 1024;
// Messages that may be kept while an earlier one is missing: the longest flight has five.
inline constexpr std::uint16_t kMessagesAhead = 8;
// Pieces with holes between them that one message may consist of.
inline constexpr std::size_t kPiecesMax = 64;

// A message or a part of one.
struct Fragment {
  HandshakeType type = HandshakeType::kHelloRequest;
  std::uint32_t length = 0;  // of the whole message
  std::uint16_t message_seq = 0;
  std::uint32_t offset = 0;
  Bytes bytes;

  [[nodiscard]] bool ends_message() const { return offset + bytes.size() == length; }
};

enum class FragmentError : std::uint8_t {
  kTruncated,
  kBeyondMessage,  // it ends behind the end of its message
  kTooLong,        // its message is longer than kMessageMax
};
std::string_view to_text(FragmentError error);

Result<Fragment, FragmentError> parse_fragment(Reader& in);
void write(Writer& out, const Fragment& fragment);

// A whole message with the number it came under.
struct Message {
  HandshakeType type = HandshakeType::kHelloRequest;
  std::uint16_t message_seq = 0;
  ByteVector body;
};
// The message as one fragment, the form in which RFC 6347 §4.2.6 has it digested.
void write_whole(Writer& out, const Message& message);

// Puts fragments together, in any order, and hands messages out in theirs.
class Reassembly {
 public:
  explicit Reassembly(const Trace& trace) : trace_(trace) {}

  [[nodiscard]] std::uint16_t next_receive_seq() const { return next_; }
  // RFC 6347 §4.2.2: what lies before next_receive_seq has been dealt with.
  [[nodiscard]] bool is_old(const Fragment& fragment) const { return fragment.message_seq < next_; }
  // Keeps what is new in the fragment, which is not old. False: it was thrown away.
  bool add(const Fragment& fragment);
  // The fragment is not the very next piece of what is missing.
  [[nodiscard]] bool is_ahead(const Fragment& fragment) const;
  // The message numbered next_receive_seq, once it is complete.
  std::optional<Message> pop();
  // A stateless server begins where the client's number says (RFC 6347 §4.2.2).
  void restart_at(std::uint16_t message_seq);

 private:
  struct Piece {
    std::size_t begin;
    std::size_t end;
  };
  struct Partial {
    HandshakeType type;
    ByteVector body;
    std::vector<Piece> pieces;  // sorted, apart from each other

    [[nodiscard]] bool is_complete() const;
    // False: too many pieces.
    bool fill(const Fragment& fragment);
  };

  Trace trace_;
  std::uint16_t next_ = 0;
  std::map<std::uint16_t, Partial> partials_;
};

}  // namespace glass::dtls
