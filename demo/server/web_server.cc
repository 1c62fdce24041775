#include "demo/server/web_server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <thread>
#include <utility>

#include "base/text.h"
#include "demo/server/origin.h"

namespace glass::demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Error = beast::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMaxHeader = 16 * 1024;
constexpr std::size_t kMaxBody = 16 * 1024;
constexpr seconds kHttpPatience{30};       // for a request, and for the next one
constexpr seconds kHandshakePatience{10};  // of a WebSocket
constexpr milliseconds kGoodbye{300};      // for the last messages when the server ends

// How many messages a socket may still send now: a bucket that fills with time.
class Bucket {
 public:
  explicit Bucket(const WebLimits& limits) : limits_(limits), left_(limits.burst) {}

  bool take(Clock::time_point now) {
    const std::chrono::duration<double> passed = now - then_;
    then_ = now;
    left_ = std::min<double>(limits_.burst, left_ + passed.count() * limits_.messages_per_second);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  WebLimits limits_;
  double left_;
  Clock::time_point then_ = Clock::now();
};

template <class Text>
std::string to_string(const Text& text) {
  return {text.data(), text.size()};
}

WebRequest to_request(const http::request<http::string_body>& in) {
  const std::string target = to_string(in.target());
  const std::size_t question = target.find('?');
  return {.method = to_string(in.method_string()),
          .path = target.substr(0, question),
          .query = question == std::string::npos ? "" : target.substr(question + 1)};
}

using Response = http::response<http::span_body<const char>>;

// A response and what its body points to.
struct Answer {
  explicit Answer(WebReply r) : reply(std::move(r)) {}
  WebReply reply;
  Response response;
};

// What every answer says: nothing but our own files, in no foreign frame, never guess a type.
void add_headers(Response& response, std::string_view host) {
  const std::string sockets = " ws://" + std::string(host) + " wss://" + std::string(host);
  response.set("Content-Security-Policy",
               "default-src 'self'; connect-src 'self'" + sockets +
                   "; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
                   "form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Frame-Options", "DENY");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Opener-Policy", "same-origin");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set(http::field::cache_control, "no-cache");
}

std::shared_ptr<Answer> make_answer(WebReply reply, const http::request<http::string_body>& in,
                                    bool host_is_ours) {
  auto answer = std::make_shared<Answer>(std::move(reply));
  Response& response = answer->response;
  response.result(answer->reply.status);
  response.version(in.version());
  response.keep_alive(in.keep_alive());
  response.set(http::field::server, "glass");
  response.set(http::field::content_type, answer->reply.type);
  add_headers(response, host_is_ours ? to_string(in[http::field::host]) : "localhost");
  const std::string_view body = answer->reply.view.empty() ? std::string_view(answer->reply.body)
                                                           : as_text(answer->reply.view);
  response.body() = {body.data(), body.size()};
  response.prepare_payload();
  if (in.method() == http::verb::head) response.body() = {body.data(), 0};
  return answer;
}

asio::ip::address to_asio(const Address& address) {
  if (address.is_v4()) {
    asio::ip::address_v4::bytes_type bytes{};
    std::ranges::copy(address.ip_bytes(), bytes.begin());
    return asio::ip::address_v4(bytes);
  }
  return asio::ip::address_v6(address.ip);
}

}  // namespace

// Everything here lives on the thread of the server, but for what the comments say.
struct WebServer::Impl {
  class Http;
  class Socket;

  Impl(const WebConfig& c, Post p, WebHandler& h)
      : config(c), post(std::move(p)), handler(h), goodbye(io) {}

  Result<void, std::string> listen();
  void accept(tcp::acceptor& acceptor);
  // Runs `ask(handler)` on the handler's thread, unless the server is gone by then.
  template <class Ask>
  void ask(Ask question) {
    post([still = alive, this, question = std::move(question)]() mutable {
      if (*still) question(handler);
    });
  }
  template <class Task>
  void run_here(Task task) {
    asio::post(io, std::move(task));
  }
  // The handler's word about the request `id`; on its thread.
  template <class Do>
  void answer(std::uint64_t id, Do what) {
    run_here([this, id, what = std::move(what)]() mutable {
      auto found = waiting.extract(id);
      if (!found.empty()) what(*found.mapped());
    });
  }
  void say_goodbye();

  WebConfig config;
  Post post;
  WebHandler& handler;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // read and cleared by the handler's
  std::uint16_t port = 0;
  asio::io_context io{1};
  asio::steady_timer goodbye;
  std::deque<tcp::acceptor> acceptors;
  std::map<SocketId, Socket*> sockets;
  std::map<std::uint64_t, std::shared_ptr<Http>> waiting;  // for the handler's word
  std::uint64_t next_request = 1;
  std::size_t connections = 0;
  std::size_t open_sockets = 0;
  std::uint64_t next_socket = 1;
  std::thread thread;
};

