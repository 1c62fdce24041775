// sdp/description.h - a session description as a tree that forgets nothing.
//
// Every line stays in its place, known or not, so that write() gives back the bytes that parse()
// read. What is needed to find one's way (the o= line, the m= lines) is parsed beside the lines;
// what attributes mean is asked of sdp/attributes/.
// RFC 8866 §5.  Tested by: description_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/line.h"

namespace glass::sdp {

// RFC 8866 §5.2. The numbers fit 63 bits (RFC 3264 §5).
struct Origin {
  std::string username;
  std::uint64_t session_id = 0;
  std::uint64_t session_version = 0;
  std::string network_type;
  std::string address_type;
  std::string address;
  friend bool operator==(const Origin&, const Origin&) = default;
};

// A media section: the m= line and all that follows it up to the next one.
struct Media {
  std::vector<Line> lines{};  // the m= line first
  std::string kind{};         // "audio", "video", "application"
  std::uint16_t port = 0;     // 0: rejected, or to be bundled with another section
  std::string protocol{};     // "UDP/DTLS/SCTP"
  std::vector<std::string> formats{};
};

struct Description {
  Origin origin;
  std::vector<Line> session;  // the lines before the first m= line
  std::vector<Media> media;
};

// An a= line in two halves. A view: the Description must live on.
struct Attribute {
  const Line* line = nullptr;
  std::string_view name{};
  std::string_view value{};  // empty for a flag like "a=rtcp-mux"
  std::size_t value_column = 0;
};

// The attribute that a line holds; nullopt for lines of other types.
[[nodiscard]] std::optional<Attribute> as_attribute(const Line& line);
// The first attribute with this name among the lines.
[[nodiscard]] std::optional<Attribute> find(std::span<const Line> lines, std::string_view name);
[[nodiscard]] std::vector<Attribute> find_all(std::span<const Line> lines, std::string_view name);
[[nodiscard]] bool has(std::span<const Line> lines, std::string_view name);
// As above; when the section has none, the session's hold for it.
[[nodiscard]] std::optional<Attribute> find(const Description& description, const Media& media,
                                            std::string_view name);
[[nodiscard]] std::vector<Attribute> find_all(const Description& description, const Media& media,
                                              std::string_view name);

// The value of the media section's a=mid line; empty: it has none.
[[nodiscard]] std::string_view mid(const Media& media);
// The section with this mid; null: there is none.
[[nodiscard]] const Media* find_mid(const Description& description, std::string_view mid);

}  // namespace glass::sdp
