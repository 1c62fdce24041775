// demo/lab.h - `glass lab`: page, signaling, STUN server and a glass peer to talk to, in one
// process. `glass serve` is the same with a TURN server and without the peer.
//
// Puts together what the other files of demo/ are: the web server asks it, the rooms speak through
// it, invited companions live in it. Everything but the web server's thread runs on one Loop.
// Tested by: tests/demo/lab_test.cc
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/os_random.h"
#include "demo/companion.h"
#include "demo/exit_code.h"
#include "demo/experiments.h"
#include "demo/folder.h"
#include "demo/server/rooms.h"
#include "demo/server/turn_host.h"
#include "demo/server/web_server.h"
#include "demo/trace_feed.h"
#include "explain/notes.h"
#include "net/loop.h"
#include "net/streams.h"
#include "net/udp.h"
#include "peer/endpoint.h"
#include "stun/binding_server.h"

namespace glass::demo {

struct LabOptions {
  std::string host;  // an address or a name; empty: this machine alone, by 127.0.0.1 and ::1
  std::uint16_t port = 8080;           // of the page (TCP) and of STUN (UDP); 0: free ones
  std::uint32_t loss_per_million = 0;  // of the glass peers' datagrams, both ways
  std::string downloads = "received";
  std::string dtls = "1.3";  // the newest version of the glass peers: 1.2 or 1.3
  bool dtls_cookie = false;  // glass peers ask a DTLS client for a cookie first
  std::string dtls_group;    // the one group of their key exchange: x25519, ...; empty: any
  std::string srtp_profile;  // the one they agree on: SRTP_AEAD_AES_128_GCM, ...; empty: any
  std::uint64_t seed = 1;    // of the loss and of samples; keys always come from the system
  std::optional<TurnHostOptions> turn;  // `glass serve`: relays for members; its hosts do not count
  bool guests = true;                   // is there a glass peer to be invited?
  bool tcp = false;                     // do glass peers wait for ICE over TCP as well (RFC 6544)?
  std::function<void(std::string_view line)> log;  // what happens, for people
};

class Lab final : public WebHandler {
 public:
  static constexpr std::size_t kMaxGuests = 32;
  static constexpr std::uint64_t kMaxSample = 64 * 1024 * 1024;
  static constexpr std::uint64_t kMaxFile = std::uint64_t{8} << 30;
  // A guest that is not connected by then gives up.
  static constexpr Duration kPatience = std::chrono::seconds(60);
  // The time that a guest's last words have.
  static constexpr Duration kGoodbye = std::chrono::milliseconds(500);

  static Result<std::unique_ptr<Lab>, Failure> start(const LabOptions& options);
  ~Lab() override;

  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string stun() const;  // "host:port"
  // Null unless asked for.
  [[nodiscard]] const TurnHost* turn() const { return turn_.get(); }
  [[nodiscard]] std::size_t guest_count() const { return guests_.size(); }
  // Tells everybody that signaling ends; then the loop stops.
  void shut_down();

  // WebHandler
  WebReply answer(const WebRequest& request) override;
  std::optional<WebReply> refuse(const WebRequest& request) override;
  void on_open(SocketId socket, const WebRequest& request) override;
  void on_text(SocketId socket, const std::string& text) override;
  void on_close(SocketId socket) override;

 private:
  class Guest;

  explicit Lab(const LabOptions& options);
  Result<void, Failure> open_sockets();
  Result<void, Failure> open_tcp();
  Result<void, Failure> open_stun();
  Result<void, Failure> open_web();
  [[nodiscard]] std::vector<IceServer> ice_servers(std::string_view room,
                                                   std::string_view id) const;
  [[nodiscard]] WebReply status() const;
  [[nodiscard]] WebReply simulate(std::string_view query) const;
  [[nodiscard]] WebReply capture(std::string_view query) const;
  static WebReply told(Result<std::string, std::string> answer);
  void stop_signaling();
  void schedule_pump();
  void pump_rooms();
  void invite(const Rooms::Invite& invite);
  void on_peer_event(peer::Endpoint::Event& event);
  void retire(MemberId member);
  Guest* guest_in(std::string_view room);
  void log(std::string_view line) const;

  LabOptions options_;
  explain::Notes notes_;
  Experiments experiments_;
  TraceFeed feed_;
  net::Loop loop_;
  crypto::OsRandom random_;
  crypto::Identity identity_;
  Folder folder_;
  std::set<std::string, std::less<>> received_;  // in this session: may be asked for again
  Rooms rooms_;
  peer::Endpoint endpoint_;
  stun::BindingServer stun_server_;
  std::vector<Address> hosts_;  // of the glass peers
  std::deque<net::UdpSocket> sockets_;
  std::vector<Address> listeners_;       // of the glass peers, for ICE over TCP
  std::optional<net::Streams> streams_;  // their connections
  std::optional<net::UdpSocket> stun_socket_;
  std::unique_ptr<TurnHost> turn_;
  net::NodeId endpoint_node_;
  std::map<MemberId, std::unique_ptr<Guest>> guests_;
  std::set<SocketId> signaling_;
  std::map<SocketId, std::string> tracing_;  // and its room
  std::unique_ptr<WebServer> web_;
  std::uint64_t next_guest_ = 0;
  std::uint16_t next_node_ = 1;
  bool signaling_stopped_ = false;
  bool pump_scheduled_ = false;
};

}  // namespace glass::demo
