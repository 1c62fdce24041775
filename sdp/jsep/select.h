// sdp/jsep/select.h - what of an offered section we take: codecs, header extensions, encodings.
//
// Pure functions from what was offered and what we can to what the answer says, with a reason for
// everything that is left out.
// RFC 8829 §5.3.1; RFC 3264 §6.1; RFC 8285 §7; RFC 8851 §6.3; RFC 8853 §5.3.2.
// Tested by: select_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/rule.h"
#include "base/trace.h"
#include "sdp/attributes/media.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"

namespace glass::sdp {

// What was decided about one thing that an offer asks for, and why.
struct Decision {
  std::size_t line = 0;  // of the offer; 0: it has none
  std::string mid{};     // of the section; empty: the session, or a section without a name
  std::string what{};    // "codec 96 VP8/90000"
  bool accepted = false;
  std::string why{};
  Rule rule{};
};
using Decisions = std::vector<Decision>;

// What to say while deciding about one section.
struct Desk {
  std::string mid{};
  Decisions& decisions;
  const Trace& trace;

  void decide(std::size_t line, std::string what, bool accepted, std::string why, Rule rule) const;
};

// The offered codecs that we have too, in the offer's order or, where `preferences` has encoding
// names, in theirs and only those. Codecs that only serve others stay with one that they serve.
// Empty: no codec of media is left.
[[nodiscard]] std::vector<Codec> select_codecs(const Media& offered, const std::vector<Codec>& ours,
                                               const std::vector<std::string>& preferences,
                                               const Desk& desk);
// Our codecs, ordered and reduced by `preferences`; empty preferences: all.
[[nodiscard]] std::vector<Codec> prefer(const std::vector<Codec>& codecs,
                                        const std::vector<std::string>& preferences);

// A header extension, and how it is used by the side that says so.
struct Extension {
  std::uint16_t id = 0;
  std::string uri{};
  MediaDirection direction = MediaDirection::kSendRecv;
  friend bool operator==(const Extension&, const Extension&) = default;
};
// What GlassRTC reads and writes.
[[nodiscard]] const std::vector<Extension>& default_extensions(MediaKind kind);
// The extensions of a section, or of the session where the section has none.
[[nodiscard]] std::vector<Extension> extensions_of(const Description& description,
                                                   const Media& media);

// Identifiers that are taken in this session: each stands for one URI.
using ExtensionIds = std::map<std::uint16_t, std::string>;
// The offered extensions that we have too. An identifier that `taken` knows for another URI is a
// conflict: that extension is left out. Identifiers above the valid range get a free one.
[[nodiscard]] std::vector<Extension> select_extensions(const Description& offer,
                                                       const Media& offered,
                                                       const std::vector<Extension>& ours,
                                                       ExtensionIds& taken, const Desk& desk);

// The lines of a=rid and the value of a=simulcast for an answer.
struct Encodings {
  std::vector<std::string> rids{};      // "hi recv pt=96;max-width=1280"
  std::string simulcast{};              // "recv hi;mid"; empty: none
  std::vector<std::string> send_ids{};  // what we send, in the order of preference
  std::vector<std::string> recv_ids{};  // what we receive
};
// `codecs`: what the answer accepts, for rids that are bound to payload types.
[[nodiscard]] Encodings select_encodings(const Media& offered, MediaDirection answer,
                                         const std::vector<Codec>& codecs, const Desk& desk);

}  // namespace glass::sdp
