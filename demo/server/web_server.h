// demo/server/web_server.h - HTTP and WebSocket for a page and its signaling, behind a small face.
//
// Runs on a thread of its own; whatever has to be decided is posted to the thread of the WebHandler
// and its answer carried back. Knows no rooms and no pages. Limits sizes, numbers, rates and
// waiting; checks Host and Origin (origin.h). Boost.Beast stays inside web_server.cc. Tested by:
// tests/demo/web_server_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/strong.h"

namespace glass::demo {

using SocketId = Strong<struct SocketIdTag, std::uint64_t>;

struct WebRequest {
  std::string method;  // GET, HEAD, POST
  std::string path;    // "/signal"
  std::string query;   // "room=abc", not decoded
};

struct WebReply {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body{};
  Bytes view{};  // in place of a body: bytes that live as long as the program
};

// Called on the thread that `post` posts to.
class WebHandler {
 public:
  virtual ~WebHandler() = default;
  // A POST that comes here was sent by our own page.
  virtual WebReply answer(const WebRequest& request) = 0;
  // Why this WebSocket must not be opened; nullopt: it may.
  virtual std::optional<WebReply> refuse(const WebRequest& request) = 0;
  virtual void on_open(SocketId socket, const WebRequest& request) = 0;
  virtual void on_text(SocketId socket, const std::string& text) = 0;
  virtual void on_close(SocketId socket) = 0;
};

struct WebLimits {
  std::size_t connections = 256;
  std::size_t sockets = 128;  // of them WebSockets
  std::size_t message = 256 * 1024;
  std::size_t unsent = 8 * 1024 * 1024;  // waiting for one WebSocket; then it is closed
  std::uint32_t messages_per_second = 100;
  std::uint32_t burst = 500;
  std::uint32_t idle_seconds = 30;  // then a ping; as long again without an answer: closed
};

struct WebConfig {
  std::vector<Address> listen;  // the first must work; all get the port of the first
  std::string own_name{};       // a host name that leads here, beside localhost and addresses
  WebLimits limits{};
};

class WebServer {
 public:
  using Task = std::move_only_function<void()>;
  using Post = std::function<void(Task)>;

  // The error: "listen on 127.0.0.1:80: Permission denied".
  static Result<std::unique_ptr<WebServer>, std::string> start(const WebConfig& config, Post post,
                                                               WebHandler& handler);
  // Closes all sockets; the handler is not called again. On the handler's thread.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  // To a socket that is gone: nothing happens.
  void send(SocketId socket, std::string text);
  // After all that was sent.
  void close(SocketId socket);

 private:
  struct Impl;
  explicit WebServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace glass::demo
