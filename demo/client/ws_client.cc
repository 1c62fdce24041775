#include "demo/client/ws_client.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <deque>
#include <thread>
#include <utility>

#include "base/text.h"

namespace glass::demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Error = beast::error_code;

constexpr std::chrono::seconds kPatience{10};  // for each step of connecting
constexpr std::chrono::seconds kIdle{30};      // then a ping
constexpr std::chrono::milliseconds kGoodbye{300};
constexpr std::size_t kMaxMessage = 256 * 1024;

}  // namespace

Result<WebAddress, std::string> parse_server(std::string_view text) {
  for (const std::string_view scheme : {"https://", "wss://"})
    if (text.starts_with(scheme))
      return std::unexpected("TLS is not spoken here: use http:// and the plain port");
  for (const std::string_view scheme : {"http://", "ws://"})
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  text = text.substr(0, text.find_first_of("/?#"));
  WebAddress address;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const auto port = parse_decimal(text.substr(colon + 1), 65535);
    if (!port || *port == 0)
      return std::unexpected("\"" + printable(text) + "\" has no port from 1 to 65535");
    address.port = static_cast<std::uint16_t>(*port);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const bool plain = std::ranges::all_of(host, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (host.empty() || !plain) return std::unexpected("\"" + printable(text) + "\" names no server");
  address.host = std::string(host);
  return address;
}

std::string to_text(const WebAddress& address) {
  const bool literal = address.host.find(':') != std::string::npos;
  return (literal ? "[" + address.host + "]" : address.host) + ":" + decimal(address.port);
}

// All but the comments' exceptions lives on the thread of the client.
struct WsClient::Impl {
  Impl(const WebAddress& s, std::string p, Post po, Handlers h)
      : server(s), path(std::move(p)), post(std::move(po)), handlers(std::move(h)) {}

  void resolve() {
    resolver.async_resolve(server.host, decimal(server.port),
                           [this](Error error, const tcp::resolver::results_type& found) {
                             if (error) return end("find " + server.host, error);
                             connect(found);
                           });
  }
  void connect(const tcp::resolver::results_type& found) {
    auto& tcp_stream = beast::get_lowest_layer(stream);
    tcp_stream.expires_after(kPatience);
    tcp_stream.async_connect(found, [this](Error error, const tcp::endpoint&) {
      if (error) return end("connect to " + to_text(server), error);
      shake_hands();
    });
  }
  void shake_hands() {
    auto& tcp_stream = beast::get_lowest_layer(stream);
    tcp_stream.expires_never();
    Error ignored;
    tcp_stream.socket().set_option(tcp::no_delay(true), ignored);
    websocket::stream_base::timeout patience{};
    patience.handshake_timeout = kPatience;
    patience.idle_timeout = kIdle;
    patience.keep_alive_pings = true;
    stream.set_option(patience);
    stream.read_message_max(kMaxMessage);
    stream.async_handshake(response, to_text(server), path, [this](Error error) {
      if (error == websocket::error::upgrade_declined)
        return end_with("the server declined: " + std::to_string(response.result_int()) + " " +
                        printable(std::string_view(response.body()).substr(0, 200)));
      if (error) return end("speak WebSocket with " + to_text(server), error);
      is_open = true;
      tell([this] { handlers.on_open(); });
      read();
      if (!queue.empty()) write();
    });
  }
  void read() {
    stream.async_read(buffer, [this](Error error, std::size_t) {
      if (error == websocket::error::closed) return end_with("");
      if (error) return end("read from " + to_text(server), error);
      tell([this, text = beast::buffers_to_string(buffer.data())] { handlers.on_text(text); });
      buffer.clear();
      read();
    });
  }
  void send(std::string text) {
    queue.push_back(std::move(text));
    if (is_open && queue.size() == 1) write();
  }
  void write() {
    stream.text(true);
    stream.async_write(asio::buffer(queue.front()), [this](Error error, std::size_t) {
      if (error) return;  // the read ends as well
      queue.pop_front();
      if (!queue.empty()) return write();
      if (closing) close();
    });
  }
  void close() {
    closing = true;
    if (!is_open) return io.stop();
    if (!queue.empty()) return;  // write() comes back here
    stream.async_close(websocket::close_code::normal, [this](Error) { io.stop(); });
  }
  void end(const std::string& what, Error error) { end_with(what + ": " + error.message()); }
  void end_with(std::string why) {
    if (std::exchange(ended, true)) return;
    is_open = false;
    tell([this, why = std::move(why)] { handlers.on_close(why); });
  }
  template <class Call>
  void tell(Call call) {
    post([alive = alive, call = std::move(call)]() mutable {
      if (*alive) call();
    });
  }

  WebAddress server;
  std::string path;
  Post post;
  Handlers handlers;                                           // of the caller's thread
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // of the caller's thread
  asio::io_context io{1};
  tcp::resolver resolver{io};
  websocket::stream<beast::tcp_stream> stream{io};
  websocket::response_type response;
  beast::flat_buffer buffer;
  std::deque<std::string> queue;
  bool is_open = false;
  bool closing = false;
  bool ended = false;
  std::thread thread;
};

WsClient::WsClient(const WebAddress& server, std::string path, Post post, Handlers handlers)
    : impl_(std::make_unique<Impl>(server, std::move(path), std::move(post), std::move(handlers))) {
  impl_->resolve();
  impl_->thread = std::thread([&io = impl_->io] { io.run(); });
}

WsClient::~WsClient() {
  *impl_->alive = false;
  asio::post(impl_->io, [impl = impl_.get()] {
    impl->close();
    const auto patience = std::make_shared<asio::steady_timer>(impl->io, kGoodbye);
    patience->async_wait([impl, patience](Error) { impl->io.stop(); });
  });
  impl_->thread.join();
}

void WsClient::send(std::string text) {
  asio::post(impl_->io, [impl = impl_.get(), text = std::move(text)]() mutable {
    impl->send(std::move(text));
  });
}

}  // namespace glass::demo
