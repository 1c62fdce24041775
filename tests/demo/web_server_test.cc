// tests/demo/web_server_test.cc - HTTP and WebSocket over loopback, with raw requests and WsClient.
#include "demo/server/web_server.h"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/address.h"
#include "demo/client/ws_client.h"
#include "net/loop.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 20s;  // never reached unless something is broken

// Sends `request` as it is and reads until the server closes or a reply is whole.
std::string raw(std::uint16_t port, const std::string& request) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string reply;
  if (connect(handle, static_cast<sockaddr*>(static_cast<void*>(&to)), sizeof to) == 0 &&
      ::send(handle, request.data(), request.size(), MSG_NOSIGNAL) >= 0) {
    std::array<char, 4096> piece{};
    for (ssize_t got = 0; (got = recv(handle, piece.data(), piece.size(), 0)) > 0;)
      reply.append(piece.data(), static_cast<std::size_t>(got));
  }
  close(handle);
  return reply;
}

// Answers "/" and echoes what its sockets say.
class EchoHandler final : public WebHandler {
 public:
  WebReply answer(const WebRequest& request) override {
    requests.push_back(request.method + " " + request.path + " " + request.query);
    if (request.path == "/") return {.type = "text/html", .body = "<p>hello"};
    return {.status = 404, .body = "nothing here\n"};
  }
  std::optional<WebReply> refuse(const WebRequest& request) override {
    if (request.path == "/echo") return std::nullopt;
    return WebReply{.status = 503, .body = "stopped"};
  }
  void on_open(SocketId socket, const WebRequest& request) override {
    opened.push_back(socket);
    queries.push_back(request.query);
  }
  void on_text(SocketId socket, const std::string& text) override {
    if (text == "bye") return server->close(socket);
    server->send(socket, "echo " + text);
  }
  void on_close(SocketId socket) override { closed.push_back(socket); }

  WebServer* server = nullptr;
  std::vector<std::string> requests;
  std::vector<std::string> queries;
  std::vector<SocketId> opened;
  std::vector<SocketId> closed;
};

struct WebServerTest : testing::Test {
  net::Loop loop;
  EchoHandler handler;
  std::unique_ptr<WebServer> server;

  void start(const WebLimits& limits = {}) {
    auto started = WebServer::start(
        {.listen = {*parse_ip("127.0.0.1")}, .own_name = "", .limits = limits},
        [this](WebServer::Task task) { loop.post(std::move(task)); }, handler);
    ASSERT_TRUE(started.has_value()) << started.error();
    server = std::move(*started);
    handler.server = server.get();
  }
  // Runs the loop while another thread asks.
  std::string ask(const std::string& request) {
    std::string reply;
    bool done = false;
    std::thread asker([&] {
      reply = raw(server->port(), request);
      loop.post([&] { done = true; });
    });
    EXPECT_TRUE(loop.run_until([&] { return done; }, kLimit));
    asker.join();
    return reply;
  }
  std::string get(const std::string& path, const std::string& headers = "") {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n" + headers +
               "\r\n");
  }

  struct Client {
    std::vector<std::string> texts;
    bool open = false;
    std::optional<std::string> end;
    std::unique_ptr<WsClient> ws;
  };
  std::unique_ptr<Client> connect(const std::string& path) {
    auto client = std::make_unique<Client>();
    Client* const c = client.get();
    client->ws = std::make_unique<WsClient>(
        WebAddress{"127.0.0.1", server->port()}, path,
        [this](WsClient::Task task) { loop.post(std::move(task)); },
        WsClient::Handlers{.on_open = [c] { c->open = true; },
                           .on_text = [c](const std::string& t) { c->texts.push_back(t); },
                           .on_close = [c](const std::string& why) { c->end = why; }});
    return client;
  }
  template <class Done>
  bool until(Done done) {
    return loop.run_until(done, kLimit);
  }
};

TEST_F(WebServerTest, APageIsServedWithItsHeaders) {
  start();

  const std::string reply = get("/?x=1");

  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 OK\r\n")) << reply;
  EXPECT_TRUE(reply.ends_with("\r\n\r\n<p>hello"));
  EXPECT_EQ(handler.requests.at(0), "GET / x=1");
  for (const char* header :
       {"Content-Type: text/html\r\n", "Content-Length: 8\r\n",
        "X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n",
        "Referrer-Policy: no-referrer\r\n",
        "Content-Security-Policy: default-src 'self'; connect-src 'self' ws://localhost:1 "})
    EXPECT_NE(reply.find(header), std::string::npos) << header;
}

