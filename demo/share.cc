#include "demo/share.h"

#include <algorithm>
#include <csignal>
#include <deque>
#include <fmt/format.h>
#include <memory>
#include <utility>
#include <variant>

#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/hash.h"
#include "crypto/os_random.h"
#include "demo/companion.h"
#include "demo/folder.h"
#include "demo/ice_uri.h"
#include "demo/json.h"
#include "demo/safe_text.h"
#include "net/interfaces.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/streams.h"
#include "net/udp.h"
#include "peer/endpoint.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectPatience = 45s;  // from the meeting to the first channel
constexpr Duration kProofPatience = 10s;
constexpr std::size_t kMaxServers = 8;  // that a signaling server may name
constexpr Duration kGoodbye = 300ms;    // the time that the last words have
constexpr Duration kProgressEvery = 200ms;

bool is_secret(std::string_view text) {
  return text.size() >= 16 && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

class Share final : public CompanionOwner {
 public:
  explicit Share(const ShareOptions& options)
      : options_(options),
        identity_(crypto::Identity::make("glass", loop_.wall_seconds())),
        folder_(options.downloads),
        endpoint_(Trace()) {}

  std::optional<Failure> run() {
    if (auto failure = open_files()) return failure;
    if (auto failure = open_sockets()) return failure;
    connect_signaling();
    loop_.after(options_.patience, [this] {
      if (!companion_ || !met_)
        end({kExitTimeout, "waiting", "wait for the other side",
             fmt::format(
                 "nobody came within {} s",
                 std::chrono::duration_cast<std::chrono::seconds>(options_.patience).count()),
             "start the other side, or give a longer --timeout"});
    });
    loop_.on_signal({SIGINT, SIGTERM}, [this](int signal) {
      log("interrupted: telling the other side");
      end({static_cast<ExitCode>(128 + signal), "transfer", "", "interrupted by you", ""});
    });
    loop_.run();
    web_.reset();
    return failure_;
  }

  // --- CompanionOwner ---

  void say(std::string text) override {
    if (web_) web_->send(std::move(text));
  }
  void on_joined(std::string_view) override {
    if (options_.sends)
      log("Waiting. On the other side, type\n  glass receive " +
          link_of({options_.server, options_.secret}) + "\nor open that link in a browser.");
  }
  void on_problem(std::string_view stage, std::string_view text) override {
    if (stage == "candidate") return log(fmt::format("a candidate is not usable: {}", text));
    if (stage == "signaling" && text.starts_with("no-such-peer")) return;
    const bool forged = stage == "fingerprint";
    end({forged ? kExitSecurity : kExitUnreachable, std::string(stage), "connect to the other side",
         std::string(text),
         forged ? "do not trust this server; use another way to meet"
                : "check that both sides reach each other, or give --stun host:port"});
  }
  void on_described(bool sent, sdp::Type, std::size_t) override {
    if (!std::exchange(met_, true)) log("met the other side, connecting");
    if (sent && !std::exchange(deadline_set_, true))
      loop_.after(kConnectPatience, [this] {
        if (companion_ && !companion_->was_connected())
          end({kExitTimeout, "connecting", "find a path to the other side",
               "no candidate pair answered in time", "see whether UDP is blocked between the two"});
      });
  }
  void on_state(peer::State, peer::State to) override {
    if (to == peer::State::kConnected)
      loop_.after(kProofPatience, [this] {
        if (!verified_ && !failure_)
          end({kExitSecurity, "proof", "verify that nobody stands in between",
               "the other side sent no proof that it knows the secret",
               "check that both sides use the same link"});
      });
    if (to == peer::State::kDisconnected) log("the path is silent; it may come back");
    if (to == peer::State::kFailed || to == peer::State::kClosed) other_is_gone();
  }
  void on_path(const Path& path) override {
    const bool own = std::ranges::any_of(
        sockets_, [&](const net::UdpSocket& socket) { return socket.local() == path.local; });
    log(fmt::format("path {} -> {} ({})", glass::to_text(path.local), glass::to_text(path.remote),
                    !own                                                    ? "relayed"
                    : path.remote.is_private() || path.remote.is_loopback() ? "direct, local"
                                                                            : "direct"));
  }
  void on_verified(bool agrees) override {
    verified_ = agrees;
    if (agrees) return log("verified: nobody stands in between");
    end({kExitSecurity, "proof", "verify that nobody stands in between",
         "the proof of the other side does not match: the fingerprints were changed on the way, or "
         "it has another secret",
         "do not trust this server; use another way to meet"});
  }
  void on_files_open() override {
    began_ = loop_.now();
    for (auto& source : std::exchange(sources_, {}))
      if (!companion_->transfer().offer(std::move(source))) log("too many files at once");
  }
  void on_transfer(const Transfer::Event& event) override {
    if (const auto* offered = std::get_if<Transfer::Offered>(&event)) {
      on_offered(*offered);
    } else if (const auto* moved = std::get_if<Transfer::Progress>(&event)) {
      on_progress(*moved);
    } else if (const auto* ended = std::get_if<Transfer::Ended>(&event)) {
      on_ended(*ended);
    } else if (std::holds_alternative<Transfer::Requested>(event)) {
      companion_->transfer().decline("this side gives only what its user named");
    }
  }

 private:
  std::optional<Failure> open_files() {
    for (const std::string& path : options_.files) {
      auto source = open_file(path);
      if (!source)
        return Failure{kExitLocal, "opening files", safe_text(path), source.error().text,
                       "check the name and its permissions"};
      sources_.push_back(std::move(*source));
    }
    left_ = sources_.size();
    if (sources_.size() > Transfer::kMaxOpen)
      return Failure{kExitUsage, "opening files", "",
                     fmt::format("{} files; at most {} at once", left_, Transfer::kMaxOpen),
                     "pack them into one archive"};
    return std::nullopt;
  }

  std::optional<Failure> open_sockets() {
    std::vector<Address> hosts = net::usable_addresses();
    const auto server = net::resolve_now(options_.server.host, options_.server.port);
    if (!server)
      return Failure{kExitUnreachable, "signaling", "find " + options_.server.host, server.error(),
                     "check --server"};
    same_machine_ = std::ranges::any_of(*server, &Address::is_loopback);
    if (same_machine_ && !hosts.front().is_loopback()) hosts.push_back(*parse_ip("127.0.0.1"));
    std::string trouble;
    std::vector<net::UdpSocket*> pointers;
    for (const Address& host : hosts) {
      auto socket = net::UdpSocket::open(host);
      if (!socket) {
        trouble = socket.error().text;
        continue;
      }
      if (options_.loss_per_million > 0)
        socket->set_loss(net::Loss(options_.loss_per_million, options_.seed + sockets_.size()));
      sockets_.push_back(std::move(*socket));
      pointers.push_back(&sockets_.back());
    }
    if (pointers.empty())
      return Failure{kExitLocal, "opening UDP sockets", "", trouble,
                     "check the network interfaces"};
    node_ = loop_.add(endpoint_, pointers, [this](peer::Endpoint::Event& event) {
      if (companion_) companion_->on_event(loop_.now(), event.event);
    });
    streams_.emplace(loop_, node_, net::StreamLimits{}, [this](const net::Streams::Closed& closed) {
      if (peer_ != nullptr) peer_->on_unreachable(loop_.now(), closed.path);
      loop_.poke(node_);
    });
    return std::nullopt;
  }

  void connect_signaling() {
    log("joining by " + to_text(options_.server));
    web_ = std::make_unique<WsClient>(
        options_.server, "/signal", [this](WsClient::Task task) { loop_.post(std::move(task)); },
        WsClient::Handlers{
            .on_open = [this] { join(); },
            .on_text = [this](const std::string& text) { on_signal(text); },
            .on_close = [this](const std::string& why) { on_signaling_closed(why); }});
  }

  // The server may name a STUN server in its first answer, and the peer wants to know it first:
  // the companion is made then, and hears the answer as well.
  void join() {
    web_->send(write_json({
        {"type", "join"                  },
        {"room", room_of(options_.secret)},
        {"name", "glass"                 }
    }));
  }

  void on_signal(const std::string& text) {
    if (!companion_) {
      const auto json = parse_object(text);
      if (!json) return;
      if (text_of(*json, "type", 32) == "error")
        return end({kExitUnreachable, "signaling", "join the room",
                    safe_text(text_of(*json, "text", 1000).value_or("")), "try again later"});
      make_companion(*json);
      if (!companion_) return;
    }
    companion_->on_signal(loop_.now(), text);
    loop_.poke(node_);
  }

  // The "ice_servers" of the server's answer, as far as their hosts are IP addresses.
  static void take_servers(const Json& answer, peer::Config& config) {
    const auto servers = answer.find("ice_servers");
    if (servers == answer.end() || !servers->is_array()) return;
    for (const Json& server : *servers) {
      const auto urls = server.is_object() ? server.find("urls") : server.end();
      if (urls == server.end() || !urls->is_array()) continue;
      for (const Json& url : *urls) {
        if (!url.is_string() ||
            config.turn_servers.size() + config.stun_servers.size() >= kMaxServers)
          continue;
        const auto uri = parse_ice_uri(url.get_ref<const std::string&>());
        const auto address = uri ? parse_ip(uri->host, uri->port) : std::nullopt;
        if (!address || address->is_loopback()) continue;
        if (!uri->is_turn) {
          config.stun_servers.push_back(*address);
        } else if (uri->transport != Transport::kTls) {  // its certificate names nobody we know
          config.turn_servers.push_back(
              {.transport = uri->transport,
               .address = *address,
               .username = text_of(server, "username", 512).value_or(""),
               .password = text_of(server, "credential", 512).value_or("")});
        }
      }
    }
  }

  void make_companion(const Json& answer) {
    peer::Config config;
    config.identity = &identity_;
    config.allow_loopback = same_machine_;
    if (options_.stun) config.stun_servers.push_back(*options_.stun);
    take_servers(answer, config);
    if (options_.relay_only) config.policy = ice::Policy::kRelay;
    const auto id = endpoint_.add(config, random_);
    peer::Peer& peer = *endpoint_.find(*id);
    peer_ = &peer;
    for (const net::UdpSocket& socket : sockets_) (void)peer.add_host(loop_.now(), socket.local());
    CompanionConfig companion;
    companion.room = room_of(options_.secret);
    companion.secret = options_.secret;
    companion_.emplace(std::move(companion), peer, folder_, *this);
  }

  void on_signaling_closed(const std::string& why) {
    if (companion_ && companion_->was_connected())
      return log("signaling is gone; it is not needed");
    end({kExitUnreachable, "signaling", "join by " + to_text(options_.server),
         why.empty() ? "the server closed the connection" : why,
         "start one with: glass lab, or give --server"});
  }

  void other_is_gone() {
    if (left_ == 0 && any_) return end_well();
    end({kExitFailed, "transfer", "", "the other side closed the connection or was lost",
         "start both sides again"});
  }

  void on_offered(const Transfer::Offered& offered) {
    if (options_.sends || !verified_)
      return companion_->transfer().refuse(offered.id, "this side takes no files");
    log(fmt::format("receiving \"{}\", {}", offered.name, bytes_text(offered.size)));
    any_ = true;
    ++left_;
    began_ = loop_.now();
    companion_->transfer().accept(offered.id);
  }

  void on_progress(const Transfer::Progress& moved) {
    const Instant now = loop_.now();
    if (moved.done < moved.size && now - shown_ < kProgressEvery) return;
    shown_ = now;
    if (options_.progress) options_.progress(progress_line(moved.done, moved.size, now - began_));
  }

  void on_ended(const Transfer::Ended& ended) {
    if (left_ > 0) --left_;
    any_ = true;
    began_ = loop_.now();
    if (ended.outcome == Outcome::kDone) {
      if (options_.result) options_.result(fmt::format("{}  {}", ended.sha256, ended.name));
    } else if (!failure_) {
      const bool ours = ended.outcome == Outcome::kDisk;
      bad_ = Failure{ours ? kExitLocal : kExitFailed, "transfer",
                     fmt::format("{} \"{}\"", options_.sends ? "send" : "receive", ended.name),
                     fmt::format("{}: {}", to_text(ended.outcome), ended.reason),
                     ours ? "make room or choose another --downloads folder" : ""};
      log(fmt::format("\"{}\": {} ({})", ended.name, to_text(ended.outcome), ended.reason));
    }
    if (left_ > 0) return;
    if (options_.sends) return end_well();
    // The sender says when it is done, by closing; a page never does.
    const std::uint64_t round = ++idle_round_;
    loop_.after(2s, [this, round] {
      if (round == idle_round_ && left_ == 0) end_well();
    });
  }

  void end_well() {
    if (bad_) return end(*bad_);
    finish();
  }

  void end(Failure failure) {
    if (!failure_ && !finishing_) failure_ = std::move(failure);
    finish();
  }

  // Says goodbye to everybody, then stops. Posted: the companion may be speaking just now.
  void finish() {
    if (std::exchange(finishing_, true)) return;
    loop_.post([this] {
      if (companion_) companion_->close(loop_.now());
      loop_.poke(node_);
      loop_.after(kGoodbye, [this] { loop_.stop(); });
    });
  }

  void log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const ShareOptions& options_;
  net::Loop loop_;
  crypto::OsRandom random_;
  crypto::Identity identity_;
  Folder folder_;
  std::deque<net::UdpSocket> sockets_;
  peer::Endpoint endpoint_;
  net::NodeId node_;
  std::vector<std::unique_ptr<Source>> sources_;
  peer::Peer* peer_ = nullptr;  // of the companion; lives in endpoint_
  std::optional<net::Streams> streams_;
  std::optional<Companion> companion_;
  std::unique_ptr<WsClient> web_;
  std::optional<Failure> failure_;  // why it ends
  std::optional<Failure> bad_;      // the last file that went wrong
  std::size_t left_ = 0;            // files under way
  Instant began_{};
  Instant shown_{};
  std::uint64_t idle_round_ = 0;
  bool same_machine_ = false;  // the server is on this machine, so the other side may be, too
  bool any_ = false;
  bool met_ = false;
  bool deadline_set_ = false;
  bool verified_ = false;
  bool finishing_ = false;
};

}  // namespace

