// demo/companion.h - a glass peer at work: it joins a room, agrees with one other, talks and
// shares.
//
// Ties a peer::Peer to the signaling protocol and to the channels "chat" and "files" of
// demo/README.md. Knows neither sockets nor who carries the signaling: the owner does, and learns
// all that happens. Sans-IO like what it drives.  Tested by: tests/demo/companion_test.cc
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "demo/storage.h"
#include "demo/transfer.h"
#include "peer/peer.h"

namespace glass::demo {

// What a Companion tells its owner. All of it may be called from within the companion's own
// functions: do not destroy it there.
class CompanionOwner {
 public:
  virtual ~CompanionOwner() = default;
  // A text for the signaling server.
  virtual void say(std::string text) = 0;
  virtual void on_joined(std::string_view /*own_id*/) {}
  // The server complains, or a description cannot be used.
  virtual void on_problem(std::string_view /*stage*/, std::string_view /*text*/) {}
  virtual void on_described(bool /*sent*/, sdp::Type, std::size_t /*bytes*/) {}
  virtual void on_candidate(bool /*sent*/, std::string_view /*line*/) {}
  virtual void on_state(peer::State /*from*/, peer::State /*to*/) {}
  virtual void on_path(const Path&) {}
  virtual void on_secured(const peer::Secured&) {}
  virtual void on_channel(std::string_view /*label*/, bool /*opened; else closed*/) {}
  virtual void on_chat(std::string_view /*text*/) {}
  // The channel "files" is open: transfer() works.
  virtual void on_files_open() {}
  virtual void on_transfer(const Transfer::Event&) {}
  // Both sides know the secret of the room; false: somebody stands in between.
  virtual void on_verified(bool) {}
};

struct CompanionConfig {
  std::string name = "glass";  // how the others see it
  std::string room;
  // Who is awaited, by the id that the server gave; empty: the first one who is met.
  std::string other;
  // What we do when we meet the other one. Unset: whoever was in the room first makes the offer.
  std::optional<bool> makes_offer;
  // Answers on "chat", and returns what comes on channels called "echo" as it came.
  bool echoes_chat = false;
  // The secret of the link that both came by; empty: there is none, and nothing to verify.
  std::string secret;
  Transfer::Config transfer;
};

class Companion {
 public:
  static constexpr std::size_t kMaxEarlyCandidates = 64;  // before the description they belong to
  static constexpr std::size_t kMaxEcho = 1024;           // bytes of a chat message said back
  static constexpr std::size_t kMaxEchoes = 16;           // channels called "echo"

  // All of them outlive the companion.
  Companion(CompanionConfig config, peer::Peer& peer, Storage& storage, CompanionOwner& owner);
  ~Companion();
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  // Joins the room. Hosts have been added to the peer.
  void start(Instant now);
  // A text of the signaling server.
  void on_signal(Instant now, std::string_view text);
  // An event of the peer.
  void on_event(Instant now, peer::Peer::Event& event);
  // A line of chat to the other one; lost while the channel is not open.
  void say_chat(Instant now, std::string_view text);
  // Leaves the room and closes the peer in good order.
  void close(Instant now);
  // After commands to transfer(): sends what it has to say.
  void pump(Instant now);

  [[nodiscard]] Transfer& transfer() { return transfer_; }
  // The peer is connected, or was.
  [[nodiscard]] bool was_connected() const { return was_connected_; }
  // Nothing more will come of it.
  [[nodiscard]] bool is_over() const;

 private:
  struct Signal;
  struct Channel {
    sctp::ChannelId id;
    bool is_open = false;
  };

  void on_joined(Instant now, const Signal& signal);
  void meet(Instant now, std::string_view other, bool was_here_first);
  void make_offer(Instant now);
  void on_description(Instant now, const Signal& signal);
  void on_candidate(Instant now, const Signal& signal);
  void add_candidate(Instant now, const std::string& line);
  void send_description(sdp::Type type, std::string_view sdp);
  void adopt(Instant now, const sctp::ChannelOpened& opened);
  void on_message(Instant now, const sctp::ChannelMessage& message);
  void on_channel_closed(sctp::ChannelId id);
  void say_back(Instant now, const sctp::ChannelMessage& message);
  void echo(Instant now, const sctp::ChannelMessage& message);
  bool take_verify(std::string_view text);
  void drain_transfer(Instant now);
  [[nodiscard]] std::string proof(bool of_offerer) const;
  void problem(std::string_view stage, std::string_view text);

  CompanionConfig config_;
  peer::Peer& peer_;
  CompanionOwner& owner_;
  Transfer transfer_;
  std::optional<Channel> chat_;
  std::optional<Channel> files_;
  std::vector<sctp::ChannelId> echoes_;
  std::string other_;  // whom we talk to; empty: nobody yet
  std::vector<std::string> early_candidates_;
  std::string local_fingerprint_;
  std::string remote_fingerprint_;
  bool offerer_ = false;
  bool has_remote_ = false;
  bool was_connected_ = false;
  bool other_left_ = false;
};

}  // namespace glass::demo