TEST_F(WebServerTest, HeadHasNoBodyAndOtherMethodsAreRefused) {
  start();

  const std::string head = ask("HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_NE(head.find("Content-Length: 8\r\n"), std::string::npos);
  EXPECT_TRUE(ask("DELETE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                  .starts_with("HTTP/1.1 405"));
}

TEST_F(WebServerTest, AForeignHostIsForbidden) {
  start();

  const std::string reply =
      ask("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");

  EXPECT_TRUE(reply.starts_with("HTTP/1.1 403")) << reply;
  EXPECT_EQ(reply.find("evil"), std::string::npos);
  EXPECT_TRUE(ask("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 403"));
  EXPECT_TRUE(handler.requests.empty());
}

TEST_F(WebServerTest, PostIsForOurOwnPage) {
  start();
  const auto post = [&](const std::string& origin) {
    return ask(
        "POST / HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 0\r\nConnection: close\r\n" +
        origin + "\r\n");
  };

  EXPECT_TRUE(post("").starts_with("HTTP/1.1 403"));
  EXPECT_TRUE(post("Origin: http://evil.example\r\n").starts_with("HTTP/1.1 403"));
  EXPECT_TRUE(post("Origin: null\r\n").starts_with("HTTP/1.1 403"));
  EXPECT_TRUE(handler.requests.empty());
  EXPECT_TRUE(post("Origin: http://localhost:1\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(WebServerTest, WhatIsTooLargeOrNonsenseHarmsNothing) {
  start();

  EXPECT_TRUE(get("/", "X: " + std::string(20'000, 'x') + "\r\n").starts_with("HTTP/1.1 413"));
  EXPECT_EQ(ask("\x16\x03\x01 what\r\n\r\n"), "");
  EXPECT_TRUE(get("/").starts_with("HTTP/1.1 200"));
}

TEST_F(WebServerTest, AConnectionServesManyRequests) {
  start();

  const std::string reply =
      ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
          "GET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

  EXPECT_NE(reply.find("<p>helloHTTP/1.1 404"), std::string::npos) << reply;
}

TEST_F(WebServerTest, AWebSocketEchoesAndClosesInOrder) {
  start();
  const auto client = connect("/echo?room=7");
  ASSERT_TRUE(until([&] { return client->open && !handler.opened.empty(); }));
  EXPECT_EQ(handler.queries.at(0), "room=7");

  for (int i = 0; i < 50; ++i) client->ws->send(std::to_string(i));
  client->ws->send("bye");
  ASSERT_TRUE(until([&] { return client->end.has_value() && !handler.closed.empty(); }));

  ASSERT_EQ(client->texts.size(), 50U);
  EXPECT_EQ(client->texts[49], "echo 49");
  EXPECT_EQ(*client->end, "");
  EXPECT_EQ(handler.closed, handler.opened);
}

TEST_F(WebServerTest, ARefusedWebSocketLearnsWhy) {
  start();
  const auto client = connect("/other");

  ASSERT_TRUE(until([&] { return client->end.has_value(); }));

  EXPECT_FALSE(client->open);
  EXPECT_NE(client->end->find("503 stopped"), std::string::npos) << *client->end;
}

TEST_F(WebServerTest, AWebSocketOfAnotherSiteIsForbidden) {
  start();

  const std::string reply =
      ask("GET /echo HTTP/1.1\r\nHost: localhost:1\r\nConnection: Upgrade, close\r\n"
          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: http://evil.example\r\n\r\n");

  EXPECT_TRUE(reply.starts_with("HTTP/1.1 403")) << reply;
  EXPECT_TRUE(handler.opened.empty());
}

TEST_F(WebServerTest, WhoTalksTooMuchOrTooLongIsClosed) {
  start({.message = 1000, .messages_per_second = 1, .burst = 5});
  const auto chatty = connect("/echo");
  const auto lengthy = connect("/echo");
  for (int i = 0; i < 10; ++i) chatty->ws->send("x");
  lengthy->ws->send(std::string(2000, 'x'));

  ASSERT_TRUE(until([&] { return handler.closed.size() == 2; }));

  EXPECT_LE(chatty->texts.size(), 5U);
  EXPECT_TRUE(lengthy->texts.empty());
}

TEST_F(WebServerTest, TheNumberOfWebSocketsIsBounded) {
  start({.sockets = 1});
  const auto first = connect("/echo");
  ASSERT_TRUE(until([&] { return first->open; }));

  const auto second = connect("/echo");

  ASSERT_TRUE(until([&] { return second->end.has_value(); }));
  EXPECT_NE(second->end->find("503"), std::string::npos);
}

TEST_F(WebServerTest, TheEndOfTheServerClosesItsSockets) {
  start();
  const auto client = connect("/echo");
  ASSERT_TRUE(until([&] { return client->open && !handler.opened.empty(); }));

  server->send(handler.opened[0], "last words");
  server.reset();

  ASSERT_TRUE(until([&] { return client->end.has_value(); }));
  EXPECT_EQ(client->texts, std::vector<std::string>{"last words"});
}

TEST_F(WebServerTest, APortInUseIsAnErrorWithItsName) {
  start();

  const auto second = WebServer::start(
      {.listen = {*parse_ip("127.0.0.1", server->port())}}, [](WebServer::Task) {}, handler);

  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("listen on 127.0.0.1:"), std::string::npos);
  EXPECT_NE(second.error().find("in use"), std::string::npos) << second.error();
}

TEST(WsClient, AServerThatIsNotThereIsNamed) {
  net::Loop loop;
  std::optional<std::string> end;
  const WsClient client(WebAddress{"127.0.0.1", 1}, "/signal",
                        [&](WsClient::Task task) { loop.post(std::move(task)); },
                        {.on_open = [] {},
                         .on_text = [](const std::string&) {},
                         .on_close = [&](const std::string& why) { end = why; }});

  ASSERT_TRUE(loop.run_until([&] { return end.has_value(); }, kLimit));

  EXPECT_NE(end->find("connect to 127.0.0.1:1"), std::string::npos) << *end;
}

TEST(ParseServer, TakesWhatPeoplePaste) {
  const auto server = [](std::string_view text) { return to_text(*parse_server(text)); };

  EXPECT_EQ(server("http://localhost:8080/"), "localhost:8080");
  EXPECT_EQ(server("http://10.0.0.1:81/r#secret"), "10.0.0.1:81");
  EXPECT_EQ(server("ws://lab.example"), "lab.example:8080");
  EXPECT_EQ(server("[::1]:9"), "[::1]:9");
  EXPECT_EQ(server("lab"), "lab:8080");
}

TEST(ParseServer, SaysWhatIsWrong) {
  for (const char* text :
       {"", "http://", "https://lab", "lab:0", "lab:x", "lab:70000", "a b", "\n"})
    EXPECT_FALSE(parse_server(text).has_value()) << text;
}

}  // namespace
}  // namespace glass::demo
