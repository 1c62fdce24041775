// demo/client/ws_client.h - a WebSocket to a signaling server, on a thread of its own.
//
// Everything it learns is posted to the caller's thread. Boost.Beast stays inside ws_client.cc.
// Tested by: tests/demo/web_server_test.cc
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glass::demo {

struct WebAddress {
  std::string host = "localhost";
  std::uint16_t port = 8080;
};

// "http://host:port/...", "ws://host", "host:port", "[::1]:8080", "host". The error says what is
// wrong, for people.
Result<WebAddress, std::string> parse_server(std::string_view text);
// "host:port", with brackets where the host is an IPv6 literal.
std::string to_text(const WebAddress& address);

class WsClient {
 public:
  using Task = std::move_only_function<void()>;
  using Post = std::function<void(Task)>;
  struct Handlers {
    std::move_only_function<void()> on_open;
    std::move_only_function<void(const std::string& text)> on_text;
    // Once, at the end; `why` is empty after an orderly close.
    std::move_only_function<void(const std::string& why)> on_close;
  };

  // Begins to connect at once.
  WsClient(const WebAddress& server, std::string path, Post post, Handlers handlers);
  // The handlers are not called again.
  ~WsClient();
  WsClient(const WsClient&) = delete;
  WsClient& operator=(const WsClient&) = delete;

  void send(std::string text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glass::demo