std::string make_secret() {
  crypto::OsRandom random;
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  return hex(bytes);
}

std::string room_of(std::string_view secret) {
  const std::string text = "glass room " + std::string(secret);
  return hex(crypto::hash(crypto::HashKind::kSha256, as_bytes(text))).substr(0, 16);
}

Result<Invitation, std::string> parse_invitation(std::string_view text, const WebAddress& server) {
  Invitation invitation{.server = server, .secret = std::string(text)};
  if (const std::size_t hash = text.find("#r="); hash != std::string_view::npos) {
    auto named = parse_server(text.substr(0, hash));
    if (!named) return std::unexpected(named.error());
    invitation = {std::move(*named), std::string(text.substr(hash + 3))};
  }
  if (!is_secret(invitation.secret))
    return std::unexpected("a code has 16 to 64 letters, digits, - and _; or give the whole link");
  return invitation;
}

std::string link_of(const Invitation& invitation) {
  return fmt::format("http://{}/#r={}", to_text(invitation.server), invitation.secret);
}

std::string progress_line(std::uint64_t done, std::uint64_t size, Duration elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  const double percent =
      size == 0 ? 100 : 100.0 * static_cast<double>(done) / static_cast<double>(size);
  const auto eta =
      rate > 0 ? static_cast<std::uint64_t>(static_cast<double>(size - done) / rate) : 0;
  return fmt::format("{:3.0f}%  {}/{}  {}/s  ETA {:02}:{:02}", percent, bytes_text(done),
                     bytes_text(size), bytes_text(static_cast<std::uint64_t>(rate)), eta / 60,
                     eta % 60);
}

std::optional<Failure> share(const ShareOptions& options) { return Share(options).run(); }

}  // namespace glass::demo
