#include "demo/lab.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <variant>

#include "base/text.h"
#include "demo/annotated.h"
#include "demo/embedded.h"
#include "demo/json.h"
#include "demo/safe_text.h"
#include "explain/names.h"
#include "net/interfaces.h"
#include "net/resolve.h"

namespace glass::demo {
namespace {

constexpr std::uint64_t kFirstGuest = std::uint64_t{1} << 63;  // members below are WebSockets

std::string_view content_type(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTypes{
      {
       {".html", "text/html; charset=utf-8"},
       {".js", "text/javascript; charset=utf-8"},
       {".css", "text/css; charset=utf-8"},
       {".svg", "image/svg+xml"},
       {".json", "application/json"},
       {".md", "text/markdown; charset=utf-8"},
       }
  };
  for (const auto& [ending, type] : kTypes)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

const EmbeddedFile* find_page(std::string_view path) {
  const std::string name = "page" + std::string(path == "/"        ? "/index.html"
                                                : path == "/learn" ? "/learn.html"
                                                                   : path);
  return find_embedded(name);
}

// "room=abc&x=y" -> "abc". Room ids need no decoding.
std::string_view room_in(std::string_view query) {
  constexpr std::string_view kKey = "room=";
  while (!query.empty() && !query.starts_with(kKey)) {
    const std::size_t next = query.find('&');
    query = next == std::string_view::npos ? std::string_view{} : query.substr(next + 1);
  }
  if (query.empty()) return {};
  query.remove_prefix(kKey.size());
  return query.substr(0, std::min(query.find('&'), Rooms::kMaxRoomId));
}

// What a DTLS handshake has led to: "DTLS 1.3 as client, TLS_AES_128_GCM_SHA256, x25519, ...".
std::string secured_text(const peer::Secured& secured) {
  const dtls::Connected& agreed = secured.agreed;
  const auto profile = agreed.srtp_profile
                           ? explain::srtp_profile_name(std::to_underlying(*agreed.srtp_profile))
                           : std::string_view("no SRTP");
  return fmt::format("{} as {}, {}, {}, {}", explain::dtls_version_name(agreed.version),
                     secured.role == dtls::Role::kClient ? "client" : "server",
                     explain::cipher_suite_name(agreed.cipher_suite),
                     explain::group_name(agreed.group), profile);
}

// As browsers do, the glass peer agrees on keys for SRTP in each handshake; it has no use for them.
constexpr std::array<dtls::SrtpProfile, 4> kSrtpProfiles{
    dtls::SrtpProfile::kAeadAes128Gcm, dtls::SrtpProfile::kAeadAes256Gcm,
    dtls::SrtpProfile::kAes128CmHmacSha1Tag80, dtls::SrtpProfile::kAes128CmHmacSha1Tag32};

// Only what the command line allows.
void agree_on_less(peer::Config& config, const LabOptions& options) {
  std::erase_if(config.dtls_groups, [&](crypto::Group group) {
    return !options.dtls_group.empty() &&
           explain::group_name(std::to_underlying(group)) != options.dtls_group;
  });
  for (const dtls::SrtpProfile profile : kSrtpProfiles) {
    const auto name = explain::srtp_profile_name(std::to_underlying(profile));
    if (options.srtp_profile.empty() || options.srtp_profile == name)
      config.srtp_profiles.push_back(profile);
  }
}

}  // namespace

// A companion that was invited: its room, its lane in the trace, its place among the members.
class Lab::Guest final : public CompanionOwner {
 public:
  Guest(Lab& lab, MemberId member, peer::PeerId peer, std::uint16_t node, CompanionConfig config)
      : lab_(lab),
        member_(member),
        peer_(peer),
        node_(node),
        room_(config.room),
        companion_(std::move(config), *lab.endpoint_.find(peer), lab.folder_, *this) {}