// --- A WebSocket ------------------------------------------------------------------------------

class WebServer::Impl::Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(Impl& server, beast::tcp_stream stream, SocketId id)
      : server_(server), stream_(std::move(stream)), id_(id), bucket_(server.config.limits) {
    ++server_.open_sockets;
    ++server_.connections;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    --server_.open_sockets;
    --server_.connections;
  }

  void start(const http::request<http::string_body>& in) {
    websocket::stream_base::timeout patience{};
    patience.handshake_timeout = kHandshakePatience;
    patience.idle_timeout = seconds(server_.config.limits.idle_seconds);
    patience.keep_alive_pings = true;
    stream_.set_option(patience);
    stream_.read_message_max(server_.config.limits.message);
    stream_.async_accept(in, [self = shared_from_this(), request = to_request(in)](Error error) {
      if (!error) self->on_open(request);
    });
  }
  void send(std::string text) {
    if (closing_) return;
    unsent_ += text.size();
    queue_.push_back(std::move(text));
    if (unsent_ > server_.config.limits.unsent) return drop();
    if (!writing_) write();
  }
  void close() {
    closing_ = true;
    if (!writing_) finish();
  }

 private:
  void on_open(const WebRequest& request) {
    server_.sockets.emplace(id_, this);
    server_.ask([id = id_, request](WebHandler& handler) { handler.on_open(id, request); });
    read();
  }
  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](Error error, std::size_t) {
      if (error) return self->gone();
      if (!self->stream_.got_text()) return self->reject(websocket::close_code::unknown_data);
      if (!self->bucket_.take(Clock::now()))
        return self->reject(websocket::close_code::policy_error);
      self->server_.ask([id = self->id_, text = beast::buffers_to_string(self->buffer_.data())](
                            WebHandler& handler) { handler.on_text(id, text); });
      self->buffer_.clear();
      self->read();
    });
  }
  void write() {
    writing_ = true;
    stream_.text(true);
    stream_.async_write(asio::buffer(queue_.front()),
                        [self = shared_from_this()](Error error, std::size_t) {
                          self->writing_ = false;
                          if (error) return;  // the read ends as well
                          self->unsent_ -= self->queue_.front().size();
                          self->queue_.pop_front();
                          if (!self->queue_.empty()) return self->write();
                          if (self->closing_) self->finish();
                        });
  }
  void reject(websocket::close_code code) {
    gone();
    closing_ = true;
    if (writing_) return drop();  // whose text stays until it is told so
    queue_.clear();
    stream_.async_close(code, [self = shared_from_this()](Error) {});
  }
  void finish() {
    stream_.async_close(websocket::close_code::going_away, [self = shared_from_this()](Error) {});
  }
  void drop() {
    closing_ = true;
    beast::get_lowest_layer(stream_).cancel();
  }
  void gone() {
    if (server_.sockets.erase(id_) == 0) return;
    server_.ask([id = id_](WebHandler& handler) { handler.on_close(id); });
  }

  Impl& server_;
  websocket::stream<beast::tcp_stream> stream_;
  SocketId id_;
  Bucket bucket_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  std::size_t unsent_ = 0;
  bool writing_ = false;
  bool closing_ = false;
};

// --- HTTP -------------------------------------------------------------------------------------

