// dtls/connection_ids.h - by which names records find a connection: those that we have given out,
// and those that the peer has.
//
// RFC 9146 for both versions; RFC 9147 §9 for the spare ones of DTLS 1.3. All of ours are equally
// long, since a record does not say where its id ends. Knows no records and no messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "dtls/wire.h"

namespace glass::dtls {

// Ids of the peer that wait to be used; more are not kept (RFC 9147 §9).
inline constexpr std::size_t kSpareIdsMax = 4;
// Ids of ours that are valid at the same time; who asks for more gets fewer.
inline constexpr std::size_t kOwnIdsMax = 8;

// How often a peer may ask for more (RFC 9147 §9).
inline constexpr unsigned kIdRequestsMax = 16;

class ConnectionIds {
 public:
  // What a hello says that we want to see. Nothing is agreed on by that.
  void offer(Bytes id) { own_.assign(1, ByteVector(id.begin(), id.end())); }
  void withdraw() { own_.clear(); }
  // Both hellos have the extension.
  void agree(Bytes peers) {
    is_agreed_ = true;
    writing_.assign(peers.begin(), peers.end());
  }
  [[nodiscard]] bool is_agreed() const { return is_agreed_; }

  // How long the id in a record to us is, where there is one.
  [[nodiscard]] std::size_t own_size() const { return own_.empty() ? 0 : own_.front().size(); }
  // The peer has to put one of our ids into its sealed records.
  [[nodiscard]] bool are_wanted() const { return is_agreed_ && own_size() > 0; }
  [[nodiscard]] bool is_own(Bytes id) const {
    return std::ranges::any_of(own_, [&](const ByteVector& each) { return equal(each, id); });
  }
  // Another one of ours. False: there are enough.
  bool add_own(ByteVector id) {
    if (own_.size() == kOwnIdsMax || is_own(id)) return false;
    own_.push_back(std::move(id));
    return true;
  }
  [[nodiscard]] std::size_t own_room() const { return kOwnIdsMax - own_.size(); }

  // The id in the records that we seal; empty: none.
  [[nodiscard]] Bytes writing() const { return writing_; }
  // The peer has given out these; those that we have no room for are passed over.
  void add_spare(Bytes id) {
    if (spare_.size() < kSpareIdsMax) spare_.emplace_back(id.begin(), id.end());
  }
  void forget_spare() { spare_.clear(); }
  [[nodiscard]] std::size_t spare() const { return spare_.size(); }
  // From here on the next of the spare ones, in their order. False: there is none.
  bool use_next() {
    if (spare_.empty()) return false;
    writing_ = std::move(spare_.front());
    spare_.erase(spare_.begin());
    return true;
  }

 private:
  bool is_agreed_ = false;
  std::vector<ByteVector> own_;
  ByteVector writing_;
  std::vector<ByteVector> spare_;
};

}  // namespace glass::dtls