  [[nodiscard]] Companion& companion() { return companion_; }
  [[nodiscard]] peer::PeerId peer() const { return peer_; }
  [[nodiscard]] std::uint16_t node() const { return node_; }
  [[nodiscard]] const std::string& room() const { return room_; }
  bool retired = false;

  void say(std::string text) override {
    lab_.rooms_.receive(member_, text);
    lab_.schedule_pump();
  }
  void on_problem(std::string_view stage, std::string_view text) override {
    lab_.feed_.tell(node_, "state", Layer::kPeer,
                    "failed at " + std::string(stage) + ": " + std::string(text));
    lab_.log(fmt::format("room {}: {}: {}", room_, stage, text));
  }
  void on_described(bool sent, sdp::Type type, std::size_t bytes) override {
    lab_.feed_.tell(
        node_, "sdp", Layer::kSdp,
        fmt::format("{} {} {}, {} bytes", type == sdp::Type::kOffer ? "offer" : "answer",
                    sent ? "sent to" : "received from", "the page", bytes));
  }
  void on_candidate(bool sent, std::string_view line) override {
    lab_.feed_.tell(node_, "candidate", Layer::kIce,
                    line.empty() ? std::string("the page has no more candidates")
                                 : fmt::format("{}: {}", sent ? "found" : "received", line));
  }
  void on_state(peer::State from, peer::State to) override {
    lab_.feed_.tell(node_, "state", Layer::kPeer,
                    fmt::format("peer: {} -> {}", peer::to_text(from), peer::to_text(to)));
    lab_.log(fmt::format("room {}: {}", room_, peer::to_text(to)));
  }
  void on_path(const Path& path) override {
    const std::string text =
        fmt::format("selected {} -> {} over {}", glass::to_text(path.local),
                    glass::to_text(path.remote), glass::to_text(path.transport));
    lab_.feed_.tell(node_, "state", Layer::kIce, text);
    lab_.log(fmt::format("room {}: {}", room_, text));
  }
  void on_secured(const peer::Secured& secured) override {
    const std::string text = secured_text(secured);
    lab_.feed_.tell(node_, "state", Layer::kDtls, text);
    lab_.log(fmt::format("room {}: {}", room_, text));
  }
  void on_channel(std::string_view label, bool opened) override {
    lab_.feed_.tell(node_, "channel", Layer::kChannel,
                    fmt::format("\"{}\" is {}", safe_text(label), opened ? "open" : "closed"));
  }
  void on_chat(std::string_view text) override {
    lab_.feed_.tell(node_, "channel", Layer::kChannel,
                    fmt::format("\"chat\" brought {} bytes of text", text.size()));
  }
  void on_transfer(const Transfer::Event& event) override {
    if (const auto* offered = std::get_if<Transfer::Offered>(&event)) {
      companion_.transfer().accept(offered->id);
    } else if (const auto* ended = std::get_if<Transfer::Ended>(&event)) {
      on_ended(*ended);
    } else if (const auto* requested = std::get_if<Transfer::Requested>(&event)) {
      on_requested(*requested);
    }
  }

 private:
  void on_ended(const Transfer::Ended& ended) {
    const bool in = ended.key.way == Way::kIn;
    if (in && ended.outcome == Outcome::kDone) lab_.received_.insert(ended.name);
    std::string text = fmt::format("{} \"{}\", {}: {}", in ? "received" : "sent", ended.name,
                                   bytes_text(ended.size), to_text(ended.outcome));
    if (!ended.sha256.empty()) text += ", SHA-256 " + ended.sha256;
    if (!ended.reason.empty()) text += " (" + ended.reason + ")";
    lab_.feed_.tell(node_, "channel", Layer::kChannel, text);
    lab_.log(fmt::format("room {}: {}", room_, text));
  }
  // A sample of the asked size, or a file that came earlier.
  void on_requested(const Transfer::Requested& requested) {
    Transfer& transfer = companion_.transfer();
    if (lab_.received_.contains(requested.name)) {
      auto source = lab_.folder_.open(requested.name);
      if (!source) return transfer.decline(source.error().text);
      if (!transfer.offer(std::move(*source))) transfer.decline("too many files at once");
      return;
    }
    if (!requested.name.starts_with("sample"))
      return transfer.decline("ask for a sample, or for a file that came in this session");
    if (requested.size > kMaxSample)
      return transfer.decline("a sample has at most " + bytes_text(kMaxSample));
    const std::string name =
        requested.name.find('.') == std::string::npos ? requested.name + ".bin" : requested.name;
    if (!transfer.offer(make_sample(name, requested.size, lab_.options_.seed)))
      transfer.decline("too many files at once");
  }