class WebServer::Impl::Http : public std::enable_shared_from_this<Http> {
 public:
  Http(Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {
    ++server_.connections;
  }
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;
  ~Http() { --server_.connections; }

  void read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeader);
    parser_->body_limit(kMaxBody);
    stream_.expires_after(kHttpPatience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](Error error, std::size_t) {
                       if (error == http::error::body_limit || error == http::error::header_limit)
                         return self->reply({.status = 413, .body = "too large\n"}, true);
                       if (!error) self->on_request();
                     });
  }

 private:
  void on_request() {
    const auto& in = parser_->get();
    const std::string host = to_string(in[http::field::host]);
    const auto origin = in[http::field::origin];
    if (!is_own_host(host, server_.config.own_name))
      return reply({.status = 403, .body = "this server does not bear the name in Host\n"}, true);
    const bool same_origin = is_same_origin(to_string(origin), host);
    if (websocket::is_upgrade(in)) {
      // A browser always says where a WebSocket comes from; what says nothing is no browser.
      if (!origin.empty() && !same_origin)
        return reply({.status = 403, .body = "WebSockets are for this server's own page\n"});
      return on_upgrade();
    }
    if (in.method() == http::verb::post && !same_origin)
      return reply({.status = 403, .body = "POST is for this server's own page (Origin)\n"});
    if (in.method() != http::verb::get && in.method() != http::verb::head &&
        in.method() != http::verb::post)
      return reply({.status = 405, .body = "GET, HEAD and POST are known\n"});
    const std::uint64_t id = wait();
    server_.ask([&server = server_, id, request = to_request(in)](WebHandler& handler) {
      server.answer(id, [reply = handler.answer(request)](Http& http) mutable {
        http.reply(std::move(reply));
      });
    });
  }

  void on_upgrade() {
    if (server_.open_sockets >= server_.config.limits.sockets)
      return reply({.status = 503, .body = "too many WebSockets are open\n"});
    const std::uint64_t id = wait();
    server_.ask([&server = server_, id, request = to_request(parser_->get())](WebHandler& handler) {
      server.answer(id, [refusal = handler.refuse(request)](Http& http) mutable {
        if (refusal) return http.reply(std::move(*refusal));
        http.upgrade();
      });
    });
  }

  // Until the handler's word comes back. Its thread gets a number, never a part of this thread.
  std::uint64_t wait() {
    server_.waiting.emplace(server_.next_request, shared_from_this());
    return server_.next_request++;
  }

  void upgrade() {
    stream_.expires_never();  // a WebSocket has timeouts of its own
    std::make_shared<Socket>(server_, std::move(stream_), SocketId{server_.next_socket++})
        ->start(parser_->get());
  }

  void reply(WebReply what, bool closes = false) {
    const auto& in = parser_->get();
    const auto answer =
        make_answer(std::move(what), in,
                    is_own_host(to_string(in[http::field::host]), server_.config.own_name));
    if (closes) answer->response.keep_alive(false);
    stream_.expires_after(kHttpPatience);
    http::async_write(stream_, answer->response,
                      [self = shared_from_this(), answer](Error error, std::size_t) {
                        if (error) return;
                        if (answer->response.keep_alive()) return self->read();
                        Error ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  Impl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
};

// --- The server -------------------------------------------------------------------------------

Result<void, std::string> WebServer::Impl::listen() {
  for (const Address& address : config.listen) {
    const bool first = acceptors.empty();
    const tcp::endpoint endpoint(to_asio(address), first ? address.port : port);
    tcp::acceptor acceptor(io);
    Error error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error && !first) continue;  // a machine without IPv6, say
    if (error) return std::unexpected("listen on " + to_text(address) + ": " + error.message());
    if (first) port = acceptor.local_endpoint().port();
    acceptors.push_back(std::move(acceptor));
  }
  if (acceptors.empty()) return std::unexpected("no address to listen on");
  return {};
}

void WebServer::Impl::accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([this, &acceptor](Error error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error && connections < config.limits.connections) {
      socket.set_option(tcp::no_delay(true), error);
      std::make_shared<Http>(*this, std::move(socket))->read();
    }
    if (!error || error != asio::error::no_descriptors) return accept(acceptor);
    // No file descriptor is left: a moment's rest, lest we turn in circles.
    const auto rest = std::make_shared<asio::steady_timer>(io, milliseconds(100));
    rest->async_wait([this, &acceptor, rest](Error) { accept(acceptor); });
  });
}

void WebServer::Impl::say_goodbye() {
  for (tcp::acceptor& acceptor : acceptors) acceptor.close();
  for (const auto& [id, socket] : sockets) socket->close();
  goodbye.expires_after(sockets.empty() ? milliseconds(0) : kGoodbye);
  goodbye.async_wait([this](Error) { io.stop(); });
}

Result<std::unique_ptr<WebServer>, std::string> WebServer::start(const WebConfig& config, Post post,
                                                                 WebHandler& handler) {
  auto impl = std::make_unique<Impl>(config, std::move(post), handler);
  if (auto listening = impl->listen(); !listening) return std::unexpected(listening.error());
  for (tcp::acceptor& acceptor : impl->acceptors) impl->accept(acceptor);
  impl->thread = std::thread([&io = impl->io] { io.run(); });
  return std::unique_ptr<WebServer>(new WebServer(std::move(impl)));
}

WebServer::WebServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

WebServer::~WebServer() {
  *impl_->alive = false;
  impl_->run_here([impl = impl_.get()] { impl->say_goodbye(); });
  impl_->thread.join();
}

std::uint16_t WebServer::port() const { return impl_->port; }

void WebServer::send(SocketId socket, std::string text) {
  impl_->run_here([impl = impl_.get(), socket, text = std::move(text)]() mutable {
    const auto found = impl->sockets.find(socket);
    if (found != impl->sockets.end()) found->second->send(std::move(text));
  });
}

void WebServer::close(SocketId socket) {
  impl_->run_here([impl = impl_.get(), socket] {
    const auto found = impl->sockets.find(socket);
    if (found != impl->sockets.end()) found->second->close();
  });
}

}  // namespace glass::demo