  Lab& lab_;
  MemberId member_;
  peer::PeerId peer_;
  std::uint16_t node_;
  std::string room_;
  Companion companion_;
};

// --- Opening ----------------------------------------------------------------------------------

Lab::Lab(const LabOptions& options)
    : options_(options),
      notes_(embedded_notes()),
      feed_(notes_,
            [this](std::string_view room, const std::string& line) {
              for (const auto& [socket, r] : tracing_)
                if (r == room) web_->send(socket, line);
            }),
      loop_(&feed_),
      identity_(crypto::Identity::make("glass lab", loop_.wall_seconds())),
      folder_(options.downloads),
      endpoint_(Trace(&feed_, 0, Layer::kPeer)),
      stun_server_({.software = "glass", .add_fingerprint = true}, Trace()) {}

Lab::~Lab() {
  web_.reset();  // no more requests; then the rest may go in any order
  turn_.reset();
  streams_.reset();
}

Result<std::unique_ptr<Lab>, Failure> Lab::start(const LabOptions& options) {
  std::unique_ptr<Lab> lab(new Lab(options));
  if (auto opened = lab->open_web(); !opened) return std::unexpected(opened.error());
  if (auto opened = lab->open_sockets(); !opened) return std::unexpected(opened.error());
  return lab;
}

Result<void, Failure> Lab::open_web() {
  WebConfig config;
  const std::string host = options_.host.empty() ? "127.0.0.1" : options_.host;
  const auto resolved = net::resolve_now(host, options_.port);
  if (!resolved)
    return std::unexpected(Failure{kExitUnreachable, "listening", "resolve " + printable(host),
                                   resolved.error(), "give --host an address of this machine"});
  config.listen.push_back(resolved->front());
  if (options_.host.empty()) config.listen.push_back(*parse_ip("::1", options_.port));
  config.own_name = host;
  // Page, signaling and STUN stay where they listen. The glass peers offer the other addresses as
  // well where only this machine is served: browsers keep loopback out of their candidates, and
  // some will not pair it with what is left. Whoever comes by there without the credentials of a
  // session is not answered.
  hosts_ = config.listen;
  if (hosts_[0].is_unspecified()) hosts_ = net::usable_addresses();
  if (options_.host.empty())
    for (const Address& address : net::usable_addresses())
      if (!address.is_loopback()) hosts_.push_back(address);

  auto web = WebServer::start(
      config, [this](WebServer::Task task) { loop_.post(std::move(task)); }, *this);
  if (!web)
    return std::unexpected(Failure{
        kExitLocal, "listening", web.error(),
        web.error().find("in use") != std::string::npos
            ? "another program listens there, perhaps another glass lab"
            : "the system does not allow it",
        fmt::format("glass lab --port {}", options_.port < 65535 ? options_.port + 1 : 8080)});
  web_ = std::move(*web);
  return {};
}

Result<void, Failure> Lab::open_sockets() {
  std::string trouble;
  std::vector<net::UdpSocket*> pointers;
  for (const Address& host : hosts_) {
    auto socket = net::UdpSocket::open(host.with_port(0));
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
    return std::unexpected(Failure{kExitLocal, "opening UDP sockets", trouble,
                                   "the address does not belong to this machine",
                                   "glass lab --host with an address of this machine"});
  endpoint_node_ = loop_.add(endpoint_, pointers,
                             [this](peer::Endpoint::Event& event) { on_peer_event(event); });
  if (options_.tcp) TRY(open_tcp());
  return open_stun();
}

Result<void, Failure> Lab::open_tcp() {
  streams_.emplace(loop_, endpoint_node_, net::StreamLimits{},
                   [this](const net::Streams::Closed& closed) {
                     for (const auto& [member, guest] : guests_)
                       endpoint_.find(guest->peer())->on_unreachable(loop_.now(), closed.path);
                     loop_.poke(endpoint_node_);
                   });
  for (const net::UdpSocket& socket : sockets_) {
    const Address host = socket.local().with_port(0);
    const auto listening = streams_->listen(Transport::kTcp, host, net::Framing::kLengthPrefixed);
    if (!listening)
      return std::unexpected(Failure{kExitLocal, "opening TCP for ICE", to_text(host),
                                     listening.error().text, "leave out --tcp"});
    listeners_.push_back(*listening);
  }
  return {};
}

// STUN has the number of the page; where that is taken, any other. A TURN server answers by itself.
Result<void, Failure> Lab::open_stun() {
  rooms_.set_ice_servers(
      [this](std::string_view room, std::string_view id) { return ice_servers(room, id); });
  if (options_.turn) {
    TurnHostOptions turn = *options_.turn;
    turn.log = options_.log;
    turn.hosts.clear();
    for (const Address& host : hosts_)  // loopback alone, or what others reach
      if (options_.host.empty() == host.is_loopback() || host == hosts_.front())
        turn.hosts.push_back(host.with_port(0));
    turn_ = TRY(TurnHost::start(loop_, random_, turn));
    return {};
  }
  auto stun = net::UdpSocket::open(hosts_[0].with_port(web_->port()));
  if (!stun) stun = net::UdpSocket::open(hosts_[0].with_port(0));
  if (!stun)
    return std::unexpected(Failure{kExitLocal, "opening the STUN server", stun.error().text,
                                   "no UDP port is free", ""});
  stun_socket_ = std::move(*stun);
  loop_.add(stun_server_, *stun_socket_, [](const stun::BindingServer::Event&) {});
  return {};
}

std::vector<IceServer> Lab::ice_servers(std::string_view room, std::string_view id) const {
  if (turn_ == nullptr) return {{.urls = {"stun:" + stun()}}};
  return turn_->issue(fmt::format("{}.{}", room, id));
}

std::string Lab::url() const {
  const std::string host = options_.host.empty()        ? "localhost"
                           : hosts_[0].is_unspecified() ? "localhost"
                           : parse_ip(options_.host)    ? std::string()
                                                        : options_.host;
  if (!host.empty()) return fmt::format("http://{}:{}/", host, web_->port());
  return fmt::format("http://{}/", glass::to_text(hosts_[0].with_port(web_->port())));
}

std::string Lab::stun() const {
  return glass::to_text(turn_ ? turn_->udp() : stun_socket_->local());
}

void Lab::shut_down() {
  stop_signaling();
  for (const auto& [member, guest] : guests_) guest->companion().close(loop_.now());
  loop_.poke(endpoint_node_);
  loop_.after(kGoodbye, [this] { loop_.stop(); });
}

void Lab::log(std::string_view line) const {
  if (options_.log) options_.log(line);
}

// --- HTTP -------------------------------------------------------------------------------------

WebReply Lab::answer(const WebRequest& request) {
  const bool is_post = request.method == "POST";
  if (request.path == "/api/status" && !is_post) return status();
  if (request.path == "/api/run" && is_post) return simulate(request.query);
  if (request.path == "/api/pcapng" && !is_post) return capture(request.query);
  if (request.path == "/api/matrix" && !is_post) return told(experiments_.matrix(request.query));
  if (request.path == "/api/delivery" && !is_post)
    return told(Experiments::delivery(request.query));
  if (request.path == "/api/signaling/stop" || request.path == "/api/signaling/start") {
    if (!is_post) return {.status = 405, .body = "POST only\n"};
    request.path.ends_with("stop") ? stop_signaling() : void(signaling_stopped_ = false);
    log(signaling_stopped_ ? "signaling is stopped" : "signaling runs");
    return status();
  }
  if (is_post) return {.status = 405, .body = "GET only\n"};
  const EmbeddedFile* const file = find_page(request.path);
  if (file == nullptr) return {.status = 404, .body = "there is no such page\n"};
  return {.type = std::string(content_type(file->name)), .view = file->bytes};
}

// The simulation takes the place of OpenSSL's dice while it runs. Nothing else of this program can
// draw meanwhile: keys are made on this thread alone.
WebReply Lab::simulate(std::string_view query) const {
  const auto wanted = parse_run_request(query);
  if (!wanted) return {.status = 400, .body = wanted.error() + "\n"};
  return {.type = "application/x-ndjson", .body = annotated_run(*wanted, notes_)};
}

WebReply Lab::capture(std::string_view query) const {
  const auto wanted = parse_run_request(query);
  if (!wanted) return {.status = 400, .body = wanted.error() + "\n"};
  return {.type = "application/octet-stream", .body = captured_run(*wanted, notes_)};
}

WebReply Lab::told(Result<std::string, std::string> answer) {
  if (!answer) return {.status = 400, .body = answer.error() + "\n"};
  return {.type = "application/json", .body = std::move(*answer)};
}

WebReply Lab::status() const {
  Json received = Json::array();
  for (const std::string& name : received_) received.push_back(name);
  return {
      .type = "application/json",
      .body = write_json({{"version", GLASS_VERSION},
                          {"signaling", signaling_stopped_ ? "stopped" : "running"},
                          {"stun", stun()},
                          {"glass",
                           {{"peers", guests_.size()},
                            {"rooms", rooms_.room_count()},
                            {"received", std::move(received)}}}}
        )
  };
}

std::optional<WebReply> Lab::refuse(const WebRequest& request) {
  if (request.path == "/trace") return std::nullopt;
  if (request.path != "/signal")
    return WebReply{.status = 404, .body = "WebSockets are at /signal and /trace\n"};
  if (signaling_stopped_) return WebReply{.status = 503, .body = "signaling is stopped\n"};
  return std::nullopt;
}

// --- Signaling --------------------------------------------------------------------------------

void Lab::on_open(SocketId socket, const WebRequest& request) {
  if (request.path == "/signal") {
    signaling_.insert(socket);
    if (signaling_stopped_) web_->close(socket);  // stopped between the question and the answer
    return;
  }
  const std::string room(room_in(request.query));
  tracing_.emplace(socket, room);
  for (const std::string& line : feed_.story(room)) web_->send(socket, line);
}

void Lab::on_text(SocketId socket, const std::string& text) {
  if (!signaling_.contains(socket) || signaling_stopped_) return;
  rooms_.receive(MemberId{socket.value()}, text);
  pump_rooms();
}

void Lab::on_close(SocketId socket) {
  tracing_.erase(socket);
  if (signaling_.erase(socket) == 0) return;
  rooms_.disconnect(MemberId{socket.value()});
  pump_rooms();
}

void Lab::stop_signaling() {
  signaling_stopped_ = true;
  rooms_.stop();
  pump_rooms();
  for (const SocketId socket : signaling_) web_->close(socket);
}

// Later, so that nobody is told anything while speaking.
void Lab::schedule_pump() {
  if (std::exchange(pump_scheduled_, true)) return;
  loop_.post([this] {
    pump_scheduled_ = false;
    pump_rooms();
  });
}

void Lab::pump_rooms() {
  while (auto output = rooms_.poll()) {
    if (const auto* asked = std::get_if<Rooms::Invite>(&*output)) {
      invite(*asked);
      continue;
    }
    auto& said = std::get<Rooms::Say>(*output);
    if (said.to.value() < kFirstGuest) {
      web_->send(SocketId{said.to.value()}, std::move(said.text));
    } else if (const auto guest = guests_.find(said.to); guest != guests_.end()) {
      guest->second->companion().on_signal(loop_.now(), said.text);
      loop_.poke(endpoint_node_);
    }
  }
}

// --- Guests -----------------------------------------------------------------------------------

void Lab::invite(const Rooms::Invite& asked) {
  if (!options_.guests) {
    rooms_.complain(asked.from, "no-glass", "this server has no glass peer; invite somebody");
    return schedule_pump();
  }
  if (const Guest* const old = guest_in(asked.room); old != nullptr) {
    for (const auto& [member, guest] : guests_)
      if (guest.get() == old) retire(member);
  }
  peer::Config peer_config;
  peer_config.identity = &identity_;
  peer_config.node = next_node_;
  if (options_.dtls == "1.2") peer_config.dtls_max_version = dtls::Version::k12;
  peer_config.dtls_cookie = options_.dtls_cookie;
  agree_on_less(peer_config, options_);
  peer_config.allow_loopback = hosts_[0].is_loopback();
  const auto peer =
      guests_.size() < kMaxGuests ? endpoint_.add(peer_config, random_) : std::nullopt;
  if (!peer) {
    rooms_.complain(asked.from, "glass-busy", "too many sessions are open; close one of them");
    return schedule_pump();
  }
  const std::uint16_t node = next_node_++;
  if (next_node_ == 0) next_node_ = 1;
  const MemberId member{kFirstGuest + next_guest_++};
  feed_.add(node, asked.room);
  for (const net::UdpSocket& socket : sockets_)
    (void)endpoint_.find(*peer)->add_host(loop_.now(), socket.local());
  for (const Address& listener : listeners_)
    (void)endpoint_.find(*peer)->add_host(loop_.now(), listener, Transport::kTcp);
  CompanionConfig config;
  config.room = asked.room;
  config.other = rooms_.id_of(asked.from);
  config.makes_offer = asked.glass_offers;
  config.echoes_chat = true;
  config.transfer.max_size = kMaxFile;
  const auto guest =
      guests_.emplace(member, std::make_unique<Guest>(*this, member, *peer, node, config)).first;
  log(fmt::format("room {}: glass was invited and {}", asked.room,
                  asked.glass_offers ? "makes the offer" : "waits for the offer"));
  guest->second->companion().start(loop_.now());
  loop_.poke(endpoint_node_);
  loop_.after(kPatience, [this, member] {
    const auto found = guests_.find(member);
    if (found != guests_.end() && !found->second->companion().was_connected()) retire(member);
  });
}

void Lab::on_peer_event(peer::Endpoint::Event& event) {
  for (const auto& [member, guest] : guests_) {
    if (guest->peer() != event.peer) continue;
    guest->companion().on_event(loop_.now(), event.event);
    if (guest->companion().is_over()) loop_.post([this, m = member] { retire(m); });
    return;
  }
}

// The guest leaves; its peer may still say goodbye.
void Lab::retire(MemberId member) {
  const auto found = guests_.find(member);
  if (found == guests_.end() || std::exchange(found->second->retired, true)) return;
  found->second->companion().close(loop_.now());
  loop_.poke(endpoint_node_);
  loop_.after(kGoodbye, [this, member] {
    const auto guest = guests_.find(member);
    if (guest == guests_.end()) return;
    const peer::PeerId peer = guest->second->peer();
    rooms_.disconnect(member);
    feed_.remove(guest->second->node());
    guests_.erase(guest);
    endpoint_.remove(peer);
    pump_rooms();
  });
}

Lab::Guest* Lab::guest_in(std::string_view room) {
  for (const auto& [member, guest] : guests_)
    if (guest->room() == room && !guest->retired) return guest.get();
  return nullptr;
}

}  // namespace glass::demo
